"""The current that drives the soma, by which derivatives gate the error."""

import copy
import pickle

import nengo
import numpy as np
import pytest
from nengo.builder.signal import Signal, SignalDict

import nengo_fa
from nengo_fa.online.soma import SimSomaCurrent


class Current(nengo_fa.Derivative):
    """The current itself, so that a probe on the derivative shows what a rule sees."""

    def make_step(self, neuron_type, signal, out):
        return lambda: np.copyto(out, signal)


class OtherAdaptive(nengo.AdaptiveLIF):
    """Not registered, but adaptive all the same."""


class Rested(nengo.neurons.NeuronType):
    """A user's own neurons: two variables act on the soma, one of them a step later."""

    negative = False
    state = {"fatigue": nengo.dists.Choice([0.5]), "boost": nengo.dists.Choice([0])}

    def rates(self, x, gain, bias):
        return np.maximum(self.current(x, gain, bias), 0)

    def step(self, dt, J, output, fatigue, boost):
        boost += dt * J
        output[...] = np.maximum(J - 2 * fatigue + 3 * boost, 0)
        fatigue += dt * output


nengo_fa.register_response(
    Rested,
    nengo_fa.Response(
        threshold=0,
        derivative=lambda neuron_type, current: 1.0 * (current > 0),
        added_state={"boost": 3},
        added_state_before={"fatigue": -2},
    ),
)

ADAPTED = {"adaptation": nengo.dists.Choice([0.4])}
PLAIN = nengo.LIF(initial_state={"voltage": nengo.dists.Choice([0])})
AT_REST = {"voltage": nengo.dists.Choice([0])}
FAST = {"tau_n": 0.02, "inc_n": 0.05}

#: Neurons, the probe that shows what their soma does, and neurons that do the same at the
#: same current without any state that is added to it.
CASES = [
    (nengo.LIF(initial_state=AT_REST), "output", PLAIN),
    (nengo.AdaptiveLIF(initial_state=AT_REST, **FAST), "output", PLAIN),
    (nengo.AdaptiveLIF(initial_state={**AT_REST, **ADAPTED}), "output", PLAIN),
    (OtherAdaptive(initial_state=AT_REST, **FAST), "output", PLAIN),
    (nengo.AdaptiveLIFRate(**FAST), "output", nengo.LIFRate()),
    (nengo.AdaptiveLIFRate(initial_state=ADAPTED), "output", nengo.LIFRate()),
    (nengo.RegularSpiking(nengo.AdaptiveLIFRate(**FAST)), "rate_out", nengo.LIFRate()),
    (nengo.PoissonSpiking(nengo.AdaptiveLIFRate(**FAST)), "rate_out", nengo.LIFRate()),
    (
        nengo.StochasticSpiking(nengo.AdaptiveLIFRate(**FAST), amplitude=2),
        "rate_out",
        nengo.LIFRate(),
    ),
    (nengo_fa.Pyramidal(coupling=0.3, initial_state=AT_REST), "output", PLAIN),
    (nengo_fa.Pyramidal(coupling=0, initial_state=AT_REST), "output", PLAIN),
    (nengo_fa.PyramidalRate(coupling=0.3), "output", nengo.LIFRate()),
    (nengo.RectifiedLinear(), "output", nengo.RectifiedLinear()),
    (Rested(), "output", nengo.RectifiedLinear()),
]


def make_model(neuron_type, derivative, attribute="output", learning_rate=0):
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(nengo.processes.PresentInput([[1], [-1]], 0.05))
        model.hidden = nengo.Ensemble(
            12,
            1,
            neuron_type=neuron_type,
            gain=np.ones(12),
            bias=np.linspace(0.5, 3, 12),
            encoders=np.ones((12, 1)),
        )
        if isinstance(neuron_type, (nengo_fa.Pyramidal, nengo_fa.PyramidalRate)):
            feedback = nengo.Node(nengo.processes.PresentInput([[4], [-4]], 0.03))
            apical = nengo_fa.ApicalDendrites(model.hidden)
            nengo.Connection(feedback, apical, transform=np.ones((12, 1)))
        rule = nengo_fa.FeedbackAlignment(
            1, learning_rate, derivative=derivative, normalization=None
        )
        encode = nengo.Connection(stimulus, model.hidden, learning_rule_type=rule)
        nengo.Connection(nengo.Node([1.0]), encode.learning_rule)
        model.probes_of = {
            "current": nengo.Probe(model.hidden.neurons, "input"),
            "derivative": nengo.Probe(encode.learning_rule, "derivative"),
            "delta": nengo.Probe(encode.learning_rule, "delta"),
            "activity": nengo.Probe(model.hidden.neurons, attribute),
        }
    return model


def run(Simulator, model, n_steps=200, **kwargs):
    with Simulator(model, **kwargs) as sim:
        sim.run_steps(n_steps)
    return {name: sim.data[probe] for name, probe in model.probes_of.items()}


