"""Many networks side by side, as experiments train them."""

import nengo
import numpy as np
import pytest

from nengo_fa import FeedbackAlignment, Rate, teach_chain, train
from nengo_fa.networks import DeepClassifier
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path


def make_network(seed):
    """Make a network that learns to multiply, with a transform before the taught layer."""
    with nengo.Network(seed=seed) as model:
        stimulus = nengo.Node(np.zeros(2))
        hidden = nengo.Ensemble(20, 2, neuron_type=nengo.LIF(amplitude=0.01))
        rule = FeedbackAlignment(1, learning_rate=2, derivative=Rate())
        nengo.Connection(
            stimulus, hidden, transform=[0.9, 0.8], learning_rule_type=rule
        )
        model.decode = nengo.Connection(
            hidden, nengo.Node(size_in=1), function=np.prod, synapse=0.01
        )
    return model


def make_samples(seed, n_samples=60):
    rng = np.random.RandomState(seed)
    x = nengo.dists.UniformHypersphere().sample(n_samples, 2, rng=rng)
    return x, np.prod(x, axis=1, keepdims=True)


def make_trainer(seeds, **kwargs):
    networks = [make_network(seed) for seed in seeds]
    paths = [find_path(model.decode, model) for model in networks]
    x, y = zip(*(make_samples(seed) for seed in seeds))
    kwargs = {"rng": np.random.RandomState(7), **kwargs}
    return Trainer(paths, x, y, **kwargs)


@pytest.mark.parametrize("batch_size", [None, 25])
@pytest.mark.parametrize("presentation_time", [None, 0.05])
def test_it_trains_as_train_does(batch_size, presentation_time):
    """To the last bit, the error of test samples and the metrics included."""
    options = {"presentation_time": presentation_time, "batch_size": batch_size}
    trainer = make_trainer([1], **options)
    (x, y), (x_test, y_test) = make_samples(1), make_samples(2)
    test = trainer.make_test([x_test], [y_test], np.random.RandomState([7, 1]))
    metrics = trainer.make_metrics(np.random.RandomState([7, 2]))
    found = {}
    for epoch, rmse in trainer.run(3):
        (layer,) = metrics.measure()
        found[epoch] = rmse[0], test.test()[0], layer.alignment

    model = make_network(1)
    history = train(
        model.decode, x, y, 3, seed=7, test=(x_test, y_test), metrics=True,
        progress_bar=False, network=model, **options,
    )  # fmt: skip
    expected = zip(history.rmse, history.test_rmse, history.alignment)
    assert list(found) == [0, 1, 2, 3]
    assert list(found.values()) == list(expected)


@pytest.mark.parametrize("solver", [None, nengo.solvers.LstsqL2(reg=0.01)])
def test_networks_side_by_side_are_each_alone(solver):
    together = make_trainer([1, 2, 3], solver=solver)
    rmse = np.array([rmse for _, rmse in together.run(4)])
    for i, seed in enumerate((1, 2, 3)):
        alone = make_trainer([seed], solver=solver)
        assert np.array_equal([rmse[0] for _, rmse in alone.run(4)], rmse[:, i])
        encoders = together.chain.layers[0].encoders[i]
        assert np.array_equal(alone.chain.layers[0].encoders[0], encoders)
        assert np.array_equal(alone.gradients[0][0], together.gradients[0][i])
    assert not np.any(np.isclose(rmse[-1], rmse[0]))


def test_spikes_may_be_drawn_apart_from_batches():
    options = {"presentation_time": 0.02, "batch_size": 30}
    rngs = [np.random.RandomState(seed) for seed in (1, 1, 2)]
    trainers = [make_trainer([1], measure_rng=rng, **options) for rng in rngs]
    errors = [trainer.solve()[0] for trainer in trainers]
    assert errors[0] == errors[1] != errors[2]


def test_it_goes_on_where_learning_diverges():
    trainer = make_trainer([1])
    trainer.chain.layers[0].set_encoders(np.full((1, 20, 2), np.inf))
    assert [epoch for epoch, _ in trainer.run(2)] == [0, 1, 2]
    assert not trainer.chain.is_finite


def test_updates_of_deep_networks(allclose):
    """The updates of the metrics equal the changes of encoders in an epoch."""
    network = DeepClassifier(2, 1, [12, 10], neuron_type=nengo.LIFRate(), seed=1)
    with network:
        teach_chain(network.encodes, network.decode, variant="global",
                    learning_rate=1e-4, derivative=Rate())  # fmt: skip
    x, y = make_samples(1)
    trainer = Trainer([find_path(network.decode, network)], [x], [y])
    trainer.solve()
    before = [layer.encoders.copy() for layer in trainer.chain.layers]
    updates = trainer.make_metrics(np.random.RandomState(0)).find_updates()
    trainer.learn()
    for layer, start, update in zip(trainer.chain.layers, before, updates):
        change = layer.encoders - start
        assert allclose(change[0], update, rtol=1e-6, atol=1e-6 * np.abs(update).max())
        assert np.any(update)
