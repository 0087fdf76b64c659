"""Suggested learning rates, and default learning rates of rules."""

import warnings

import nengo
import numpy as np
import pytest
from nengo.exceptions import NengoWarning, SimulationError, ValidationError
from nengo.rc import rc

import nengo_fa
from nengo_fa.online.operators import NotFiniteError

NORMALIZATIONS = [None, "forced", "augmented", "homeostatic", "stabilized"]


def make_product(
    rule=nengo_fa.FeedbackAlignment(1),
    seed=1,
    scale=1.0,
    pes=nengo.PES(),
    to=slice(None),
    **kwargs,
):
    """A network that learns a product; the error of the encoders times a scale."""
    with nengo.Network(seed=seed) as network:
        stimulus = nengo.Node(
            nengo.processes.WhiteSignal(10.0, high=4, rms=0.5, seed=seed), size_out=2
        )
        hidden = nengo.Ensemble(20, 2, seed=seed, **kwargs)
        output = nengo.Node(size_in=1)
        target = nengo.Node(lambda t, x: x[0] * x[1], size_in=2)
        network.encode = encode = nengo.Connection(
            stimulus[to], hidden[to], synapse=None, learning_rule_type=rule
        )
        network.decode = decode = nengo.Connection(
            hidden,
            output,
            function=lambda x: 0,
            synapse=0.005,
            learning_rule_type=pes,
        )
        error = network.error = nengo.Node(size_in=1)
        nengo.Connection(stimulus, target, synapse=None)
        nengo.Connection(output, error, synapse=None)
        nengo.Connection(target, error, transform=-1, synapse=None)
        nengo.Connection(error, encode.learning_rule, transform=scale, synapse=None)
        nengo.Connection(error, decode.learning_rule, synapse=None)
    return network


def suggest(network, **kwargs):
    return nengo_fa.suggest_learning_rate(network, duration=0.5, **kwargs)


class Halved(nengo_fa.rules.normalizations.Normalization):
    """A normalization of a user: half of the gradient."""

    def make_step(self, h, x, encoders, delta, fields, scale):
        def step():
            np.multiply.outer(h, x / 2, out=delta)

        return step


def find_change(Simulator, network, turn=1e-3, time=0.5):
    """Let encoders turn as suggested, while decoders and the error stay.

    Returns them at the start and their change, over their lengths, and the inputs.
    """
    rates = suggest(network, turn=turn)
    network.decode.learning_rule_type = None
    network.connections.pop()
    rates.pop(next(rule for rule in rates if rule.connection is network.decode))
    rates.apply()
    with network:
        probe = nengo.Probe(network.encode.learning_rule, "scaled_encoders")
        inputs = nengo.Probe(network.encode.post_obj, "input")
    with Simulator(network) as sim:
        sim.run(time)
    start, end = sim.data[probe][[0, -1]].astype(float)
    lengths = np.linalg.norm(start, axis=1, keepdims=True)
    return start / lengths, (end - start) / lengths, sim.data[inputs]


def check_turn(Simulator, network, turn=1e-3, time=0.5):
    """Check that the turn is the one that was wanted, as the inputs see it."""
    start, change, x = find_change(Simulator, network, turn, time)
    seen = np.linalg.norm(x @ change.T) / np.linalg.norm((x - x.mean(axis=0)) @ start.T)
    assert seen == pytest.approx(turn * time, rel=0.02)


@pytest.mark.parametrize("normalization", [*NORMALIZATIONS, Halved()])
def test_encoders_turn_as_was_asked(Simulator, normalization):
    rule = nengo_fa.FeedbackAlignment(1, normalization=normalization)
    check_turn(Simulator, make_product(rule))


@pytest.mark.parametrize("case", ["radius", "slice", "float32"])
def test_encoders_turn_as_was_asked_in_other_networks(Simulator, case):
    if case == "float32":
        rc["precision"]["bits"] = "32"
    network = make_product(
        radius=3 if case == "radius" else 1,
        to=slice(1, 2) if case == "slice" else slice(None),
    )
    check_turn(Simulator, network, turn=0.01 if case == "float32" else 1e-3)


def circle(mean=0.0, speed=1.0):
    """The product of inputs that go round in circles."""
    network = make_product()
    (stimulus, *_) = network.nodes
    angle = 4 * np.pi * speed
    stimulus.output = lambda t: [mean + np.sin(angle * t + 1), np.cos(angle * t + 1)]
    return network


