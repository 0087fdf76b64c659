"""Every registered response passes the same tests; a new one joins by a line in TYPES."""

import nengo
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType, RatesToSpikesNeuronType
from nengo.rc import rc

import nengo_fa
from nengo_fa import geometry
from nengo_fa.rules import responses
from nengo_fa.rules.responses import get_response, make_step_rates


class Quadratic(NeuronType):
    """A user's own neurons, registered as documented."""

    negative = False
    amplitude = nengo.params.NumberParam("amplitude", low=0)

    def __init__(self, amplitude=1):
        super().__init__()
        self.amplitude = amplitude

    def step(self, dt, J, output):
        output[...] = self.amplitude * np.maximum(J - 0.5, 0) ** 2


nengo_fa.register_response(
    Quadratic,
    nengo_fa.Response(
        threshold=0.5,
        derivative=lambda neuron_type, current: (
            2 * neuron_type.amplitude * np.maximum(current - 0.5, 0)
        ),
    ),
)


class LeakyQuadratic(Quadratic):
    """Derived from a registered class, and not registered itself."""


class RenamedLIF(nengo.LIF):
    """Responds as its base class, and says so."""


nengo_fa.register_response(RenamedLIF, nengo.LIF)


class Cubic(NeuronType):
    """Not registered: of these neurons, only the rates are known."""

    def step(self, dt, J, output):
        output[...] = np.maximum(J, 0) ** 3


class DoubleRate(nengo.LIFRate):
    """Derived from a type whose rates are computed in a faster way, but not that type."""

    def rates(self, x, gain, bias):
        return 2 * super().rates(x, gain, bias)

    def step(self, dt, J, output):
        super().step(dt, J, output)
        output *= 2


LIF_TYPES = [
    nengo.LIF(),
    nengo.LIF(tau_rc=0.03, amplitude=0.1),
    nengo.LIF(tau_ref=0, amplitude=3),
    nengo.LIFRate(),
    nengo.LIFRate(tau_rc=0.05, tau_ref=0.004, amplitude=1 / 75),
    nengo.LIFRate(tau_ref=0),
    nengo.AdaptiveLIF(),
    nengo.AdaptiveLIF(amplitude=2),
    nengo.AdaptiveLIFRate(tau_rc=0.01, amplitude=2),
    nengo_fa.Pyramidal(amplitude=2),
    nengo_fa.PyramidalRate(coupling=0.5),
    RenamedLIF(),
]
FLOAT32_TYPES = [
    nengo.RectifiedLinear(),
    nengo.RectifiedLinear(amplitude=0.5),
    nengo.SpikingRectifiedLinear(amplitude=3),
    nengo.Sigmoid(),
    nengo.Sigmoid(tau_ref=0.01),
    nengo.Tanh(),
    nengo.Tanh(tau_ref=0.01),
    Quadratic(amplitude=3),
]
#: What every test of the family runs with. At least one for each registered class.
TYPES = [
    *LIF_TYPES,
    *FLOAT32_TYPES,
    nengo.RegularSpiking(nengo.LIFRate(amplitude=3), amplitude=0.5),
    nengo.RegularSpiking(nengo.Sigmoid()),
    nengo.RegularSpiking(nengo.Tanh()),
    nengo.StochasticSpiking(nengo.RectifiedLinear(amplitude=2), amplitude=0.5),
    nengo.StochasticSpiking(nengo.AdaptiveLIFRate()),
    nengo.PoissonSpiking(nengo.LIFRate(), amplitude=2),
    nengo.PoissonSpiking(Quadratic(), amplitude=2),
]
TINY = np.finfo(float).eps
SPECIAL = [0, 1, 1 + TINY, 1 - TINY / 2, 1e-300, -1e-300, 1 + 1e-9, 1e9, -1e9, 2]
every_type = pytest.mark.parametrize("neuron_type", TYPES, ids=repr)
CURRENTS = np.linspace(-3, 6, 182)  # passes by the thresholds 0, 0.5 and 1


def compute_rates(neuron_type, current):
    """The rates by the table, which leaves currents alone."""
    current = np.asarray(current)
    before, out = current.copy(), np.full_like(current, np.nan)
    step = make_step_rates(neuron_type, np.atleast_2d(current), np.atleast_2d(out))
    for _ in range(2):
        step()
    assert np.array_equal(current, before)
    return out


def expect_rates(neuron_type, current):
    """Those of Nengo, times the amplitude of spike generators, which it leaves out."""
    current = np.asarray(current, dtype=float)
    rates = neuron_type.rates(current.ravel(), gain=np.ones(1), bias=np.zeros(1))
    if isinstance(neuron_type, RatesToSpikesNeuronType):
        rates = rates * neuron_type.amplitude
    return rates.reshape(current.shape)


