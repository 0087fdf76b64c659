import nengo
import numpy as np
import pytest

from nengo_fa.equations import weight_gradient
from nengo_fa.experiments.banded import BandedExperiment, make_inputs, make_targets
from nengo_fa.experiments.credit import (
    find_alignment,
    find_taught,
    find_visible_part,
    make_partners,
)
from nengo_fa.offline.layers import make_chain
from nengo_fa.offline.samples import Samples
from nengo_fa.offline.solving import make_solve
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.teach_chain import VARIANTS


def make_task(variant):
    """A chain with decoders, and its samples."""
    experiment = BandedExperiment(n_samples=80)
    network = experiment.declare(0, variant, "full")
    chain = make_chain([find_path(network.decode, network)])
    data = experiment.make_data(0)
    x, y = make_inputs(data.x_train), make_targets(data.labels_train)
    Samples(chain, [x], [y]).solve(make_solve(nengo.solvers.LstsqL2(reg=0.01), None))
    return chain, x, y


def test_backpropagation_is_the_gradient():
    """In the encoders of the first layer, by finite differences."""
    chain, x, y = make_task("direct")
    outputs, _, backpropagated = find_taught(chain, x, y)
    gradient = weight_gradient(backpropagated, x)
    weights, step = chain.layers[0].weights[0, :-1], 1e-6
    differences = np.empty_like(gradient)
    for i, j in np.ndindex(weights.shape):
        errors = []
        for sign in (1, -1):
            weights[i, j] += sign * step
            errors.append(find_taught(chain, x, y)[0] - y)
            weights[i, j] -= sign * step
        up, down = (np.mean(error**2) / 2 for error in errors)
        differences[j, i] = (up - down) / (2 * step)
    np.testing.assert_allclose(differences, gradient, atol=1e-6)
    assert np.abs(gradient).max() > 1e-3


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants(variant):
    """Only the variants of backpropagation have its errors."""
    chain, x, y = make_task(variant)
    _, delta, backpropagated = find_taught(chain, x, y)
    assert np.allclose(delta, backpropagated) == (variant == "backprop")


def test_alignment(rng):
    x, delta = rng.randn(50, 3), rng.randn(50, 4)
    scale = np.ones((4, 3))
    assert find_alignment(x, delta, 2 * delta, scale) == pytest.approx(1)
    assert find_alignment(x, delta, -delta, scale) == pytest.approx(-1)
    assert find_alignment(x, 0 * delta, delta, scale) == 0
    # what is not learned has no part in it
    other = delta.copy()
    other[:, 1:] *= -3
    scale[1:] = 0
    assert find_alignment(x, delta, other, scale) == pytest.approx(1)


def test_partners_share_one_dimension(rng):
    x = rng.uniform(-1, 1, size=(500, 3))
    before = x.copy()
    for k, partner in enumerate(make_partners(x, rng)):
        same = np.isclose(partner, x)
        assert same[:, k].all() and same.mean() < 0.4
        for column, other in zip(x.T, partner.T):
            assert np.array_equal(np.sort(column), np.sort(other))
    assert np.array_equal(x, before)


@pytest.mark.parametrize("offset", [0, 0.5, 2])
def test_visible_part(rng, offset):
    """For a product, it is that of the square of the mean of the hidden factor."""
    x = rng.uniform(-1, 1, size=(20000, 2))
    partners = make_partners(x, rng)

    def teach(x):
        # the second neuron sees the second dimension
        return np.column_stack([x[:, 0] * (x[:, 1] + offset), (x[:, 0] + offset)])

    seen = np.eye(2)
    delta = teach(x)
    others = [teach(partner) for partner in partners]
    left = offset**2 / 3 + offset**2
    total = (offset**2 + 1 / 3) / 3 + offset**2 + 1 / 3
    assert find_visible_part(delta, others, seen) == pytest.approx(
        left / total, abs=0.02
    )
    assert find_visible_part(0 * delta, others, seen) == 0
