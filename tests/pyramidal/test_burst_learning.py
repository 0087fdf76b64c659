import nengo
import numpy as np
import pytest
from nengo.builder.signal import Signal, SignalDict
from nengo.exceptions import BuildError, ValidationError

import nengo_fa
from nengo_fa import ApicalDendrites, BurstLearning, Pyramidal, PyramidalRate, equations
from nengo_fa.online.operators import SimEncoderLearning

NORMALIZATIONS = [None, "forced", "augmented", "homeostatic", "stabilized"]


def make_model(rule=None, neuron_type=None, apical_input=2.0, to=slice(None), **kwargs):
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(np.array([0.5, -0.3])[to])
        model.hidden = nengo.Ensemble(
            20, 2, neuron_type=neuron_type or Pyramidal(), **kwargs
        )
        if apical_input is not None:
            nengo.Connection(
                nengo.Node([apical_input]),
                ApicalDendrites(model.hidden),
                transform=np.ones((20, 1)),
            )
        model.encode = nengo.Connection(
            stimulus, model.hidden[to], learning_rule_type=rule or BurstLearning()
        )
        model.measured = {
            name: nengo.Probe(model.encode.learning_rule, name)
            for name in BurstLearning.probeable
        }
    return model


def run(Simulator, model, seconds=0.3):
    with Simulator(model) as sim:
        sim.run(seconds)
        return sim, {name: sim.data[probe] for name, probe in model.measured.items()}


SETS = ("surprise", "expected", "share")


def group(signals):
    """Return the signals of an operator by how it uses them."""
    reads = dict(signals)
    sets = {name: reads.pop(name) for name in SETS}
    return dict(reads=reads, sets=sets, updates={"delta": reads.pop("delta")})


def test_defaults():
    rule = BurstLearning()
    assert rule.size_in == 0
    assert rule.modifies == "encoders"
    assert rule.normalization == "forced"
    assert rule.pre_synapse is None
    assert rule.n_events == np.inf
    assert BurstLearning(n_events=100) != rule


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_operator_equals_equations(normalization, rng):
    gain, encoders = rng.uniform(0.5, 10, size=7), rng.randn(7, 3)
    rule = BurstLearning(0.3, normalization=normalization, n_events=50)
    values = {
        "output": 1000.0 * (rng.rand(7) < 0.7),
        "x": rng.randn(3),
        "scaled_encoders": encoders * gain[:, None],
        "surprise": np.zeros(7),
        "expected": rng.rand(7),
        "share": np.full(7, 0.001 / (2 * 50)),
        "delta": np.zeros((7, 3)),
    }
    values["bursts"] = values["output"] * (rng.rand(7) < 0.5)
    signals = {name: Signal(value, name=name) for name, value in values.items()}
    operator = SimEncoderLearning(rule, Pyramidal(), gain, **group(signals))
    live = SignalDict()
    operator.init_signals(live)
    operator.make_step(live, 0.001, rng)()

    surprise = values["bursts"] - values["expected"] * values["output"]
    gradient = equations.weight_gradient(surprise[None], values["x"][None])
    update = equations.encoder_update(
        gradient, encoders, gain, 0.3 * 0.001, normalization
    )
    np.testing.assert_allclose(live[signals["surprise"]], surprise)
    np.testing.assert_allclose(
        live[signals["delta"]], update * gain[:, None], rtol=1e-11, atol=1e-11
    )
    np.testing.assert_allclose(
        live[signals["expected"]], values["expected"] + surprise * 0.001 / (2 * 50)
    )


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_step_function_does_not_allocate(find_allocated, normalization, rng):
    n_neurons = 5000
    shapes = {
        **dict.fromkeys(("output", "bursts", *SETS), (n_neurons,)),
        "x": (4,),
        **dict.fromkeys(("scaled_encoders", "delta"), (n_neurons, 4)),
    }
    signals = {name: Signal(rng.rand(*shape)) for name, shape in shapes.items()}
    operator = SimEncoderLearning(
        BurstLearning(normalization=normalization),
        Pyramidal(),
        np.ones(n_neurons),
        **group(signals),
        columns=np.array([1.0, 0, 1, 1]),
        fields=np.eye(n_neurons, 4, -1),
    )
    assert (
        find_allocated(operator) < n_neurons / 4
    )  # bytes: less than any array of one per neuron


@pytest.mark.parametrize("neuron_type", [Pyramidal(), PyramidalRate()], ids=repr)
@pytest.mark.parametrize("sign", [-1, 1])
def test_encoders_turn_against_the_error(Simulator, sign, neuron_type):
    """An error of one sign means too many bursts: away from the input."""
    model = make_model(neuron_type=neuron_type, apical_input=2.0 * sign)
    sim, data = run(Simulator, model)
    gain = sim.data[model.hidden].gain[:, np.newaxis]
    encoders = data["scaled_encoders"][-1] / gain
    turned = (encoders - sim.data[model.hidden].encoders) @ [0.5, -0.3]
    fired = data["surprise"].any(axis=0)
    assert fired.sum() > 5 and np.all(np.abs(turned[~fired]) < 1e-12)
    assert sign * turned[fired].mean() < -0.01
    assert np.allclose(np.linalg.norm(encoders, axis=1), 1)


def test_with_rates_it_is_eq_3_with_the_rate_for_the_derivative(Simulator, allclose):
    neuron_type = PyramidalRate(coupling=0, burst_probability=0.3)
    model = make_model(BurstLearning(0), neuron_type, apical_input=0.01)
    sim, data = run(Simulator, model)
    built = sim.data[model.hidden]
    x = np.array([[0.5, -0.3]])
    rates = neuron_type.rates(x @ built.encoders.T, built.gain, built.bias)
    assert allclose(data["surprise"][-1], 0.3 * 0.7 * 0.01 * rates[0], rtol=0.01)


