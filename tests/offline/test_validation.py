"""Samples that are held out, early stopping, and the best epoch, which is kept."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ConvergenceError, NengoWarning, ValidationError

import nengo_fa
from nengo_fa import FeedbackAlignment, Rate, train

N_NEURONS = 20


class Net:
    """A network that is to learn a product, and noisy samples for it."""

    def __init__(self, seed=1, **rule):
        rule = {"derivative": Rate(), **rule}
        with nengo.Network(seed=seed) as self.model:
            self.stimulus, self.output = nengo.Node(np.zeros(2)), nengo.Node(size_in=1)
            self.hidden = nengo.Ensemble(
                N_NEURONS, 2, neuron_type=nengo.LIFRate(amplitude=0.01)
            )
            self.encode = nengo.Connection(
                self.stimulus,
                self.hidden,
                synapse=None,
                learning_rule_type=FeedbackAlignment(1, **rule),
            )
            self.decode = nengo.Connection(
                self.hidden, self.output, function=lambda x: 0, synapse=None
            )
        self.training, self.held_out = self.samples(80, 0), self.samples(200, 1)

    @staticmethod
    def samples(n_samples, seed):
        rng = np.random.RandomState(seed)
        x = nengo.dists.UniformHypersphere().sample(n_samples, 2, rng=rng)
        return x, x[:, :1] * x[:, 1:] + 0.1 * rng.randn(n_samples, 1)

    def train(self, epochs=60, **kwargs):
        kwargs = {"validation": self.held_out, "progress_bar": False, **kwargs}
        kwargs = {"network": self.model, **kwargs}
        return train(self.decode, *self.training, epochs, **kwargs)

    def error(self, x, y):
        """Return the root mean square error of a simulator's outputs for samples."""
        self.stimulus.output = nengo.processes.PresentInput(x, 0.001)
        with self.model:
            probe = nengo.Probe(self.output)
        with nengo.Simulator(self.model, progress_bar=False) as sim:
            sim.run_steps(len(x))
        return np.sqrt(np.mean((sim.data[probe] - y) ** 2))


@pytest.mark.parametrize("batch_size", [None, 20])
def test_network_holds_the_best_epoch(batch_size):
    net = Net()
    history = net.train(turn=0.5, batch_size=batch_size)
    best = history.best_epoch
    assert 0 < best < history.n_epochs == 60
    error = net.error(*net.held_out)
    assert error == pytest.approx(history.validation_rmse[best], rel=1e-9)
    assert error < history.validation_rmse[-1]
    assert net.error(*net.training) == pytest.approx(history.rmse[best], rel=1e-9)
    if batch_size is None:
        assert best == np.argmin(history.validation_rmse)
        shorter = Net().train(best, turn=0.5)
        assert np.array_equal(shorter.encoders, history.encoders)
        assert np.array_equal(shorter.decoders, history.decoders)


def test_validation_does_not_change_what_is_learned():
    one, other = Net().train(10), Net().train(10, validation=None)
    assert np.array_equal(one.rmse, other.rmse)
    assert other.validation_rmse is None and other.best_epoch is None


def test_patience_ends_the_training():
    whole = Net().train(turn=0.5)
    history = Net().train(turn=0.5, patience=3)
    assert history.n_epochs == history.best_epoch + 3 < 60
    stop = history.n_epochs + 1
    assert np.array_equal(history.validation_rmse, whole.validation_rmse[:stop])


def test_fraction_is_held_out():
    """Held-out samples are not learned from, not lost, and the same each time."""
    net = Net()
    history = net.train(0, validation=0.25)
    errors = [net.error(x[None], y[None]) for x, y in zip(*net.training)]
    n, mean_square = len(errors), np.mean(np.square(errors))
    parts = 0.75 * history.rmse[0] ** 2 + 0.25 * history.validation_rmse[0] ** 2
    assert parts == pytest.approx(mean_square, rel=1e-9) and n == 80
    assert np.array_equal(Net().train(0, validation=0.25).decoders, history.decoders)
    other = Net().train(0, validation=0.25, seed=5)
    assert not np.array_equal(other.decoders, history.decoders)


@pytest.mark.parametrize("batch_size", [None, 20])
@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError])
def test_whatever_ends_the_training_the_best_is_kept(raised, batch_size):
    epochs = []

    def callback(history):
        epochs.append(history)
        if 0 < history.best_epoch < history.n_epochs - 2:
            raise raised

    net = Net()
    kwargs = {"turn": 0.5, "batch_size": batch_size, "callback": callback}
    if raised is ValueError:
        with pytest.raises(ValueError):
            net.train(**kwargs)
    else:
        assert net.train(**kwargs).interrupted
    best = epochs[-1].best_epoch
    assert 0 < best < epochs[-1].n_epochs
    assert np.array_equal(net.hidden.encoders, epochs[best - 1].encoders)