def change(neuron_type, **parameters):
    """The same neurons with other parameters."""
    arguments = {
        name: getattr(neuron_type, name)
        for name in ("base_type", "tau_rc", "tau_ref", "coupling")
        if hasattr(neuron_type, name)
    }
    return type(neuron_type)(**{**arguments, **parameters})


def test_every_registered_class_is_tested():
    places = "nengo.neurons", "nengo_fa.pyramidal.neurons"
    ours = [cls for cls in responses.RESPONSES if cls.__module__ in places]
    assert set(ours) <= {type(neuron_type) for neuron_type in TYPES}


@pytest.mark.parametrize("neuron_type", [*TYPES, Cubic(), DoubleRate()], ids=repr)
@given(current=arrays(float, (3, 4), elements=st.floats(-50, 50)))
@example(current=np.reshape(SPECIAL[:6] + SPECIAL[:6], (3, 4)))
def test_rates_are_what_the_neurons_send(neuron_type, current):
    expected = expect_rates(neuron_type, current)
    computed = compute_rates(neuron_type, current)
    # to all digits but those that the current has lost in J - 1
    np.testing.assert_allclose(computed, expected, rtol=1e-12, atol=1e-12)
    assert np.array_equal(computed == 0, expected == 0)
    again = get_response(neuron_type).compute_rates(
        neuron_type, current, np.ones(4), np.zeros(4)
    )
    assert np.array_equal(again, expected)


@pytest.mark.parametrize("neuron_type", LIF_TYPES, ids=repr)
def test_lif_rates_for_special_currents(neuron_type):
    with np.errstate(all="raise", under="ignore"):
        computed = compute_rates(neuron_type, SPECIAL)
    np.testing.assert_allclose(computed, expect_rates(neuron_type, SPECIAL), rtol=1e-6)
    silent = np.array(SPECIAL) <= 1
    assert np.all(computed[silent] == 0) and np.all(computed[~silent] > 0)


@pytest.mark.parametrize("neuron_type", LIF_TYPES + FLOAT32_TYPES, ids=repr)
def test_single_precision(neuron_type):
    current = np.linspace(-3, 6, 91)
    current[40] = 1 + np.finfo(np.float32).eps
    expected = expect_rates(neuron_type, current)
    rc["precision"]["bits"] = "32"
    current = current.astype(np.float32)
    both = np.empty((2, 1, 91), dtype=np.float32)
    nengo_fa.Rate().make_step_with_rates(neuron_type, current[None], *both)()
    computed = compute_rates(neuron_type, current)
    assert computed.dtype == np.float32
    np.testing.assert_allclose(computed, expected, rtol=1e-4, atol=1e-4)
    assert np.array_equal(computed == 0, expected == 0)
    slope = nengo_fa.Rate()(neuron_type, current)
    np.testing.assert_allclose(both[:, 0], [computed, slope], rtol=1e-3, atol=1e-4)


@every_type
def test_threshold_is_where_rates_begin(neuron_type):
    rates = compute_rates(neuron_type, CURRENTS)
    threshold = get_response(neuron_type).get_threshold(neuron_type)
    if threshold is None:
        assert np.all(rates != 0)
    else:
        assert np.array_equal(CURRENTS > threshold, rates > 0)
        assert np.array_equal(nengo_fa.Step()(neuron_type, CURRENTS), rates > 0)


@every_type
def test_derivative_is_the_slope_of_the_rates(neuron_type):
    away = np.abs(CURRENTS[:, None] - [0, 0.5, 1]).min(axis=1) > 0.03  # of thresholds
    current, step = CURRENTS[away], 1e-5
    slope = compute_rates(neuron_type, current + step)
    slope = (slope - compute_rates(neuron_type, current - step)) / (2 * step)
    derivative = nengo_fa.Rate()(neuron_type, current)
    np.testing.assert_allclose(derivative, slope, rtol=1e-6, atol=1e-6)
    assert derivative.max() > 0


@every_type
def test_amplitude_scales_rates_and_derivative(neuron_type):
    if not hasattr(neuron_type, "amplitude"):
        assert get_response(neuron_type).get_amplitude(neuron_type) == 1
        return
    one, three = (change(neuron_type, amplitude=amplitude) for amplitude in (1, 3))
    assert get_response(three).get_amplitude(three) == 3
    for compute in (compute_rates, nengo_fa.Rate()):
        expected = 3 * compute(one, CURRENTS)
        np.testing.assert_allclose(compute(three, CURRENTS), expected)


