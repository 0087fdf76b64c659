import os
import sys

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from nengo_fa.receptive_fields import differences, gabor, patches

from nengo_fa.datasets import digits, mnist

SHAPE = 10, 14  # not square, so that height and width cannot be confused


def find_extent(images):
    """Return the height, width and center of the nonzero part of each image."""
    extent, center = [], []
    for image in images:
        where = np.array(np.nonzero(image))
        extent.append(np.ptp(where, axis=1) + 1)
        center.append(where.mean(axis=1))
    return np.array(extent), np.array(center)


@pytest.mark.parametrize("draw", [gabor, patches])
def test_patches_are_confined(draw, rng):
    encoders = draw(200, SHAPE, rng, 4)
    assert encoders.shape == (200, 140)
    assert np.allclose(np.linalg.norm(encoders, axis=1), 1)
    extent, center = find_extent(encoders.reshape(-1, *SHAPE))
    assert np.all(extent.max(axis=0) == 4)
    # they are everywhere in the image
    assert np.all(center.min(axis=0) <= 2.5)
    assert np.all(center.max(axis=0) >= np.array(SHAPE) - 3.5)


@pytest.mark.parametrize("draw", [gabor, patches])
def test_whole_image(draw, rng):
    encoders = draw(20, (5, 5), rng, 5)
    assert np.count_nonzero(encoders) == encoders.size


def test_gabor_filters_are_smooth_and_patches_are_not(rng):
    """Neighbouring weights of a filter are similar."""

    def correlation(encoders):
        images = encoders.reshape(-1, 12, 12)
        return np.sum(images[:, 1:] * images[:, :-1]) / np.sum(images[:, 1:] ** 2)

    assert correlation(gabor(200, (12, 12), rng, 12)) > 0.7
    assert abs(correlation(patches(200, (12, 12), rng, 12))) < 0.1


def test_differences(rng):
    """One-hot samples show which two a row is the difference of."""
    labels = np.array([0, 0, 0, 1, 1, 2])
    encoders = differences(300, np.eye(6), labels, rng)
    assert encoders.shape == (300, 6)
    assert np.allclose(np.linalg.norm(encoders, axis=1), 1)
    first, second = encoders.argmax(axis=1), encoders.argmin(axis=1)
    assert np.allclose(encoders[np.arange(300), first], np.sqrt(0.5))
    assert np.allclose(encoders[np.arange(300), second], -np.sqrt(0.5))
    assert np.all(labels[first] != labels[second])
    pairs = set(zip(first, second))
    assert len(pairs) == 2 * (3 * 2 + 3 * 1 + 2 * 1)


def test_differences_of_bytes_do_not_wrap(rng):
    encoders = differences(50, np.array([[200], [0]], dtype=np.uint8), [0, 1], rng)
    assert set(encoders[:, 0]) == {-1.0, 1.0}


def test_samples_that_are_alike_are_drawn_again(rng):
    x = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    encoders = differences(50, x, [0, 1, 0], rng)
    assert np.allclose(np.abs(encoders), np.sqrt(0.5))


def test_differences_in_patches(rng):
    data = digits()
    encoders = differences(100, data.x_train, data.labels_train, rng, (8, 8), 3)
    assert np.allclose(np.linalg.norm(encoders, axis=1), 1)
    extent, center = find_extent(encoders.reshape(-1, 8, 8))
    assert np.all(extent.max(axis=0) == 3)
    assert len(np.unique(center.round(), axis=0)) > 20


def test_same_seed_same_encoders():
    data = digits()
    for draw in (
        lambda rng: gabor(10, SHAPE, rng, 4),
        lambda rng: patches(10, SHAPE, rng, 4),
        lambda rng: differences(10, data.x_train, data.labels_train, rng),
        lambda rng: differences(10, data.x_train, data.labels_train, rng, (8, 8), 3),
    ):
        one, same, other = (draw(np.random.RandomState(seed)) for seed in (1, 1, 2))
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", ["gabor", "patches", "differences"])
def test_in_an_ensemble(name, Simulator, rng, seed, allclose):
    """Nengo accepts them unchanged, and they classify test digits without training."""
    data = digits().centered()
    encoders = {
        "gabor": lambda: gabor(100, (8, 8), rng, 5),
        "patches": lambda: patches(100, (8, 8), rng, 5),
        "differences": lambda: differences(100, data.x_train, data.labels_train, rng),
    }[name]()
    with nengo.Network(seed=seed) as network:
        hidden = nengo.Ensemble(
            100,
            64,
            radius=0.2,
            encoders=encoders,
            neuron_type=nengo.LIFRate(),
            intercepts=nengo.dists.Uniform(-0.5, 0.5),
        )
        decode = nengo.Connection(
            hidden,
            nengo.Node(size_in=10),
            eval_points=data.x_train,
            scale_eval_points=False,
            function=data.one_hot()[0],
            solver=nengo.solvers.LstsqL2(reg=0.01),
        )
    with Simulator(network) as sim:
        assert allclose(sim.data[hidden].encoders, encoders)
        _, activities = nengo.utils.ensemble.tuning_curves(hidden, sim, data.x_test)
        decoded = activities @ sim.data[decode].weights.T
    assert np.mean(decoded.argmax(axis=1) != data.labels_test) < 0.2