def test_ctrl_c_can_end_a_loop_over_trainings():
    def interrupt(history):
        raise KeyboardInterrupt

    net, expected = Net(), Net().train(1)
    with pytest.raises(KeyboardInterrupt):
        net.train(callback=interrupt, raise_interrupt=True)
    assert np.array_equal(net.hidden.encoders, expected.encoders)
    assert not Net().train(1, raise_interrupt=True).interrupted


def test_divergence_leaves_the_best_epoch():
    net = Net(normalization=None)
    net.hidden.neuron_type = nengo.RectifiedLinear()
    start = net.train(0).encoders
    with pytest.raises(
        ConvergenceError, match="The network contains the parameters of epoch 0"
    ):
        net.train(turn=1, schedule=lambda epoch: 1e300)
    assert np.array_equal(net.hidden.encoders, start)


def test_metrics_and_snapshots_are_of_all_epochs():
    history = Net().train(
        20, turn=0.5, batch_size=20, metrics=True, snapshots=range(21)
    )
    assert history.best_epoch < 20
    assert len(history.alignment) == len(history.snapshots) == len(history.turn) == 21
    assert np.array_equal(history.snapshots[history.best_epoch], history.encoders)


def test_fewer_samples_than_neurons():
    net = Net()
    net.training = net.samples(N_NEURONS - 1, 0)
    with pytest.warns(NengoWarning, match="19 and 20.*with validation"):
        history = net.train()
    assert history.validation_rmse[history.best_epoch] <= history.validation_rmse[0]
    with pytest.raises(ValidationError, match="regularized solver"):
        net.train(solver=nengo.solvers.LstsqL2(reg=0))


def test_real_data_that_training_would_overfit():
    """The kept network is not worse than the untaught network, apart from chance."""
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_diabetes(return_X_y=True)
    x, y = x * np.sqrt(len(x) / 10), ((y - y.mean()) / y.std())[:, None]
    errors = np.array([_train_on(x, y, seed) for seed in range(4)])
    overfitted, kept = np.mean(errors, axis=0)
    assert overfitted > 1.04 and kept < 1.015


def _train_on(x, y, seed):
    """Return the test errors of the last and best epoch relative to the untaught network."""
    order = np.random.RandomState(seed).permutation(len(x))
    training, test = order[:300], order[300:]
    errors = []
    for kwargs in ({}, {"validation": 0.2, "patience": 10}):
        with nengo.Network(seed=seed) as model:
            stimulus, output = nengo.Node(size_in=10), nengo.Node(size_in=1)
            hidden = nengo.Ensemble(50, 10, neuron_type=nengo.LIF(amplitude=0.01))
            decode = nengo.Connection(hidden, output, function=lambda x: 0)
            rule = nengo_fa.Backprop(decode, derivative=Rate())
            nengo.Connection(stimulus, hidden, learning_rule_type=rule)
        history = train(
            decode, x[training], y[training], 100, test=(x[test], y[test]),
            network=model, progress_bar=False, **kwargs,
        )  # fmt: skip
        kept = -1 if history.best_epoch is None else history.best_epoch
        errors.append(history.test_rmse[kept] / history.test_rmse[0])
    return errors


@pytest.mark.parametrize(
    "attr, kwargs, match",
    [
        ("validation", dict(validation=0), "fraction"),
        ("validation", dict(validation=1.0), "fraction"),
        ("validation", dict(validation=0.999), "in both parts"),
        ("validation", dict(validation="some"), "fraction"),
        ("validation", dict(validation=np.ones((300, 3))), r"(?s)\A.{0,300}\Z"),
        ("validation x", dict(validation=([[1]], [[1]])), "n_samples, 2"),
        ("validation", dict(validation=(1, 2, 3)), "pair"),
        ("patience", dict(patience=0), "integer, at least 1"),
        ("patience", dict(patience=5, validation=None), "validation=0.2"),
        ("raise_interrupt", dict(raise_interrupt="yes"), "True or False"),
    ],
)
def test_arguments_are_checked(attr, kwargs, match):
    with pytest.raises(ValidationError, match=match) as info:
        Net().train(**kwargs)
    assert info.value.attr == attr
