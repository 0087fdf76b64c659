"""Scaling of samples, as numbers and as a part of a network."""

import copy
import pickle

import nengo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nengo.exceptions import NengoWarning, ValidationError

import nengo_fa
from nengo_fa.datasets import Scaling


def make_samples(rng, n_samples=80):
    return rng.uniform([10, 1000, -3], [30, 1100, -2.9], size=(n_samples, 3))


def make_targets(x):
    return np.prod(Scaling.fit(x)(x), axis=1, keepdims=True)


def test_fitted_samples_are_standardized(rng):
    x = make_samples(rng)
    scaled = Scaling.fit(x)(x)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)
    sklearn = pytest.importorskip("sklearn.preprocessing")
    np.testing.assert_allclose(scaled, sklearn.StandardScaler().fit_transform(x))


@pytest.mark.parametrize("each", [True, False])
def test_one_scale_for_all_or_for_each(each, rng):
    x = make_samples(rng)
    scaling = Scaling.fit(x, each=each, length=1.5)
    assert np.linalg.norm(scaling(x), axis=1).mean() == pytest.approx(1.5)
    assert bool(np.ptp(scaling.scale) > 0) is each
    assert np.mean(Scaling.fit(x, each=each)(x) ** 2) == pytest.approx(1)


def test_scaling_is_that_of_centered_images():
    data = nengo_fa.datasets.digits()
    centered = data.centered()
    np.testing.assert_allclose(
        centered.scaling(data.x_test), centered.x_test, atol=1e-6
    )
    fitted = Scaling.fit(data.x_train, each=False, length=1)
    np.testing.assert_allclose(fitted(data.x_test), centered.x_test, atol=1e-5)
    assert np.array_equal(data.scaling(data.x_test), data.x_test)
    assert centered.scaling(data.x_test).dtype == np.float32


@given(
    arrays(float, 3, elements=st.floats(-1e6, 1e6)),
    arrays(float, 3, elements=st.floats(1e-3, 1e6)),
    arrays(float, (4, 3), elements=st.floats(-1e6, 1e6)),
)
def test_inverse_undoes_it(mean, scale, x):
    scaling = Scaling(mean, scale)
    restored = scaling.inverse(scaling(x))
    np.testing.assert_allclose(restored, x, rtol=1e-9, atol=1e-9 * 1e6)
    np.testing.assert_allclose([scaling(row) for row in x], scaling(x))


def test_constant_dimension_is_only_moved(rng):
    x = np.column_stack([rng.randn(50), np.full(50, 0.1)])
    scaling = Scaling.fit(x)
    assert scaling.scale[1] == 1
    np.testing.assert_allclose(scaling(x)[:, 1], 0, atol=1e-15)


class Net:
    def __init__(self, function):
        with nengo.Network(seed=1) as self.model:
            self.stimulus = nengo.Node(np.zeros(3))
            hidden = nengo.Ensemble(40, 3, radius=2, neuron_type=nengo.LIFRate())
            self.output = nengo.Node(size_in=1)
            rule = nengo_fa.FeedbackAlignment(1)
            self.encode = nengo.Connection(
                self.stimulus,
                hidden,
                function=function,
                synapse=None,
                learning_rule_type=rule,
            )
            self.decode = nengo.Connection(
                hidden, self.output, function=lambda x: x[0], synapse=None
            )
            self.probe = nengo.Probe(self.output)

    def train(self, x, y):
        return nengo_fa.train(self.decode, x, y, epochs=3, network=self.model)

    def predict(self, x):
        return nengo_fa.predict(self.decode, x, network=self.model)


def test_network_scales_what_it_is_given(Simulator, rng):
    """Training, predictions and simulations equal those with samples scaled by hand."""
    x = make_samples(rng)
    y, scaling = make_targets(x), Scaling.fit(x)
    inside, by_hand = Net(scaling), Net(None)
    histories = inside.train(x, y), by_hand.train(scaling(x), y)
    np.testing.assert_allclose(*(history.rmse for history in histories))
    np.testing.assert_allclose(inside.predict(x), by_hand.predict(scaling(x)))
    inside.stimulus.output = x[0]
    with Simulator(inside.model) as sim:
        sim.run_steps(2)
    np.testing.assert_allclose(sim.data[inside.probe][-1], inside.predict(x[:1])[0])


@pytest.mark.parametrize("other", [Scaling(np.zeros(3), 1), Scaling([1, 2, 3], 4)])
def test_file_brings_the_scaling(other, Simulator, tmp_path, rng):
    x = make_samples(rng)
    net, loaded = Net(Scaling.fit(x)), Net(other)
    net.train(x, make_targets(x))
    with Simulator(net.model) as sim:
        nengo_fa.save(sim, net.model, tmp_path / "net.npz")
    nengo_fa.load(loaded.model, tmp_path / "net.npz")
    np.testing.assert_array_equal(loaded.encode.function.mean, x.mean(axis=0))
    np.testing.assert_allclose(loaded.predict(x), net.predict(x))


def test_file_without_a_scaling_is_not_taken_for_one(Simulator, tmp_path):
    plain = Net(None).model
    with Simulator(plain) as sim:
        nengo_fa.save(sim, plain, tmp_path / "net.npz")
    net = Net(Scaling(np.zeros(3), 2))
    with pytest.raises(ValidationError, match="lacks connection0.mean"):
        nengo_fa.load(net.model, tmp_path / "net.npz")
    assert np.all(net.encode.function.scale == 2)


def test_file_with_a_scaling_that_the_network_lacks(Simulator, tmp_path, rng):
    x = make_samples(rng)
    net, by_hand = Net(Scaling.fit(x)), Net(None)
    with Simulator(net.model) as sim:
        nengo_fa.save(sim, net.model, tmp_path / "net.npz")
    with pytest.warns(NengoWarning, match="contains a scaling for .* which has none"):
        nengo_fa.load(by_hand.model, tmp_path / "net.npz")
    scaled = net.encode.function(x)
    np.testing.assert_allclose(by_hand.predict(scaled), net.predict(x))


def test_frozen_network_keeps_its_scaling(Simulator, rng):
    x = make_samples(rng)
    net = Net(Scaling.fit(x))
    expected = net.predict(x)
    with Simulator(net.model) as sim:
        nengo_fa.freeze_params(sim, net.model)
    np.testing.assert_allclose(net.predict(x), expected)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_copies_do_the_same(duplicate, rng):
    x = make_samples(rng)
    scaling = Scaling.fit(x)
    assert np.array_equal(duplicate(scaling)(x), scaling(x))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Scaling(0, 1), "entry for each dimension"),
        (lambda: Scaling([0, 1], [1, 0]), "above zero"),
        (lambda: Scaling([0, 1], [1, 1, 1]), "as many entries as the mean"),
        (lambda: Scaling([0, np.nan], 1), "finite"),
        (lambda: Scaling(["a"], 1), "real"),
        (lambda: Scaling.fit(np.ones((5, 2))), "differ"),
        (lambda: Scaling.fit(np.ones(5)), "differ"),
        (lambda: Scaling.fit([[0], [1]], length=0), "length above zero"),
        (lambda: Scaling([0, 0], 1)([1, 2, 3]), "2 dimensions"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValidationError, match=message):
        make()
