import pickle

import nengo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from nengo.exceptions import ValidationError

import nengo_fa


class Half(nengo_fa.Derivative):
    """A user's own derivative."""

    def make_step(self, neuron_type, signal, out):
        return lambda: np.multiply(signal, 0.5, out=out)


#: What every test of the family runs with; a new derivative joins by a line.
DERIVATIVES = [
    nengo_fa.Rate(),
    nengo_fa.Rate(margin=1e-4),
    nengo_fa.Rate(margin=0.5, synapse=0.01),
    nengo_fa.Step(),
    nengo_fa.Step("output"),
    nengo_fa.Step("output", threshold=30, synapse=0.02),
    nengo_fa.Step(threshold=0.3),
    Half(),
    Half(synapse=nengo.Alpha(0.01)),
]
every_derivative = pytest.mark.parametrize("derivative", DERIVATIVES, ids=repr)
NEURONS = [
    nengo.LIF(amplitude=0.5),
    nengo.AdaptiveLIFRate(),
    nengo.RectifiedLinear(amplitude=2),
    nengo.PoissonSpiking(nengo.LIFRate(amplitude=2), amplitude=0.1),
    nengo_fa.Pyramidal(),
]


def rates(neuron_type, current):
    """The firing rates that Nengo gives, in units of the neuron's output."""
    output = neuron_type.rates(current.ravel(), gain=np.ones(1), bias=np.zeros(1))
    if isinstance(neuron_type, nengo.neurons.RatesToSpikesNeuronType):
        output = output * neuron_type.amplitude
    return output.reshape(current.shape)


@given(
    current=arrays(
        float, array_shapes(min_dims=1, max_dims=3), elements=st.floats(-1e3, 1e3)
    )
)
@every_derivative
def test_elementwise_in_any_shape(derivative, current):
    before = current.copy()
    value = derivative(nengo.LIF(), current)
    assert value.shape == current.shape and np.all(np.isfinite(value))
    assert np.array_equal(current, before)
    assert np.array_equal(value.ravel(), derivative(nengo.LIF(), current.ravel()))


@every_derivative
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("neuron_type", NEURONS, ids=repr)
def test_step_reads_its_arrays_each_time(derivative, neuron_type, dtype, rng):
    """The derivative keeps no values, because simulators may fill arrays later."""
    signal, out = np.full((2, 9), np.nan, dtype=dtype)
    step = derivative.make_step(neuron_type, signal, out)
    scale = 1 if derivative.signal == "current" else 100
    for values in scale * rng.uniform(-1, 3, size=(3, 9)):
        signal[...] = values
        step()
        expected = derivative(neuron_type, signal)
        np.testing.assert_allclose(
            out, expected, rtol=3e-3 if dtype == np.float32 else 0
        )
        assert np.array_equal(signal, values.astype(dtype))


