"""Small data for figures, with the shapes and the missing values of real data."""

import numpy as np
import pytest
import xarray as xr
from looking import EPOCHS, NORMALIZATIONS, RULES


@pytest.fixture
def fields():
    """A neuron that moves to a diagonal, and the signals from which it learns."""
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


@pytest.fixture
def classification(rng, curves):
    """Errors of classification, in 9 trials of which one has not been run."""
    baseline = rng.uniform(0.9, 1.1, size=9)
    baseline[4] = np.nan
    data = curves.drop_vars("angle")
    data["test_error"] = data["rmse"] ** 2 * 20
    data["baseline_rmse"] = "trial", 0.08 * baseline
    data["baseline_error"] = "trial", 0.15 * baseline
    return data


@pytest.fixture
def by_depth(rng):
    """By number of layers, in 9 trials of which one has not been run."""
    variants = ["backprop", "local backprop", "global", "local", "direct", "last layer"]
    error = rng.uniform(0.1, 0.5, size=(6, 5, 9))
    error[..., 4] = np.nan
    dims = "variant", "depth", "trial"
    return xr.Dataset(
        {
            "test_error": (dims, error),
            "alignment": (dims, 3 * error),
            "untaught_error": (dims[1:], 1.5 * error[0]),
        },
        {"variant": variants, "depth": [1, 2, 3, 5, 8]},
    )


@pytest.fixture
def shown(rng):
    """Images of four classes shown to six neurons in spikes, one taken for another."""
    n_digits, n_samples, n_classes = 3, 60, 4
    spikes = 40
    return xr.Dataset(
        {
            "error": ("time", np.linspace(0.75, 0.125, 20)),
            "confusion": (
                ("label", "prediction"),
                [[30, 0, 1, 0], [0, 8, 2, 0], [5, 0, 40, 5], [0, 0, 0, 0]],
            ),
            "spike_time": ("spike", np.sort(rng.uniform(0, 0.06, spikes))),
            "spike_neuron": ("spike", rng.randint(6, size=spikes)),
            "images": (("digit", "row", "column"), rng.rand(n_digits, 5, 4)),
            "onset": ("digit", [0.0, 0.02, 0.04]),
            "shown_label": ("digit", [2, 0, 1]),
            "shown_prediction": ("digit", [2, 3, 1]),
            "output": (("sample", "class"), rng.uniform(-1, 2, (n_samples, n_classes))),
            "sample_time": ("sample", 0.001 * np.arange(1, n_samples + 1)),
            "encoders_before": (("neuron", "row", "column"), rng.randn(11, 5, 4)),
            "encoders_after": (("neuron", "row", "column"), 3 * rng.randn(11, 5, 4)),
        },
        {"time": 0.001 * np.arange(1, 21), "neuron": np.arange(100, 111)},
        {"n_digits": 91},
    )


@pytest.fixture
def streamed(rng):
    """Errors during online learning; the first values are missing."""
    error = rng.rand(30)
    error[:3] = np.nan
    return xr.Dataset(
        {"error": ("time", error), "error_fixed": ("time", rng.rand(30))},
        {"time": 10 * np.arange(30.0)},
    )


@pytest.fixture
def two_compartments(rng):
    """Rates, bursts, angles and errors of pyramidal neurons in three trials."""
    basal, apical = np.linspace(0.5, 4, 8), [-4, 0, 4]
    events = 30 * np.maximum(basal - 1, 0) + np.zeros((3, 3, 8))
    fraction = np.array([0.1, 0.5, 0.9])[:, np.newaxis]
    return xr.Dataset(
        {
            "event_rate": (("trial", "apical", "basal"), events),
            "burst_rate": (("trial", "apical", "basal"), events * fraction),
            "angle": (("trial", "weight", "averaging_time"), rng.rand(3, 2, 4)),
            "rmse": (("trial", "rule", "time"), 0.1 * rng.uniform(0.5, 1, (3, 3, 9))),
        },
        {
            "apical": apical,
            "basal": basal,
            "weight": [3.0, 30.0],
            "averaging_time": [1.0, 2.0, 4.0, 8.0],
            "rule": ["fixed encoders", "burst learning", "feedback alignment"],
            "time": np.arange(9.0),
        },
    )