@pytest.mark.filterwarnings("ignore:Half of the inputs")
def test_turn_is_the_angle_where_inputs_vary_in_all_directions(Simulator):
    _, change, _ = find_change(Simulator, circle())
    angle = np.sqrt(np.mean(np.sum(change**2, axis=1)))
    assert angle == pytest.approx(1e-3 * 0.5, rel=0.02)
    # with a mean, the same angle moves what drives the neurons much farther
    _, change, _ = find_change(Simulator, circle(mean=3))
    angle = np.sqrt(np.mean(np.sum(change**2, axis=1)))
    assert angle < 0.6 * 1e-3 * 0.5


def test_inputs_that_stay_still_give_a_rate(Simulator):
    _, change, _ = find_change(Simulator, circle(speed=0))
    angle = np.sqrt(np.mean(np.sum(change**2, axis=1)))
    assert 0.1 < angle / (1e-3 * 0.5) < 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_undefined_and_infinite_values_give_no_rate(value):
    network = make_product()
    with network:
        values = nengo.processes.PresentInput([[0.0], [value]], 0.1)
        nengo.Connection(nengo.Node(values), network.error, synapse=None)
    with pytest.warns(NengoWarning, match="NaN or infinite"):
        rates = suggest(network)
    assert not rates and len(rates.reasons) == 2


def learn_sine(seed, factor, learning=15.0, test=3.0):
    """Return the error after learning at the suggested rate times a factor."""
    x = np.random.RandomState(seed).uniform(-1, 1, size=(500, 2))
    y = np.sin(3 * np.prod(x, axis=1, keepdims=True))
    with nengo.Network(seed=seed) as network:
        stimulus, target = (
            nengo.Node(nengo.processes.PresentInput(values, 0.02)) for values in (x, y)
        )
        hidden = nengo.Ensemble(40, 2, radius=1.4, neuron_type=nengo.LIFRate())
        error = nengo.Node(size_in=1)
        gate = nengo.Node(lambda t, x: x * (t < learning), size_in=1)
        encode = nengo.Connection(
            stimulus,
            hidden,
            synapse=None,
            learning_rule_type=nengo_fa.FeedbackAlignment(1),
        )
        decode = nengo.Connection(
            hidden,
            error,
            synapse=None,
            function=lambda x: 0,
            learning_rule_type=nengo.PES(),
        )
        nengo.Connection(target, error, transform=-1, synapse=None)
        nengo.Connection(error, gate, synapse=None)
        nengo.Connection(gate, encode.learning_rule, synapse=None)
        nengo.Connection(gate, decode.learning_rule, synapse=None)
        probe = nengo.Probe(error)
    rates = nengo_fa.suggest_learning_rate(network, dt=0.005)
    rates[encode.learning_rule] *= factor
    rates.apply()
    with nengo.Simulator(network, dt=0.005) as sim:
        sim.run(learning + test)
    return np.sqrt(np.mean(sim.data[probe][sim.trange() > learning + 0.1] ** 2))


def test_the_suggestion_teaches_and_is_not_too_high():
    errors = [[learn_sine(seed, k) for k in (0, 1, 1000)] for seed in range(3)]
    for fixed, suggested, high in errors:
        assert suggested < 0.9 * fixed
        assert suggested < 0.9 * high


def make_chain(from_neurons):
    with nengo.Network(seed=1) as network:
        stimulus, error = nengo.Node([0.5, -0.5]), nengo.Node([0.1])
        first, second = nengo.Ensemble(20, 2), nengo.Ensemble(20, 20)
        output = nengo.Node(size_in=1)
        encode = nengo.Connection(stimulus, first)
        if from_neurons:
            between = nengo.Connection(first.neurons, second, transform=np.eye(20))
        else:
            between = nengo.Connection(first, second[:2], label="between")
        decode = nengo.Connection(second, output, function=lambda x: 0)
        nengo_fa.teach_chain([encode, between], decode, error)
    return network


@pytest.mark.filterwarnings("ignore:Half of the inputs")
def test_solved_decoders_between_taught_layers_are_named():
    with pytest.warns(NengoWarning, match="decoders of Connection 'between' do not"):
        assert len(suggest(make_chain(from_neurons=False))) == 2
    assert len(suggest(make_chain(from_neurons=True))) == 2


def test_a_constant_error_is_halved_in_the_time(Simulator):
    with nengo.Network(seed=1) as network:
        stimulus, error = nengo.Node([0.5]), nengo.Node(size_in=1)
        hidden, minus = (
            nengo.Ensemble(50, 1, neuron_type=nengo.LIFRate()),
            nengo.Node([-1]),
        )
        nengo.Connection(stimulus, hidden, synapse=None)
        decode = nengo.Connection(
            hidden,
            error,
            synapse=0.001,
            function=lambda x: 0,
            learning_rule_type=nengo.PES(),
        )
        nengo.Connection(minus, error, synapse=None)
        nengo.Connection(error, decode.learning_rule, synapse=None)
        probe = nengo.Probe(error)
    suggest(network, halving_time=0.2).apply()
    with Simulator(network) as sim:
        sim.run(0.4)
    np.testing.assert_allclose(sim.data[probe][[200, 399], 0], [-0.5, -0.25], atol=0.02)