@every_derivative
@pytest.mark.parametrize("neuron_type", NEURONS, ids=repr)
def test_together_with_rates_it_is_the_same(neuron_type, derivative, rng):
    current = rng.uniform(-2, 4, size=(30, 7))
    # but for J - 1 of a few bits, where f' is bounded whatever its digits
    current[0], current[1] = [0, 1, -1e9, 1e9, 1 + 1e-9, 1.01, 1.5], 1
    before = current.copy()
    signals = {"current": current, "output": rates(neuron_type, current)}
    expected = derivative(neuron_type, signals[derivative.signal])
    together = np.full((2, *current.shape), np.nan)
    step = derivative.make_step_with_rates(neuron_type, current, *together)
    for _ in range(2):
        step()
    np.testing.assert_allclose(together[0], signals["output"], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(together[1], expected, rtol=1e-6, atol=1e-12)
    if derivative.signal == "current":
        assert np.array_equal(together[1] == 0, expected == 0)
    assert np.array_equal(current, before)


@every_derivative
def test_frozen_and_equal_by_parameters(derivative):
    again = pickle.loads(pickle.dumps(derivative))
    assert again == derivative and hash(again) == hash(derivative)
    assert [other == derivative for other in DERIVATIVES].count(True) == 1
    with pytest.raises(ValidationError):
        derivative.synapse = 0.5


@every_derivative
def test_rules_gate_by_it(Simulator, derivative):
    """In a simulator, the probed derivative is that at the filtered signal."""
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(lambda t: np.sin(40 * t))
        ensemble = nengo.Ensemble(9, 1, neuron_type=nengo.LIF(amplitude=0.5))
        rule = nengo_fa.FeedbackAlignment(1, 0, derivative=derivative)
        encode = nengo.Connection(
            stimulus, ensemble, synapse=None, learning_rule_type=rule
        )
        nengo.Connection(nengo.Node([1.0]), encode.learning_rule)
        gate = nengo.Probe(encode.learning_rule, "derivative")
        probes = {
            "current": nengo.Probe(ensemble.neurons, "input"),
            "output": nengo.Probe(ensemble.neurons),
        }
    with Simulator(model) as sim:
        sim.run(0.2)
    signal = sim.data[probes[derivative.signal]]
    if derivative.synapse is not None:
        signal = derivative.synapse.filt(signal, y0=0)
    expected = derivative(ensemble.neuron_type, signal)
    np.testing.assert_allclose(sim.data[gate], expected, rtol=1e-6, atol=1e-9)
    assert np.ptp(expected) > 0


@pytest.mark.parametrize("margin", [1e-3, 0.01, 0.5])
def test_rate_of_lif_is_bounded_at_threshold(margin, allclose):
    neuron_type = nengo.LIF()
    near = 1 + np.array([1e-300, 1e-12, 0.1 * margin, 0.999 * margin])
    derivative = nengo_fa.Rate(margin=margin)
    bound = derivative(neuron_type, [1 + margin])
    assert allclose(derivative(neuron_type, near[1:]), bound)
    assert np.all(derivative(neuron_type, [1.0, near[0], 0.999, -5.0]) == 0)
    assert np.all(derivative(neuron_type, np.linspace(1, 20, 999)) <= bound)


def test_stated_bound_of_lif():
    """The figures in the docstring of Rate."""
    at_margin, at_two = nengo_fa.Rate()(nengo.LIF(), [1.01, 2])
    assert round(at_margin) == 223
    assert round(at_margin / at_two) == 6


@pytest.mark.parametrize(
    "neuron_type",
    [
        nengo.LIFRate(),
        nengo.LIFRate(tau_rc=0.05, tau_ref=0.004, amplitude=0.01),
        nengo.LIFRate(tau_ref=0),
        nengo.AdaptiveLIFRate(amplitude=2),
        nengo.RectifiedLinear(amplitude=0.5),
        nengo.Sigmoid(tau_ref=0.01),
        nengo.Tanh(tau_ref=0.01),
    ],
    ids=repr,
)
def test_rate_never_overflows(neuron_type):
    with np.errstate(all="raise", under="ignore"):
        extreme = nengo_fa.Rate()(neuron_type, [-1e6, -800, 0, 1, 800, 1e6])
    assert np.all(np.isfinite(extreme)) and np.all(extreme >= 0)


@pytest.mark.parametrize(
    "neuron_type, threshold",
    [
        (nengo.LIF(), 1),
        (nengo.LIFRate(), 1),
        (nengo.AdaptiveLIF(), 1),
        (nengo.AdaptiveLIFRate(), 1),
        (nengo.RectifiedLinear(), 0),
        (nengo.SpikingRectifiedLinear(), 0),
        (nengo.PoissonSpiking(nengo.LIFRate()), 1),
    ],
    ids=repr,
)
def test_step_knows_where_neurons_begin_to_fire(neuron_type, threshold):
    current = np.linspace(-3, 3, 61)
    step = nengo_fa.Step()(neuron_type, current)
    assert np.array_equal(step, current > threshold)
    assert np.array_equal(step, rates(neuron_type, current) > 0)


def test_step_is_exact_for_rectified_linear():
    current = np.linspace(-3, 3, 60)
    neuron_type = nengo.RectifiedLinear()
    assert np.array_equal(
        nengo_fa.Step()(neuron_type, current), nengo_fa.Rate()(neuron_type, current)
    )


def test_step_from_output():
    step = nengo_fa.Step(signal="output")
    assert np.array_equal(step(nengo.LIFRate(), [0, 1e-9, 50]), [0, 1, 1])
    assert np.array_equal(step(nengo.LIF(), [0, 0.5, 2]), [0, 0, 1])
    assert np.array_equal(step(nengo.LIF(amplitude=0.1), [0, 0.05, 0.2]), [0, 0, 1])
    assert np.array_equal(step(nengo.Izhikevich(), [0, 2]), [0, 1])
    assert np.array_equal(
        nengo_fa.Step("output", threshold=60)(nengo.LIF(), [50, 70]), [0, 1]
    )


def test_step_with_a_threshold_takes_any_neurons():
    step = nengo_fa.Step(threshold=4)
    assert np.array_equal(step(nengo.Izhikevich(), [3, 5]), [0, 1])


class OtherLIF(nengo.LIFRate):
    """May respond in another way than its base class."""


@pytest.mark.parametrize(
    "neuron_type",
    [nengo.Izhikevich(), OtherLIF(), nengo.Direct(), nengo.RegularSpiking(OtherLIF())],
    ids=repr,
)
def test_rate_of_unknown_neurons(neuron_type):
    with pytest.raises(ValidationError) as info:
        nengo_fa.Rate()(neuron_type, [1.0])
    assert info.value.attr == "derivative"
    assert "LIFRate, AdaptiveLIF" in str(info.value)
    assert "derived from nengo_fa.Derivative" in str(info.value)


@pytest.mark.parametrize("neuron_type", [nengo.Sigmoid(), nengo.Tanh(), OtherLIF()])
def test_step_of_unknown_threshold(neuron_type):
    with pytest.raises(ValidationError, match=r"Give it with Step\(threshold=") as info:
        nengo_fa.Step()(neuron_type, [1.0])
    assert info.value.attr == "threshold"


def test_base_class_is_abstract():
    with pytest.raises(NotImplementedError):
        nengo_fa.Derivative()(nengo.LIF(), [1.0])
