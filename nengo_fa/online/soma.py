"""The current that drives the soma of neurons, as a signal of a simulator."""

import numpy as np
from nengo.builder import Operator, Signal

from nengo_fa.rules.responses import get_response


class SimSomaCurrent(Operator):
    r"""Calculate the current that drives the soma of neurons.

    It is :math:`J + \sum_k c_k v_k`, with the input current J, state variables
    :math:`v_k` of the neurons and their factors :math:`c_k`; see `.Response`.

    Parameters
    ----------
    current : Signal
        The input current J, (n_neurons,).
    states : list of Signal
        The state variables, (n_neurons,) each.
    previous : list of Signal
        Updated to the last of the state variables, which act with their value of the
        previous step.
    factors : list of float
        The factor of each state variable.
    soma_current : Signal
        Set to the current that drives the soma, (n_neurons,).
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    # by index, because Nengo's optimizer may replace signals in the lists
    current = property(lambda self: self.reads[0])
    states = property(lambda self: self.reads[1:])
    previous = property(lambda self: self.updates)
    soma_current = property(lambda self: self.sets[0])

    def __init__(self, current, states, previous, factors, soma_current, tag=None):
        super().__init__(tag=tag)
        self.factors = factors
        self.sets, self.incs = [soma_current], []
        self.reads, self.updates = [current, *states], previous

    def make_step(self, signals, dt, rng):
        current, out = signals[self.current], signals[self.soma_current]
        states = [signals[state] for state in self.states]
        previous = [signals[state] for state in self.previous]
        n_now = len(states) - len(previous)
        terms = list(zip(self.factors, states[:n_now] + previous))
        kept = list(zip(previous, states[n_now:]))
        added = np.empty_like(out)

        def step_simsomacurrent():
            np.copyto(out, current)
            for factor, state in terms:
                np.multiply(state, factor, out=added)
                np.add(out, added, out=out)
            for before, state in kept:
                np.copyto(before, state)

        return step_simsomacurrent


def build_soma_current(model, ensemble):
    """Build the current that drives the soma of the neurons of an ensemble, once.

    Returns
    -------
    soma_current : Signal
        Signal of shape (n_neurons,). It is the input current of the neurons if their state
        adds nothing to it.
    """
    signals, neuron_type = model.sig[ensemble.neurons], ensemble.neuron_type
    response = get_response(neuron_type)
    now = response.get_added_state(neuron_type)
    before = response.get_added_state(neuron_type, before=True)
    key = "soma current"  # no state variable can have a name with a space
    if key not in signals and (now or before):
        states = [signals[name] for name in (*now, *before)]
        previous = [
            Signal(signals[name].initial_value, name=f"{ensemble}.previous {name}")
            for name in before
        ]
        factors = [*now.values(), *before.values()]
        out = signals[key] = Signal(shape=states[0].shape, name=f"{ensemble}.{key}")
        model.add_op(SimSomaCurrent(signals["in"], states, previous, factors, out))
    return signals.get(key, signals["in"])
