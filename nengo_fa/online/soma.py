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
    factors : list of float
        The factor of each state variable.
    soma_current : Signal
        Set to the current that drives the soma, (n_neurons,).
    tag : str, optional
        A label associated with the operator, for debugging purposes.

    Notes
    -----
    1. sets ``[soma_current]``
    2. incs ``[]``
    3. reads ``[current, *states]``
    4. updates ``[]``
    """

    def __init__(self, current, states, factors, soma_current, tag=None):
        super().__init__(tag=tag)
        self.factors = factors
        self.sets, self.incs = [soma_current], []
        self.reads, self.updates = [current, *states], []

    @property
    def current(self):
        return self.reads[0]

    @property
    def states(self):
        return self.reads[1:]

    @property
    def soma_current(self):
        return self.sets[0]

    def make_step(self, signals, dt, rng):
        current, out = signals[self.current], signals[self.soma_current]
        states = [signals[state] for state in self.states]
        terms = list(zip(states, self.factors))
        added = np.empty_like(out)

        def step_simsomacurrent():
            np.copyto(out, current)
            for state, factor in terms:
                np.multiply(state, factor, out=added)
                np.add(out, added, out=out)

        return step_simsomacurrent


class SimPrevious(Operator):
    """Keep the value of a signal until the next time step.

    Parameters
    ----------
    signal : Signal
        What is kept.
    previous : Signal
        Where it is kept; an update, at the end of the step.
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    def __init__(self, signal, previous, tag=None):
        super().__init__(tag=tag)
        self.sets, self.incs = [], []
        self.reads, self.updates = [signal], [previous]

    @property
    def signal(self):
        return self.reads[0]

    @property
    def previous(self):
        return self.updates[0]

    def make_step(self, signals, dt, rng):
        signal, previous = signals[self.signal], signals[self.previous]
        return lambda: np.copyto(previous, signal)


def build_soma_current(model, ensemble):
    """Build the current that drives the soma of the neurons of an ensemble.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into; it has the ensemble.
    ensemble : nengo.Ensemble

    Returns
    -------
    soma_current : Signal
        Of shape (n_neurons,). The input current of the neurons itself, if their state
        adds nothing to it. Built once for each ensemble.
    """
    signals, neuron_type = model.sig[ensemble.neurons], ensemble.neuron_type
    response = get_response(neuron_type)
    now = response.get_added_state(neuron_type)
    before = response.get_added_state(neuron_type, before=True)
    key = "soma current"  # no state variable can have a name with a space
    if key not in signals and (now or before):
        states = [signals[name] for name in now]
        states += [_build_previous(model, signals[name]) for name in before]
        factors = [*now.values(), *before.values()]
        signals[key] = Signal(shape=signals["in"].shape, name=f"{ensemble}.{key}")
        model.add_op(SimSomaCurrent(signals["in"], states, factors, signals[key]))
    return signals.get(key, signals["in"])


def _build_previous(model, signal):
    """Build a signal that holds the value another had in the step before."""
    previous = Signal(signal.initial_value, name=f"{signal.name}.previous")
    model.add_op(SimPrevious(signal, previous))
    return previous