@pytest.mark.skipif(
    "NENGO_FA_DATA" not in os.environ,
    reason="NENGO_FA_DATA does not say where MNIST is",
)
def test_order_of_the_table(rng):
    """On MNIST, untrained: filters before differences before Nengo's own."""
    data = mnist(os.environ["NENGO_FA_DATA"]).centered()
    x, labels = data.x_train[:3000], data.labels_train[:3000]
    target = np.eye(10)[labels]
    neuron_type = nengo.LIFRate(amplitude=1 / 75)
    gain, bias = neuron_type.gain_bias(
        rng.uniform(50, 100, size=200), rng.uniform(-0.5, 0.5, size=200)
    )
    error = []
    for encoders in (
        gabor(200, data.image_shape, rng, 13),
        differences(200, x, labels, rng),
        nengo.dists.UniformHypersphere(surface=True).sample(200, 784, rng=rng),
    ):
        train, test = (
            neuron_type.rates(samples @ encoders.T / 0.1, gain, bias)
            for samples in (x, data.x_test[:3000])
        )
        decoders, _ = nengo.solvers.LstsqL2(reg=0.01)(train, target)
        wrong = np.argmax(test @ decoders, axis=1) != data.labels_test[:3000]
        error.append(np.mean(wrong))
    assert error[0] + 0.01 < error[1] < error[2] - 0.01


@pytest.mark.parametrize("draw", [gabor, patches])
@pytest.mark.parametrize(
    "n_neurons, image_shape, size, attr",
    [
        (0, SHAPE, 3, "n_neurons"),
        (1.5, SHAPE, 3, "n_neurons"),
        (5, None, 3, "image_shape"),
        (5, (10,), 3, "image_shape"),
        (5, (10, 0), 3, "image_shape"),
        (5, (10, 10.0), 3, "image_shape"),
        (5, SHAPE, 0, "size"),
        (5, SHAPE, 11, "size"),
        (5, SHAPE, 2.5, "size"),
        (5, SHAPE, (3, 3), "size"),
    ],
)
def test_bad_patches(draw, rng, n_neurons, image_shape, size, attr):
    with pytest.raises(ValidationError) as info:
        draw(n_neurons, image_shape, rng, size)
    assert info.value.attr == attr


@pytest.mark.parametrize(
    "change, attr",
    [
        ({"n_neurons": 0}, "n_neurons"),
        ({"x": np.eye(4)[0]}, "labels"),
        ({"labels": [0, 1]}, "labels"),
        ({"labels": [1, 1, 1, 1]}, "labels"),
        ({"x": np.empty((0, 4)), "labels": []}, "labels"),
        ({"x": np.ones((4, 4))}, "x"),
        ({"size": 2}, "size"),
        ({"image_shape": (2, 2)}, "size"),
        ({"image_shape": (2, 3), "size": 2}, "image_shape"),
        ({"image_shape": (2, 2), "size": 3}, "size"),
    ],
)
def test_bad_differences(rng, change, attr):
    arguments = {"n_neurons": 5, "x": np.eye(4), "labels": [0, 0, 1, 1], **change}
    with pytest.raises(ValidationError) as info:
        differences(rng=rng, **arguments)
    assert info.value.attr == attr


def test_without_nengo_extras(monkeypatch, rng):
    monkeypatch.setitem(sys.modules, "nengo_extras", None)
    for draw in (gabor, patches):
        with pytest.raises(ImportError, match=r"pip install nengo-extras"):
            draw(5, SHAPE, rng, 3)
    assert differences(5, np.eye(2), [0, 1], rng).shape == (5, 2)
