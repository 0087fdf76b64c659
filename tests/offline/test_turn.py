"""The learning rate as a turn of the encoders."""

import copy
import pickle
import re
import warnings

import nengo
import numpy as np
import pytest
from nengo.exceptions import ConvergenceError, NengoWarning, ValidationError

import nengo_fa
from nengo_fa import Backprop, FeedbackAlignment, Rate, train
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.normalizations import NORMALIZATIONS

LIF_RATE = nengo.LIFRate(amplitude=0.01)


class Net:
    """A network that is to multiply, and samples for it."""

    def __init__(self, seed=1, rule=FeedbackAlignment, n_layers=1, scale=1, **kwargs):
        with nengo.Network(seed=seed) as self.model:
            pre, output = nengo.Node(size_in=2), nengo.Node(size_in=1)
            self.layers = [
                nengo.Ensemble(20, 2, neuron_type=LIF_RATE) for _ in range(n_layers)
            ]
            self.encodes = []
            for layer in self.layers:
                self.encodes.append(nengo.Connection(pre, layer, synapse=None))
                pre = layer
            self.decode = nengo.Connection(pre, output, function=lambda x: 0)
            error = self.decode if rule is Backprop else 1
            kwargs = {"derivative": Rate(), **kwargs}
            for encode in self.encodes:
                encode.learning_rule_type = rule(error, **kwargs)
        x = nengo.dists.UniformHypersphere().sample(
            200, 2, rng=np.random.RandomState(0)
        )
        self.x, self.y = x, scale * x[:, :1] * x[:, 1:]

    def train(self, epochs=1, **kwargs):
        kwargs = {"network": self.model, "progress_bar": False, **kwargs}
        return train(self.decode, self.x, self.y, epochs, **kwargs)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("rule", [FeedbackAlignment, Backprop])
def test_first_update_turns_encoders_so_far(rule, normalization):
    nets = [Net(rule=rule, normalization=normalization) for _ in range(2)]
    before = nets[0].train(0).encoders
    history = nets[1].train(turn=1e-5)
    turns = np.linalg.norm(history.encoders - before, axis=1)  # of unit length
    assert np.sqrt(np.mean(turns**2)) == pytest.approx(1e-5, rel=1e-3)
    np.testing.assert_allclose(history.turn, [0, 1e-5], rtol=1e-3)


@pytest.mark.parametrize("batch_size", [None, 50])
def test_learning_rate_that_was_found_is_one_that_can_be_given(batch_size):
    found = Net().train(5, batch_size=batch_size)
    given = Net(learning_rate=found.learning_rate).train(5, batch_size=batch_size)
    assert given.learning_rate == found.learning_rate
    assert np.array_equal(given.encoders, found.encoders)
    assert np.array_equal(given.rmse, found.rmse)


@pytest.mark.parametrize("learning_rate", [0, 1.0, 3])
def test_given_learning_rates_are_used(learning_rate):
    """One that is the same number as the default, too."""
    net = Net(learning_rate=learning_rate)
    history = net.train()
    assert history.learning_rate == learning_rate
    assert np.any(history.turn > 0) == (learning_rate > 0)


def test_turn_stands_for_a_given_learning_rate_other_than_zero():
    assert Net(learning_rate=3).train(turn=0.02).turn[1] == pytest.approx(0.02)
    assert Net(learning_rate=0).train(turn=0.02).learning_rate == 0


@pytest.mark.parametrize("rule", [FeedbackAlignment, Backprop])
def test_learning_does_not_depend_on_the_scale_of_targets(rule, allclose):
    plain, scaled = Net(rule=rule).train(5), Net(rule=rule, scale=100).train(5)
    assert allclose(100 * plain.rmse, scaled.rmse, rtol=1e-6)
    assert not allclose(plain.learning_rate, scaled.learning_rate, rtol=0.1)