@pytest.fixture
def late_errors(rng):
    """Final errors by delay, in 9 trials of which one has not been run."""
    rmse = 0.1 * rng.uniform(0.5, 1, (2, 2, 2, 4, 9))
    rmse[..., 4] = np.nan
    fixed = 0.1 * rng.uniform(0.9, 1.1, (2, 9))
    return xr.Dataset(
        {
            "rmse": (("measure", "carrier", "trace", "delay", "trial"), rmse),
            "rmse_fixed": (("measure", "trial"), fixed),
        },
        {
            "measure": ["online", "solved"],
            "carrier": ["node", "population"],
            "trace": ["none", "matched"],
            "delay": [0, 10, 100, 300],
        },
    )


@pytest.fixture
def layered_errors(rng):
    """Final errors of two layers, in 9 trials of which one has not been run."""
    rmse = 0.1 * rng.uniform(0.5, 1, (2, 4, 2, 3, 9))
    rmse[..., 4] = np.nan
    dims = "measure", "way", "carrier", "delay", "trial"
    return xr.Dataset(
        {
            "rmse": (dims, rmse),
            "rmse_fixed": (("measure", "trial"), 0.1 * rng.uniform(0.9, 1.1, (2, 9))),
        },
        {
            "measure": ["online", "solved"],
            "way": ["last layer", "direct", "relayed", "traces"],
            "carrier": ["node", "population"],
            "delay": [0, 30, 100],
        },
    )


@pytest.fixture
def tracked(rng):
    """Tracking errors of arms with four loads."""
    dims = "encoders", "decoder_rate", "load", "trial"
    return xr.Dataset(
        {"rmse": (dims, rng.uniform(0.003, 0.1, size=(2, 3, 4, 7)))},
        {
            "encoders": ["fixed", "learned"],
            "decoder_rate": [1e-3, 3e-3, 1e-2],
            "load": [0.0, 1.0, 2.0, 3.0],
        },
    )


@pytest.fixture
def multiplied(rng):
    """Errors of products in two tasks, of 7 trials of which one has not been run."""
    from nengo_fa.experiments.products import KINDS, NOISE

    error = rng.uniform(0.1, 0.3, size=(2, len(KINDS), len(NOISE), 7))
    error[..., 4] = np.nan
    return xr.Dataset(
        {"error": (("task", "kind", "noise", "trial"), error)},
        {
            "task": ["square", "any pointers, 16-D"],
            "kind": list(KINDS),
            "noise": list(NOISE),
        },
    )


@pytest.fixture
def patterns(rng):
    """Outputs and errors of two fixed and two learned networks, in 5 trials."""
    return xr.Dataset(
        {
            "rmse": (("measure", "condition", "trial"), rng.uniform(size=(2, 4, 5))),
            "output": (("condition", "time", "trial"), rng.randn(4, 20, 5)),
            "target": (("time", "trial"), rng.randn(20, 5)),
        },
        {
            "measure": ["learning", "after"],
            "condition": [
                "fixed, PES 0.001",
                "fixed, PES 0.003",
                "0.3 per second",
                "late, eligibility trace",
            ],
            "time": np.arange(1, 21) / 20,
        },
    )


@pytest.fixture
def exact_gradients(rng):
    """Errors of four rules in three tasks, in 5 trials."""
    rules = ["fixed", "random feedback", "decoders as feedback", "through time"]
    return xr.Dataset(
        {"rmse": (("task", "rule", "trial"), rng.uniform(size=(3, 4, 5)))},
        {"task": ["pattern", "recall, 0 ms", "recall, 50 ms"], "rule": rules},
    )