@every_type
def test_geometry_and_training_take_any_registered_type(Simulator, neuron_type):
    with nengo.Network(seed=1) as model:
        x = nengo.Node([0.3])
        hidden = nengo.Ensemble(
            8, 1, neuron_type=neuron_type, gain=np.ones(8), bias=np.linspace(0.4, 3, 8)
        )
        rule = nengo_fa.FeedbackAlignment(
            1, learning_rate=0, derivative=nengo_fa.Rate(), normalization=None
        )
        encode = nengo.Connection(x, hidden, synapse=None, learning_rule_type=rule)
        nengo.Connection(nengo.Node([1.0]), encode.learning_rule, synapse=None)
        decode = nengo.Connection(hidden, nengo.Node(size_in=1), synapse=None)
        current = nengo.Probe(hidden.neurons, "input")
        derivative = nengo.Probe(encode.learning_rule, "derivative")
    with Simulator(model) as sim:
        sim.run_steps(2)
        activities = geometry.tuning_curves(sim, hidden, [0.3])
        expected = compute_rates(neuron_type, sim.data[current][0])
        np.testing.assert_allclose(activities, expected)
        slope = nengo_fa.Rate()(neuron_type, sim.data[current][0])
        np.testing.assert_allclose(sim.data[derivative][0], slope)
    samples = np.linspace(-0.5, 0.5, 20)[:, None]
    history = nengo_fa.train(
        decode, samples, samples, 2, progress_bar=False, network=model
    )
    assert np.all(np.isfinite(history.rmse))


@pytest.mark.parametrize(
    "neuron_type, factors",
    [
        (nengo.LIF(), ({}, {})),
        (nengo.AdaptiveLIF(), ({}, {"adaptation": -1})),
        (nengo.PoissonSpiking(nengo.AdaptiveLIFRate()), ({}, {"adaptation": -1})),
        (nengo_fa.Pyramidal(coupling=0.3), ({"apical": 0.3}, {})),
        (nengo_fa.PyramidalRate(coupling=0), ({}, {})),
        (nengo.RegularSpiking(nengo_fa.PyramidalRate()), ({"apical": 0.01}, {})),
    ],
    ids=repr,
)
def test_state_that_is_added_to_the_current(neuron_type, factors):
    response = get_response(neuron_type)
    assert response.get_added_state(neuron_type) == factors[0]
    assert response.get_added_state(neuron_type, before=True) == factors[1]


def test_derived_classes_keep_what_does_not_depend_on_their_response_curve():
    class OtherAdaptive(nengo.AdaptiveLIFRate):
        pass

    class OtherPyramidal(nengo_fa.Pyramidal):
        pass

    adaptive, pyramidal = OtherAdaptive(), OtherPyramidal(coupling=0.3)
    response = get_response(adaptive)
    assert response.get_added_state(adaptive, before=True) == {"adaptation": -1}
    assert get_response(pyramidal).get_added_state(pyramidal) == {"apical": 0.3}
    for neuron_type in adaptive, pyramidal, LeakyQuadratic():
        for derivative in nengo_fa.Step(), nengo_fa.Rate():
            with pytest.raises(ValidationError, match="nengo_fa.register_response"):
                derivative(neuron_type, [1.0])


@pytest.mark.parametrize(
    "arguments, attribute",
    [
        ((nengo.LIF(), nengo.LIF), "neuron_class"),
        ((dict, nengo.LIF), "neuron_class"),
        ((RenamedLIF, None), "response"),
        ((RenamedLIF, LeakyQuadratic), "response"),
        ((RenamedLIF, nengo_fa.Response), "response"),
    ],
)
def test_what_cannot_be_registered(arguments, attribute):
    with pytest.raises(ValidationError) as info:
        nengo_fa.register_response(*arguments)
    assert info.value.attr == attribute


@pytest.mark.parametrize(
    "name, value",
    [
        ("threshold", "low"),
        ("threshold", np.nan),
        ("derivative", 3),
        ("spike_times", 3),
    ],
)
def test_bad_responses(name, value):
    with pytest.raises(ValidationError, match=name):
        nengo_fa.Response(**{name: value})


@pytest.mark.parametrize(
    "factors", [["leak"], None, "leak", {"leak": np.nan}, {"leak": True}, {1: 2.0}]
)
@pytest.mark.parametrize("name", ["added_state", "added_state_before"])
def test_factors_of_other_kinds_are_refused(name, factors):
    with pytest.raises(ValidationError, match=f"{name}.*names of state variables"):
        nengo_fa.Response(1, **{name: factors})


def test_unknown_state_is_refused():
    class Mistyped(nengo.AdaptiveLIFRate):
        pass

    response = nengo_fa.Response(1, added_state_before={"adaption": -1})
    with pytest.raises(ValidationError, match="no state variable adaption"):
        nengo_fa.register_response(Mistyped, response)