@pytest.mark.parametrize("rule", [FeedbackAlignment, Backprop])
def test_learning_rate_that_is_found_is_nearly_the_best(rule):
    """By the error for other samples, whatever the scale; 1.0, a rate as any, is not."""

    def measure(seed, learning_rate=None):
        rate = {} if learning_rate is None else {"learning_rate": learning_rate}
        net = Net(seed=seed, rule=rule, scale=100, **rate)
        x = nengo.dists.UniformHypersphere().sample(
            500, 2, rng=np.random.RandomState(9)
        )
        history = net.train(60, test=(x, 100 * x[:, :1] * x[:, 1:]))
        return history.test_rmse[-1] / history.test_rmse[0], history.learning_rate

    errors = []
    for seed in (2, 3, 4):
        found, rate = measure(seed)
        grid = [measure(seed, rate * 10**k)[0] for k in np.linspace(-1.5, 1.5, 7)]
        errors.append([found, measure(seed, 1.0)[0], *grid])
    found, plain, *grid = np.mean(errors, axis=0)
    assert found < 1.15 * min(grid) and found < 0.9
    assert plain > 1.15 * min(grid)


@pytest.mark.parametrize("dimensions, turn", [(2, 0.05), (8, 0.2), (784, np.pi / 2)])
def test_default_turn_of_the_first_layer_is_by_its_dimensions(dimensions, turn, rng):
    with nengo.Network(seed=1) as model:
        stimulus, output = nengo.Node(size_in=dimensions), nengo.Node(size_in=1)
        first = nengo.Ensemble(20, dimensions, neuron_type=LIF_RATE)
        second = nengo.Ensemble(20, 20, neuron_type=LIF_RATE, radius=3)
        encodes = [
            nengo.Connection(stimulus, first),
            nengo.Connection(first.neurons, second, transform=np.eye(20)),
        ]
        decode = nengo.Connection(second, output, function=lambda x: 0)
        nengo_fa.teach_chain(encodes, decode, derivative=Rate())
    x = nengo.dists.UniformHypersphere().sample(100, dimensions, rng=rng)
    options = {"epochs": 0, "network": model, "progress_bar": False}
    default, one = (
        train(decode, x, x[:, :1], **options, **k) for k in ({}, {"turn": 1})
    )
    turns = [
        a.learning_rate / b.learning_rate for a, b in zip(default.layers, one.layers)
    ]
    np.testing.assert_allclose(turns, [turn, 0.1])


def test_default_turn_of_a_layer_before_solved_decoders_is_small():
    """The decoders do not learn, and would no longer fit the previous layer."""
    default, one = (Net(n_layers=2).train(0, **k) for k in ({}, {"turn": 1}))
    turns = [
        a.learning_rate / b.learning_rate for a, b in zip(default.layers, one.layers)
    ]
    np.testing.assert_allclose(turns, [0.006, 0.05])


@pytest.mark.parametrize("seed", [0, 1])
def test_layers_with_solved_decoders_between_them_learn_by_default(seed):
    """With the turn of other layers they would harm, and that would be said."""
    rmse = Net(n_layers=2, seed=seed).train(100).rmse
    assert rmse[-1] < 0.9 * rmse[0]
    with pytest.warns(NengoWarning, match="worse than without learning"):
        Net(n_layers=2, seed=seed).train(100, turn=0.1)


def test_nothing_is_said_of_harm_if_the_best_epoch_is_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Net(n_layers=2, seed=0).train(100, turn=0.1, validation=0.2)


def test_each_layer_has_a_learning_rate_of_its_own():
    history = Net(n_layers=2).train(turn=0.02)
    rates = [layer.learning_rate for layer in history.layers]
    assert rates[0] != pytest.approx(rates[1], rel=0.01)
    for layer in history.layers:
        assert layer.turn[1] == pytest.approx(0.02, rel=1e-6)


@pytest.mark.parametrize("batch_size", [None, 50])
def test_each_network_has_a_learning_rate_of_its_own(batch_size):
    nets = [Net(seed=1), Net(seed=2, scale=10)]
    trainer = Trainer(
        [find_path(net.decode, net.model) for net in nets],
        [net.x for net in nets],
        [net.y for net in nets],
        batch_size,
        rng=np.random.RandomState(3),
        turn=0.05,
    )
    rmse = np.array([rmse for _, rmse in trainer.run(3)])
    for k, net in enumerate(nets):
        alone = net.train(3, batch_size=batch_size, turn=0.05, seed=3)
        np.testing.assert_allclose(rmse[-1, k], alone.rmse[-1], rtol=1e-8)


def test_measured_spikes():
    history = Net().train(turn=0.02, presentation_time=0.05)
    assert history.turn[1] == pytest.approx(0.02, rel=1e-6)


