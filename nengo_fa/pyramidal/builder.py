"""How a simulator runs pyramidal neurons and their apical dendrites."""

import numpy as np
from nengo.builder import Builder, Signal
from nengo.builder.operator import Reset
from nengo.exceptions import BuildError

from nengo_fa.online.operators import NamedSignalsOperator, SignalByName
from nengo_fa.online.random_state import (
    LiveRandomState,
    keep_random_state,
    make_random_state_signal,
)
from nengo_fa.pyramidal.dendrites import ApicalDendrites
from nengo_fa.pyramidal.neurons import ApicalCompartment, Pyramidal, PyramidalRate


class SimPyramidal(NamedSignalsOperator):
    """Set the output and the state of pyramidal neurons.

    It is not derived from `nengo.builder.neurons.SimNeurons`, because some simulators
    replace such operators by their own neurons, which do not include pyramidal neurons.

    Parameters
    ----------
    neurons : ApicalCompartment
        The neuron type.
    J : Signal
        Read: the input current, (n_neurons,).
    apical_input : Signal
        Read: the input of the apical compartment, (n_neurons,).
    output : Signal
        Set, (n_neurons,).
    state : dict of str: Signal
        Set: the state variables of the neurons, (n_neurons,) each.
    seed : array_like, optional
        Seed of the random numbers that decide on bursts.
    random_state : Signal, optional
        Updated to the state of these random numbers. Needed for spiking neurons.
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    J, apical_input, output, random_state = (SignalByName() for _ in range(4))

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
        super().__init__(
            {"J": J, "apical_input": apical_input},
            {"output": output, **{f"state {name}": state[name] for name in state}},
            {"random_state": random_state},
            tag=tag,
        )
        self.neurons, self.seed = neurons, seed

    @property
    def _descstr(self):
        return f"{self.neurons}, {self.J}, {self.output}"

    def make_step(self, signals, dt, rng):
        arrays = {name: signals[signal] for name, signal in self.signals.items()}
        J, output = arrays["J"], arrays["output"]
        state = {
            name.removeprefix("state "): array
            for name, array in arrays.items()
            if name.startswith("state ")
        }
        state["apical_input"] = arrays["apical_input"]

        def step_simpyramidal():
            self.neurons.step(dt, J, output, **state)

        if self.random_state is None:
            return step_simpyramidal
        # separate random numbers, so that bursts do not depend on other random numbers
        state["rng"] = LiveRandomState(self.seed)
        return keep_random_state(
            step_simpyramidal, state["rng"], arrays["random_state"]
        )


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
            seed=[seed, 1],  # other random numbers than those of the initial state
            random_state=random_state,
        )
    )


@Builder.register(ApicalDendrites)
def build_apical_dendrites(model, apical):
    """Build `.ApicalDendrites` into a model; sets ``model.params[apical]`` to ``None``."""
    ensemble = apical.ensemble
    if model.toplevel is not None and ensemble not in model.toplevel.all_ensembles:
        raise BuildError(
            f"Building {apical}: {ensemble} is not part of the model. Give an ensemble in "
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
    """Return the signal of the apical input, whether neurons or dendrites are built first."""
    signals = model.sig[neurons]
    if "apical_input" not in signals:
        signals["apical_input"] = Signal(
            shape=(neurons.size_in,), name=f"{neurons}.apical_input"
        )
        model.add_op(Reset(signals["apical_input"]))
    return signals["apical_input"]
