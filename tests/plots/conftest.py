"""What the figures show; small, of the shapes and the gaps of the real thing."""

import numpy as np
import pytest
import xarray as xr
from looking import EPOCHS, NORMALIZATIONS, RULES


@pytest.fixture
def fields():
    """A neuron on the way to a diagonal, and what it learns from."""
    axis = np.linspace(-1, 1, 31)
    x1, x2 = np.meshgrid(axis, axis)
    outside = np.hypot(x1, x2) > 1
    angle = np.array([1.5, 1.2, 1.0, 0.9])
    encoders = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    projected = np.einsum("id,dyx->iyx", encoders[:-1], np.stack([x1, x2]))
    activities = np.maximum(projected - 0.2, 0)
    error = np.array([1, 0.6, 0.4])[:, None, None] * (0.3 * projected**2 - x1 * x2)
    grid = ("iteration", "x2", "x1")
    vectors = ("iteration", "dimension")
    return xr.Dataset(
        {
            "activities": (grid, np.where(outside, np.nan, activities)),
            "projected_error": (grid, np.where(outside, np.nan, error)),
            "gated_error": (grid, np.where(outside, np.nan, error * (activities > 0))),
            "encoders": (vectors, encoders[:-1]),
            "update": (vectors, np.diff(encoders, axis=0)),
        },
        {"x1": axis, "x2": axis, "iteration": [1, 2, 3]},
    )


@pytest.fixture
def neurons(fields):
    """Two tuning curves, in hertz."""
    return xr.Dataset(
        {
            "rates": (("neuron", "x2", "x1"), 120 * fields["activities"].values[:2]),
            "preferred_directions": (
                ("neuron", "dimension"),
                [[np.sqrt(0.5), -np.sqrt(0.5)], [0.6, 0.8]],
            ),
            "gain": ("neuron", [np.sqrt(2), 5.0]),
            "bias": ("neuron", [1.0, -1.5]),
        },
        {name: fields[name] for name in ("x1", "x2")},
    )


@pytest.fixture
def movement(rng):
    encoders = rng.randn(4, 6, 2)
    encoders /= np.linalg.norm(encoders, axis=-1, keepdims=True)
    return xr.Dataset(
        {
            "encoders": (("epoch", "neuron", "dimension"), encoders),
            "angle": ("epoch", [0.39, 0.3, 0.2, 0.123]),
        },
        {"epoch": [0, 10, 30, 100]},
    )


def make_measures(rng, dimension, values):
    """Measures of 9 trials, of which one has not been run."""
    dims = "rule", "normalization", "trial", dimension
    noise = rng.uniform(0.9, 1.1, size=(2, 3, 9, len(values)))
    noise[:, :, 4] = np.nan
    decay = np.linspace(1, 0.5, len(values))
    length = np.ones_like(noise) + 0 * noise
    length[:, 0] *= np.linspace(1, 2, len(values)) ** 0.5
    return xr.Dataset(
        {
            "rmse": (dims, 0.1 * noise * decay),
            "angle": (dims, 0.39 * noise * decay),
            "encoder_length": (dims, length),
        },
        {"rule": RULES, "normalization": NORMALIZATIONS, dimension: values},
    )


@pytest.fixture
def curves(rng):
    return make_measures(rng, "epoch", np.arange(EPOCHS))


@pytest.fixture
def by_rate(rng):
    return make_measures(rng, "learning_rate", [0.3, 1.0, 3.0, 10.0, 30.0])