@pytest.mark.parametrize("kind", ["zero", "perfect", "silent"])
def test_nothing_turns_without_an_error_or_neurons_that_fire(kind):
    net = Net(scale=0 if kind == "zero" else 1)
    if kind == "perfect":  # but for rounding
        (hidden,) = net.layers
        hidden.neuron_type = nengo.RectifiedLinear()
        hidden.intercepts = nengo.dists.Choice([-1])
        net.y, net.decode.solver = net.x[:, :1], nengo.solvers.Lstsq(rcond=1e-12)
    if kind == "silent":
        net.x = np.zeros_like(net.x)
    with pytest.warns(NengoWarning, match="will not change: the first update"):
        history = net.train(2)
    assert history.learning_rate == 0 and not np.any(history.turn)


class Partial(nengo_fa.Derivative):
    """A derivative that is undefined for some currents."""

    def make_step(self, neuron_type, signal, out):
        return lambda: np.copyto(out, np.where(signal > 3, np.nan, 1))


class Undefined(FeedbackAlignment):
    """A rule whose errors of neurons are undefined."""

    arrays = ("projected_error",)

    def make_step(self, out, projected_error):
        return lambda: np.copyto(out, np.where(projected_error > 0, np.nan, 0))


@pytest.mark.parametrize(
    "rule", [FeedbackAlignment(1, derivative=Partial()), Undefined(1)], ids=repr
)
def test_rules_with_undefined_values_are_named(rule):
    """If they are undefined for some samples only; otherwise, building may fail."""
    net = Net()
    (hidden,), (encode,) = net.layers, net.encodes
    hidden.intercepts = nengo.dists.Choice([0])  # the current is one without input
    encode.learning_rule_type = rule
    message = rf"infinity. The derivative of {re.escape(repr(rule))}, and the errors"
    with pytest.raises(ConvergenceError, match=message):
        net.train()


def test_schedule():
    """It is asked for each epoch, and multiplies the learning rates."""
    asked = []

    def schedule(epoch):
        asked.append(epoch)
        return [1, 0, 0.5][epoch]

    history = Net().train(3, schedule=schedule, turn=1e-3)
    assert asked == [0, 1, 2]
    plain = Net().train(3, turn=1e-3)
    ratio = history.turn[1:] / plain.turn[1:]
    np.testing.assert_allclose(ratio, [1, 0, 0.5], rtol=0.1)
    assert history.learning_rate == plain.learning_rate


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, None])
def test_rules_know_whether_they_were_given_a_learning_rate(copied):
    if copied is None:
        copied = lambda rule: pickle.loads(pickle.dumps(rule))  # noqa: E731
    default, given = FeedbackAlignment(1), FeedbackAlignment(1, learning_rate=1)
    assert default.learning_rate == given.learning_rate == 1
    assert default != given and copied(default) == default and copied(given) == given
    assert len({default, given, copied(default), copied(given)}) == 2
    assert repr(copied(default)) == "FeedbackAlignment(size_in=1)"
    assert eval(repr(copied(given)), vars(nengo_fa)) == given


def test_learning_rate_of_a_config_is_given():
    with nengo.Network() as network:
        network.config.configures(FeedbackAlignment)
        network.config[FeedbackAlignment].learning_rate = 1
        assert FeedbackAlignment(1) == FeedbackAlignment(1, learning_rate=1)


def test_more_than_a_full_circle_is_named():
    with pytest.warns(NengoWarning, match="more than a full circle"):
        Net().train(turn=1e6)


@pytest.mark.parametrize(
    "attr, value, match",
    [
        ("turn", 0, "above zero"),
        ("turn", np.inf, "an angle"),
        ("turn", True, "an angle"),
        ("turn", "0.1", "an angle"),
        ("schedule", 0.9, "function of the number"),
        ("schedule", lambda epoch: -1, "not negative"),
        ("schedule", lambda epoch: None, "not negative"),
        ("schedule", lambda epoch: np.zeros(2), "not negative"),
        ("schedule", lambda epoch: np.ones((2, 2)), "not negative"),
    ],
)
def test_arguments_are_checked(attr, value, match):
    with pytest.raises(ValidationError, match=match) as info:
        Net().train(**{attr: value})
    assert info.value.attr == attr