def test_expected_bursts_are_an_average_over_events(Simulator, allclose):
    """So that a constant apical input ceases to be a surprise."""
    rule = BurstLearning(0, n_events=30)
    sim, data = run(Simulator, make_model(rule, PyramidalRate()), 3.0)
    fired = data["surprise"].any(axis=0)
    often = data["surprise"].max(axis=0) > 30  # some hundred events
    probability = 1 / (1 + np.exp(-2))
    assert allclose(data["expected"][-1, often], probability, atol=0.01)
    assert often.any() and allclose(data["expected"][-1, ~fired], 0.5)
    sim, data = run(Simulator, make_model(BurstLearning(0)))
    assert np.all(data["expected"] == 0.5)


def test_amplitude_scales_the_update(Simulator, allclose):
    deltas = []
    for amplitude in (1, 0.01):
        rule = BurstLearning(0.1 / amplitude, normalization=None)
        model = make_model(rule, Pyramidal(amplitude=amplitude))
        deltas.append(run(Simulator, model, 0.05)[1]["delta"])
    assert allclose(*deltas) and deltas[0].any()


@pytest.mark.parametrize("amplitude", [1, 0.5])
@pytest.mark.parametrize("pre_synapse", [None, 0.02])
@pytest.mark.parametrize("neuron_type", [Pyramidal, PyramidalRate])
def test_in_a_simulator_it_is_the_equation(
    Simulator, neuron_type, pre_synapse, amplitude
):
    """For any radius, amplitude, trace of the input and average of what was expected."""
    rule = BurstLearning(0.1, normalization=None, pre_synapse=pre_synapse, n_events=40)
    model = make_model(rule, neuron_type(amplitude=amplitude), radius=1.5)
    with model:
        for name in ("output", "bursts"):
            model.measured[name] = nengo.Probe(model.hidden.neurons, name)
        model.measured["x"] = nengo.Probe(model.hidden, "input")
    sim, data = run(Simulator, model)

    x, expected = data["x"], np.full(20, 0.5)
    if pre_synapse is not None:
        x = nengo.Lowpass(pre_synapse).filt(x, y0=0)
    s = sim.data[model.hidden].gain / 1.5
    for i in range(len(x)):
        surprise = data["bursts"][i] - expected * data["output"][i]
        delta = np.outer(-0.1 * 0.001 * s**2 * surprise, x[i])
        expected = expected + surprise * 0.001 / (amplitude * 40)
        np.testing.assert_allclose(data["surprise"][i], surprise, atol=1e-9)
        np.testing.assert_allclose(data["delta"][i], delta, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(data["expected"][i], expected, rtol=1e-9)
    assert np.abs(expected - 0.5).max() > 0.05


def test_some_dimensions_and_fields(Simulator):
    model = make_model(BurstLearning(normalization=None), to=slice(1))
    assert not run(Simulator, model)[1]["delta"][:, :, 1].any()
    encoders = np.eye(20, 2) + np.eye(20, 2, -5)
    encoders[np.all(encoders == 0, axis=1)] = 1
    rule = BurstLearning(normalization=None, sparse=True)
    delta = run(Simulator, make_model(rule, encoders=encoders))[1]["delta"]
    assert delta.any() and not delta[:, encoders == 0].any()


def test_same_again_and_after_a_reset(Simulator):
    model, ends = make_model(), []
    probe = model.measured["scaled_encoders"]
    with Simulator(model) as sim:
        for _ in range(2):
            sim.run(0.1)
            ends.append(sim.data[probe].copy())
            sim.reset()
    ends.append(run(Simulator, make_model(), 0.1)[1]["scaled_encoders"])
    assert np.array_equal(ends[0], ends[1]) and np.array_equal(ends[0], ends[2])


def test_single_precision(Simulator):
    nengo.rc["precision"]["bits"] = "32"
    for name, values in run(Simulator, make_model())[1].items():
        assert values.dtype == np.float32, name


@pytest.mark.parametrize("neuron_type", [nengo.LIF(), nengo.AdaptiveLIF()], ids=repr)
def test_other_neurons(Simulator, neuron_type):
    model = make_model(neuron_type=neuron_type, apical_input=None)
    with pytest.raises(BuildError, match="no bursts to learn from"):
        Simulator(model)


@pytest.mark.parametrize(
    "name, value",
    [
        ("learning_rate", -1),
        ("learning_rate", np.inf),
        ("normalization", "all"),
        ("n_events", 0),
        ("pre_synapse", "slow"),
        ("sparse", None),
    ],
)
def test_bad_parameters(name, value):
    with pytest.raises(ValidationError, match=name):
        BurstLearning(**{name: value})


def test_no_error_is_connected():
    model = make_model()
    with model, pytest.raises(ValidationError):
        nengo.Connection(nengo.Node([1.0]), model.encode.learning_rule)


def test_feedback_may_be_a_distribution(Simulator):
    with nengo.Network(seed=1) as model:
        product = nengo_fa.networks.BurstMultiplication(20)
        weights = nengo.Probe(product.feedback, "weights")
        apical = nengo.Probe(product.hidden.neurons, "apical")
        nengo.Connection(nengo.Node([0.5, 0.5]), product.input)
    with Simulator(model) as sim:
        sim.run(0.05)
    assert set(sim.data[weights][0].ravel()) == {-30, 30}
    # the output is zero at first, and below its target
    assert np.array_equal(
        np.sign(sim.data[apical][-1]), -np.sign(sim.data[weights][0, :, 0])
    )
