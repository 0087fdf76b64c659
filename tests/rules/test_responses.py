"""Every registered response passes the same tests; a new one joins by a line in TYPES."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType, RatesToSpikesNeuronType

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

#: What every test of the family runs with. At least one for each registered class.
TYPES = [
    nengo.LIF(),
    nengo.LIF(tau_rc=0.03, amplitude=0.1),
    nengo.LIFRate(tau_ref=0),
    nengo.AdaptiveLIF(amplitude=2),
    nengo.AdaptiveLIFRate(tau_rc=0.05, tau_ref=0.004),
    nengo_fa.Pyramidal(amplitude=2),
    nengo_fa.PyramidalRate(coupling=0.5),
    nengo.RectifiedLinear(amplitude=0.5),
    nengo.SpikingRectifiedLinear(amplitude=3),
    nengo.Sigmoid(tau_ref=0.01),
    nengo.Tanh(),
    nengo.RegularSpiking(nengo.LIFRate(amplitude=3), amplitude=0.5),
    nengo.StochasticSpiking(nengo.AdaptiveLIFRate()),
    nengo.PoissonSpiking(nengo.Sigmoid(), amplitude=2),
    nengo.PoissonSpiking(Quadratic(), amplitude=2),
    Quadratic(amplitude=3),
    RenamedLIF(),
]
every_type = pytest.mark.parametrize("neuron_type", TYPES, ids=repr)
CURRENTS = np.linspace(-3, 6, 182)  # passes by the thresholds 0, 0.5 and 1


def compute_rates(neuron_type, current):
    out = np.full_like(current[None], np.nan)
    make_step_rates(neuron_type, current[None], out)()
    return out[0]


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
    ours = [cls for cls in responses._RESPONSES if cls.__module__ in places]
    assert set(ours) <= {type(neuron_type) for neuron_type in TYPES}


@every_type
def test_rates_are_what_the_neurons_send(neuron_type):
    """Those of Nengo, times the amplitude of spike generators, which it leaves out."""
    expected = neuron_type.rates(CURRENTS, gain=np.ones(1), bias=np.zeros(1))[:, 0]
    if isinstance(neuron_type, RatesToSpikesNeuronType):
        expected = expected * neuron_type.amplitude
    np.testing.assert_allclose(compute_rates(neuron_type, CURRENTS), expected)
    again = get_response(neuron_type).compute_rates(
        neuron_type, CURRENTS, np.ones(1), np.zeros(1)
    )
    assert np.array_equal(again[:, 0], expected)


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
def test_rates_and_derivative_together_are_each_alone(neuron_type):
    together = np.full((2, 1, len(CURRENTS)), np.nan)
    nengo_fa.Rate().make_step_with_rates(neuron_type, CURRENTS[None], *together)()
    alone = compute_rates(neuron_type, CURRENTS), nengo_fa.Rate()(neuron_type, CURRENTS)
    np.testing.assert_allclose(together[:, 0], alone, rtol=1e-9, atol=1e-12)


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
