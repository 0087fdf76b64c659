"""How a simulator runs pyramidal neurons and their apical dendrites."""

import numpy as np
from nengo.builder import Builder, Signal
from nengo.builder.neurons import SimNeurons
from nengo.builder.operator import Reset
from nengo.exceptions import BuildError

from nengo_fa.online.random_state import (
    LiveRandomState,
    keep_random_state,
    make_random_state_signal,
)
from nengo_fa.pyramidal.dendrites import ApicalDendrites
from nengo_fa.pyramidal.neurons import ApicalCompartment, Pyramidal, PyramidalRate


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
    random_state : Signal, optional
        Updated to the state of these random numbers. Needed for spiking neurons.
    """

    apical_input = property(lambda self: self.reads[1])
    random_state = property(lambda self: self.updates[0] if self.updates else None)

    def __init__(
        self,
        neurons,
        J,
        apical_input,
        output,
        state,
        seed=None,
        random_state=None,
        tag=None,
    ):
        super().__init__(neurons, J, output, state=state, tag=tag)
        self.reads.append(apical_input)
        self.seed = seed
        if random_state is not None:
            self.updates.append(random_state)

    def make_step(self, signals, dt, rng):
        J, output = signals[self.J], signals[self.output]
        state = {name: signals[signal] for name, signal in self.state.items()}
        state["apical_input"] = signals[self.apical_input]

        def step_simpyramidal():
            self.neurons.step(dt, J, output, **state)

        if self.random_state is None:
            return step_simpyramidal
        # of their own, for the same bursts whatever else is random
        state["rng"] = LiveRandomState(self.seed)
        random_state = signals[self.random_state]
        return keep_random_state(step_simpyramidal, state["rng"], random_state)


@Builder.register(Pyramidal)
@Builder.register(PyramidalRate)
def build_pyramidal(model, neuron_type, neurons):
    """Build `.Pyramidal` or `.PyramidalRate` neurons into a model."""
    signals = model.sig[neurons]
    # as Nengo seeds the neurons of an ensemble
    seed = model.seeds[neurons.ensemble] + 1
    rng = np.random.RandomState(seed)
    dtype = signals["in"].dtype
    state = neuron_type.make_state(neurons.size_in, rng=rng, dtype=dtype)
    random_state = None
    if state.pop("rng", None) is not None:
        random_state = make_random_state_signal(f"{neurons}.random_state")
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
            random_state=random_state,
        )
    )


@Builder.register(ApicalDendrites)
def build_apical_dendrites(model, apical):
    """Build `.ApicalDendrites` into a model; sets ``model.params[apical]`` to ``None``."""
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