def test_rates_follow_every_scale():
    plain = suggest(make_product())
    by_ten = suggest(make_product(scale=10.0))
    np.testing.assert_allclose(
        list(by_ten.values()), np.array(list(plain.values())) * [0.1, 1]
    )
    small = suggest(make_product(neuron_type=nengo.LIF(amplitude=0.01)))
    np.testing.assert_allclose(
        list(small.values()), np.array(list(plain.values())) * [1, 1e4]
    )


@pytest.mark.parametrize("rate", [0, 1000.0])
def test_the_rates_at_present_do_not_matter(rate):
    rule = nengo_fa.FeedbackAlignment(1, learning_rate=rate)
    # which is far too large for a simulation that learns
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "With learning_rate=1000")
        found = suggest(make_product(rule))
    assert list(found.values()) == list(suggest(make_product()).values())


def test_nothing_learns_and_the_network_stays_as_it_is(Simulator):
    network = make_product()
    before = network.encode.learning_rule_type, list(network.all_objects)
    seen = []

    class Watching(nengo.Simulator):
        def close(self):
            seen.extend(
                np.array(self.signals[self.model.sig[part][name]])
                for part, name in (
                    (network.encode.post_obj, "encoders"),
                    (network.decode, "weights"),
                )
            )
            super().close()

    suggest(network, simulator=Watching)
    assert (network.encode.learning_rule_type, list(network.all_objects)) == before
    with Simulator(network) as sim:
        built = sim.data[network.encode.post_obj].scaled_encoders
    np.testing.assert_array_equal(seen[0], built)
    np.testing.assert_array_equal(seen[1], 0)


def test_applied_rates_keep_what_is_connected(Simulator):
    network = make_product()
    with network:
        error = nengo_fa.NeuronError(network.encode.learning_rule)
        signal = nengo_fa.LearningSignal(network.encode.learning_rule)
        probe = nengo.Probe(network.encode.learning_rule, "error")
    rates = suggest(network)
    rates.apply()
    rule = network.encode.learning_rule
    assert rates[rule] == rule.learning_rule_type.learning_rate
    assert error.rule == signal.rule == rule
    with Simulator(network) as sim:
        sim.run(0.1)
    assert np.any(sim.data[probe] != 0)


def test_several_rules_on_a_connection(Simulator):
    network = make_product()
    kinds = {
        "first": nengo_fa.FeedbackAlignment(1),
        "second": nengo_fa.FeedbackAlignment(1, learning_rate=0.5),
        "voja": nengo.Voja(),
    }
    network.connections[-2:] = []
    network.encode.learning_rule_type = kinds
    with network:
        for transform, name in enumerate(["first", "second"], start=1):
            rule = network.encode.learning_rule[name]
            nengo.Connection(network.error, rule, transform=transform, synapse=None)
    with pytest.warns(NengoWarning, match="PES rule of .*: its error is zero"):
        rates = suggest(network)
    assert {type(rule.learning_rule_type).__name__ for rule in rates} == {
        "FeedbackAlignment"
    }
    rates.apply()
    assert list(network.encode.learning_rule_type) == list(kinds)
    assert network.encode.learning_rule_type["voja"] is kinds["voja"]
    with Simulator(network) as sim:
        sim.run(0.01)


def test_zero_decoders_give_no_rate_for_backprop():
    network = make_product()
    network.connections[-2:] = network.connections[-1:]
    network.encode.learning_rule_type = nengo_fa.Backprop(network.decode)
    with network:
        nengo.Connection(network.error, network.encode.learning_rule, synapse=None)
    with pytest.warns(NengoWarning, match="because the feedback weights are zero"):
        rates = suggest(network)
    ((rule, reason),) = rates.reasons.items()
    assert reason in str(rates)
    with pytest.raises(KeyError, match=f"None can be suggested, because {reason}"):
        rates[rule]
    with pytest.raises(KeyError, match=r"use rates\[connection.learning_rule\]"):
        rates[network.decode]
    with pytest.raises(KeyError, match="elsewhere has no sugg.* Print the rates"):
        rates["elsewhere"]