def respond(neuron_type, current, dt=0.001):
    """Return the output of neurons at currents of shape (n_steps, n_neurons)."""
    state = neuron_type.make_state(current.shape[1])
    outputs = np.zeros_like(current)
    for J, output in zip(current, outputs):
        neuron_type.step(dt, J, output, **state)
    return outputs


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("neuron_type, attribute, plain", CASES, ids=repr)
def test_rules_see_the_current_that_drives_the_soma(
    Simulator, neuron_type, attribute, plain, optimize
):
    """Plain neurons driven by this current have the same output in each step."""
    model = make_model(neuron_type, Current(), attribute)
    data = run(Simulator, model, optimize=optimize)
    expected = respond(plain, data["derivative"])
    np.testing.assert_allclose(data["activity"], expected, rtol=1e-9, atol=1e-9)
    assert data["activity"].any()
    # and would not do so at the input current, unless it is all there is
    same = np.array_equal(data["derivative"], data["current"])
    assert same == (
        type(neuron_type) is type(plain) or not getattr(neuron_type, "coupling", 1)
    )


@pytest.mark.parametrize("derivative", [nengo_fa.Step, nengo_fa.Rate])
@pytest.mark.parametrize("neuron_type, attribute, plain", CASES[1:], ids=repr)
def test_synapse_filters_the_current_that_drives_the_soma(
    Simulator, neuron_type, attribute, plain, derivative
):
    if isinstance(neuron_type, OtherAdaptive):
        neuron_type = nengo.AdaptiveLIF(**FAST)
    drive = run(Simulator, make_model(neuron_type, Current()))["derivative"]
    derivative = derivative(synapse=0.02)
    data = run(Simulator, make_model(neuron_type, derivative))
    filtered = derivative.synapse.filt(drive, dt=0.001, y0=0)
    expected = derivative(neuron_type, filtered)
    np.testing.assert_allclose(data["derivative"], expected, rtol=1e-9, atol=1e-9)


def test_step_from_output_is_left_alone(Simulator):
    neuron_type = nengo.AdaptiveLIF(**FAST)
    data = run(Simulator, make_model(neuron_type, nengo_fa.Step("output")))
    assert np.array_equal(data["derivative"], data["activity"] > 1)


STATEFUL = [
    nengo.AdaptiveLIF(**FAST),
    nengo_fa.PyramidalRate(coupling=0.3),
    nengo.RegularSpiking(nengo.AdaptiveLIFRate(**FAST)),
    Rested(),
]


@pytest.mark.parametrize("neuron_type", STATEFUL, ids=repr)
@pytest.mark.parametrize(
    "resume", [copy.deepcopy, lambda sim: pickle.loads(pickle.dumps(sim))]
)
def test_resumed_simulators_go_on_as_they_were(Simulator, neuron_type, resume):
    model = make_model(neuron_type, nengo_fa.Rate(synapse=0.01), learning_rate=1e-4)
    with Simulator(model) as sim:
        sim.run_steps(50)
        resumed = resume(sim)
        for _ in range(20):
            sim.step()
            resumed.step()
        for probe, other in zip(sim.model.probes, resumed.model.probes):
            assert np.array_equal(sim._sim_data[probe], resumed._sim_data[other])
        uninterrupted = {probe: sim.data[probe].copy() for probe in model.probes}
        sim.reset()
        sim.run_steps(70)
        for probe, values in uninterrupted.items():
            assert np.array_equal(sim.data[probe], values)
    resumed.close()


def test_operators_read_their_arrays_in_each_step():
    """As simulators ask that fill them after the steps have been made."""
    signals = {name: Signal(np.zeros(2), name=name) for name in "Janbs"}
    J, a, n, before, soma = signals.values()
    operator = SimSomaCurrent(J, [a, n], [before], [0.5, -1], soma)
    live = SignalDict()
    operator.init_signals(live)
    step = operator.make_step(live, 0.001, None)
    for name, value in zip("Janb", [[1, 2], [4, 6], [7, 8], [3, 5]]):
        live[signals[name]][...] = value
    step()
    assert live[soma].tolist() == [1 + 2 - 3, 2 + 3 - 5]
    assert live[before].tolist() == [7, 8]
    assert operator.current is J and operator.soma_current is soma
    assert operator.states == [a, n] and operator.previous == [before]


@pytest.mark.filterwarnings("ignore:.*nothing will be learned")
def test_one_current_for_all_rules_of_an_ensemble(Simulator):
    model = make_model(nengo.AdaptiveLIF(**FAST), nengo_fa.Rate())
    with model:
        other = nengo.Connection(
            nengo.Node([0.1]),
            model.hidden,
            learning_rule_type=nengo_fa.FeedbackAlignment(
                1, derivative=nengo_fa.Step()
            ),
        )
        nengo.Connection(nengo.Node([1.0]), other.learning_rule)
    with Simulator(model) as sim:
        kinds = [type(operator) for operator in sim.model.operators]
    assert kinds.count(SimSomaCurrent) == 1
