"""How a simulator runs pyramidal neurons and their apical dendrites."""

import numpy as np
from nengo.builder import Builder, Signal
from nengo.builder.neurons import SimNeurons
from nengo.builder.operator import Reset
from nengo.exceptions import BuildError

from nengo_fa.pyramidal.dendrites import ApicalDendrites
from nengo_fa.pyramidal.neurons import ApicalCompartment, Pyramidal, PyramidalRate


class CountedRandomState(np.random.RandomState):
    """Uniform random numbers that go on from any count of those drawn before.

    A simulator keeps the count, in far less time than all the words of the generator.
    """

    def __init__(self, seed):
        super().__init__(seed)
        self.first_seed, self.count = seed, 0

    def random_sample(self, size=None):
        numbers = super().random_sample(size)
        self.count += np.size(numbers)
        return numbers

    def go_to(self, count):
        """Draw next what follows ``count`` numbers after the seed."""
        if count != self.count:
            self.seed(self.first_seed)
            for start in range(0, count, 10**6):
                super().random_sample(min(10**6, count - start))
            self.count = count


class SimPyramidal(SimNeurons):
    """Set the output and the state of pyramidal neurons.

    Parameters
    ----------
    neurons, J, output, state, tag
        As for `nengo.builder.neurons.SimNeurons`.
    apical_input : Signal
        What drives the apical compartment, (n_neurons,).
    seed : array_like, optional
        Of the random numbers that decide on bursts.
    n_drawn : Signal, optional
        Updated to how many of these have been drawn, (1,). Needed for spiking neurons.

    Notes
    -----
    1. sets ``[output] + state``
    2. incs ``[]``
    3. reads ``[J, apical_input]``
    4. updates ``[n_drawn]``
    """

    def __init__(
        self,
        neurons,
        J,
        apical_input,
        output,
        state,
        seed=None,
        n_drawn=None,
        tag=None,
    ):
        super().__init__(neurons, J, output, state=state, tag=tag)
        self.reads.append(apical_input)
        self.seed = seed
        if n_drawn is not None:
            self.updates.append(n_drawn)

    @property
    def apical_input(self):
        return self.reads[1]

    @property
    def n_drawn(self):
        return self.updates[0] if self.updates else None

    def make_step(self, signals, dt, rng):
        J, output = signals[self.J], signals[self.output]
        state = {name: signals[signal] for name, signal in self.state.items()}
        state["apical_input"] = signals[self.apical_input]

        def step_simpyramidal():
            self.neurons.step(dt, J, output, **state)

        if self.n_drawn is None:
            return step_simpyramidal
        # of their own, for the same bursts whatever else is random
        state["rng"] = bursts_rng = CountedRandomState(self.seed)
        n_drawn = signals[self.n_drawn]

        def step_simpyramidal_random():
            bursts_rng.go_to(int(n_drawn[0]))
            step_simpyramidal()
            n_drawn[0] = bursts_rng.count

        return step_simpyramidal_random


@Builder.register(Pyramidal)
@Builder.register(PyramidalRate)
def build_pyramidal(model, neuron_type, neurons):
    """Build `.Pyramidal` or `.PyramidalRate` neurons into a model.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    neuron_type : Pyramidal or PyramidalRate
        Neuron type to build.
    neurons : nengo.ensemble.Neurons
        The neurons of the ensemble.

    Notes
    -----
    Does not modify ``model.params[]``.
    """
    signals = model.sig[neurons]
    # as Nengo seeds the neurons of an ensemble
    seed = model.seeds[neurons.ensemble] + 1
    rng = np.random.RandomState(seed)
    dtype = signals["in"].dtype
    state = neuron_type.make_state(neurons.size_in, rng=rng, dtype=dtype)
    n_drawn = None
    if state.pop("rng", None) is not None:
        n_drawn = Signal(np.zeros(1, dtype=np.int64), name=f"{neurons}.n_drawn")
    for name, value in state.items():
        signals[name] = state[name] = Signal(value, name=f"{neurons}.{name}")

    model.add_op(
        SimPyramidal(
            neuron_type,
            signals["in"],
            _get_apical_input(model, neurons),
            signals["out"],
            state,
            seed=[seed, 1],  # of other numbers than the initial state
            n_drawn=n_drawn,
        )
    )


@Builder.register(ApicalDendrites)
def build_apical_dendrites(model, apical):
    """Build an `.ApicalDendrites` object into a model.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    apical : ApicalDendrites
        The node to build.

    Notes
    -----
    Sets ``model.params[apical]`` to ``None``.
    """
    ensemble = apical.ensemble
    if model.toplevel is not None and ensemble not in model.toplevel.all_ensembles:
        raise BuildError(
            f"Building {apical}: {ensemble} is not part of the model. Give an ensemble of "
            "this network."
        )
    if not isinstance(ensemble.neuron_type, ApicalCompartment):
        raise BuildError(
            f"Building {apical}: {ensemble} now has neuron type "
            f"{type(ensemble.neuron_type).__name__}, which has no apical dendrites. Set "
            "its neuron_type to nengo_fa.Pyramidal()."
        )
    model.sig[apical]["in"] = _get_apical_input(model, ensemble.neurons)
    model.sig[apical]["out"] = None
    model.params[apical] = None


def _get_apical_input(model, neurons):
    """The signal of the apical input; of neurons and dendrites, either may come first."""
    signals = model.sig[neurons]
    if "apical_input" not in signals:
        signals["apical_input"] = Signal(
            shape=(neurons.size_in,), name=f"{neurons}.apical_input"
        )
        model.add_op(Reset(signals["apical_input"]))
    return signals["apical_input"]
