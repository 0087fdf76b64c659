import nengo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from nengo.exceptions import ValidationError

import nengo_fa

RATE_TYPES = [
    nengo.LIFRate(),
    nengo.LIFRate(tau_rc=0.05, tau_ref=0.004, amplitude=0.01),
    nengo.LIFRate(tau_ref=0),
    nengo.AdaptiveLIFRate(amplitude=2),
    nengo.RectifiedLinear(),
    nengo.RectifiedLinear(amplitude=0.5),
    nengo.Sigmoid(),
    nengo.Sigmoid(tau_ref=0.01),
    nengo.Tanh(),
    nengo.Tanh(tau_ref=0.01),
]
SPIKING_TYPES = [
    nengo.LIF(),
    nengo.LIF(tau_rc=0.03, amplitude=0.1),
    nengo.AdaptiveLIF(),
    nengo.SpikingRectifiedLinear(amplitude=3),
    nengo.RegularSpiking(nengo.Sigmoid()),
    nengo.RegularSpiking(nengo.Tanh()),
    nengo.StochasticSpiking(nengo.RectifiedLinear(amplitude=2), amplitude=0.5),
    nengo.PoissonSpiking(nengo.LIFRate(), amplitude=2),
]


def rates(neuron_type, current):
    """The firing rates that Nengo gives, in units of the neuron's output."""
    output = neuron_type.rates(current, gain=np.ones(1), bias=np.zeros(1))[:, 0]
    if isinstance(neuron_type, nengo.neurons.RatesToSpikesNeuronType):
        output = output * neuron_type.amplitude
    return output


@pytest.mark.parametrize("neuron_type", RATE_TYPES + SPIKING_TYPES, ids=repr)
def test_rate_is_the_derivative_of_the_firing_rate(neuron_type, allclose):
    step = 1e-5
    currents = np.linspace(-3, 6, 181)
    thresholds = np.array([0, 1])  # kinks
    currents = currents[np.abs(currents[:, None] - thresholds).min(axis=1) > 0.03]

    numerical = rates(neuron_type, currents + step) - rates(
        neuron_type, currents - step
    )
    exact = nengo_fa.Rate()(neuron_type, currents)
    assert allclose(exact, numerical / (2 * step), rtol=1e-6, atol=1e-6)
    assert exact.max() > 0


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


@pytest.mark.parametrize("neuron_type", RATE_TYPES, ids=repr)
def test_rate_never_overflows(neuron_type):
    with np.errstate(all="raise", under="ignore"):
        extreme = nengo_fa.Rate()(neuron_type, [-1e6, -800, 0, 1, 800, 1e6])
    assert np.all(np.isfinite(extreme)) and np.all(extreme >= 0)


@given(
    current=arrays(
        float, array_shapes(min_dims=1, max_dims=3), elements=st.floats(-1e3, 1e3)
    )
)
@pytest.mark.parametrize("derivative", [nengo_fa.Step(), nengo_fa.Rate()], ids=repr)
def test_derivatives_are_elementwise_in_any_shape(derivative, current):
    before = current.copy()
    value = derivative(nengo.LIF(), current)
    assert value.shape == current.shape
    assert np.array_equal(current, before)
    assert np.array_equal(value.ravel(), derivative(nengo.LIF(), current.ravel()))


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