@pytest.mark.parametrize("normalize", [True, False])
def test_inputs_far_outside_the_radius(normalize):
    """Encoders that are not normalized may be weights, for inputs of any length."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        suggest(make_product(radius=0.05, normalize_encoders=normalize))
    messages = [str(each.message) for each in caught]
    assert any("inputs reach" in message for message in messages) == normalize


def test_a_network_without_rules_is_refused():
    with nengo.Network() as network:
        nengo.Connection(nengo.Node([1]), nengo.Ensemble(10, 1))
    with pytest.raises(ValidationError, match="neither an encoder learning rule"):
        suggest(network)


def test_what_is_not_a_network_is_refused():
    with pytest.raises(ValidationError, match="Must be a nengo.Network"):
        suggest(make_product().encode)


@pytest.mark.parametrize("name", ["turn", "halving_time", "dt"])
@pytest.mark.parametrize("value", [0, -1, np.nan, True, "much"])
def test_numbers_are_positive(name, value):
    with pytest.raises(ValidationError, match="positive"):
        suggest(make_product(), **{name: value})


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"turn": 1e6}, "full circle"),
        ({"halving_time": 1e-4}, "one time step"),
        ({"dt": 1.0}, "one time step"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
    ],
)
def test_what_is_too_much_for_a_time_step_or_no_seed(arguments, match):
    with pytest.raises(ValidationError, match=match):
        suggest(make_product(), **arguments)


@pytest.mark.parametrize("normalization", ["forced", "augmented"])
def test_a_rule_that_cannot_be_computed_is_named(Simulator, normalization):
    rule = nengo_fa.FeedbackAlignment(1, normalization=normalization)
    network = make_product(rule, scale=1e200)
    with Simulator(network) as sim, pytest.raises(SimulationError, match="too large"):
        with np.errstate(over="ignore"):
            sim.run(0.1)
    # which is what it was without a name
    assert issubclass(NotFiniteError, FloatingPointError)


def test_a_given_rate_out_of_proportion_is_named(Simulator):
    rule = nengo_fa.FeedbackAlignment(1, 1.0, derivative=nengo_fa.Rate())
    Simulator(make_product(rule)).close()
    rule = nengo_fa.FeedbackAlignment(1, 1e5, derivative=nengo_fa.Rate())
    with pytest.warns(NengoWarning, match="suggest_learning_rate"):
        Simulator(make_product(rule)).close()


def find_changes(Simulator, rule, **kwargs):
    network = make_product(rule, **kwargs)
    with network:
        probe = nengo.Probe(network.encode.learning_rule, "delta")
    with Simulator(network) as sim:
        sim.run(0.05)
    return sim.data[probe]


def test_the_default_is_one_for_step_and_small_derivatives(Simulator):
    small = {"neuron_type": nengo.LIF(amplitude=0.001)}
    for derivative, kwargs in [(nengo_fa.Step(), {}), (nengo_fa.Rate(), small)]:
        default = nengo_fa.FeedbackAlignment(1, derivative=derivative)
        given = nengo_fa.FeedbackAlignment(1, 1.0, derivative=derivative)
        np.testing.assert_array_equal(
            find_changes(Simulator, default, **kwargs),
            find_changes(Simulator, given, **kwargs),
        )


def test_the_default_does_not_depend_on_hertz_or_amplitude(Simulator):
    def find_size(amplitude, **kwargs):
        rule = nengo_fa.FeedbackAlignment(1, derivative=nengo_fa.Rate(), **kwargs)
        changes = find_changes(
            Simulator,
            rule,
            neuron_type=nengo.LIFRate(amplitude=amplitude),
            pes=nengo.PES(0),
        )
        return np.sqrt(np.mean(changes**2))

    assert find_size(1.0) == pytest.approx(find_size(100.0))
    # as large as they were with a rate that was given
    assert find_size(1.0, learning_rate=1.0) > 10 * find_size(1.0)


def suggest_in_many_dimensions(is_probed):
    with nengo.Network(seed=1) as network:
        stimulus, error = nengo.Node(np.full(40, 0.1)), nengo.Node([1.0])
        encode = nengo.Connection(
            stimulus,
            nengo.Ensemble(110, 40, seed=1),
            seed=1,
            learning_rule_type=nengo_fa.FeedbackAlignment(1, normalization=None),
        )
        nengo.Connection(error, encode.learning_rule)
        with nengo.Network():
            signal = nengo_fa.LearningSignal(encode.learning_rule)
            nengo.Connection(nengo.Node([0.0]), signal, synapse=None)
        if is_probed:
            nengo.Probe(encode.learning_rule, "delta")
    (rate,) = suggest(network).values()
    return rate


def test_many_dimensions():
    # where encoders learn in place, unless delta is probed
    expected = suggest_in_many_dimensions(True)
    assert suggest_in_many_dimensions(False) == pytest.approx(expected, rel=1e-6)
