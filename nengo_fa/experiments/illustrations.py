"""Data for the paper's figures of single neurons, Figures 2 to 4."""

from collections.abc import Sequence

import nengo
import numpy as np
import xarray as xr

from nengo_fa import equations
from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.experiments.sweep.conditions import make_rule
from nengo_fa.geometry import DIAGONALS, angle_to_axes, disc
from nengo_fa.offline.train import train
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.derivatives import Rate

# The input weights of Figure 2. The paper only states the signs of the biases.
WEIGHTS = np.array([[1.0, -1.0], [3.0, 4.0]])
BIAS = np.array([1.0, -1.0])

#: The rule and normalization that are shown.
CONDITION = "FeedbackAlignment", "augmented"

# The signals from which a neuron learns, over the plane.
FIELDS = {
    "activities": "activity",
    "projected_error": "projected error",
    "gated_error": "projected error times derivative",
}


def make_tuning_curves(n_points: int = 101) -> xr.Dataset:
    """Return tuning curves of two LIF neurons over the disc (Figure 2).

    Parameters
    ----------
    n_points : int, optional
        Number of points along each axis of the grid.

    Returns
    -------
    data : xarray.Dataset
        ``rates`` (neuron, x2, x1) in hertz, NaN outside of the disc;
        ``preferred_directions`` (neuron, dimension), ``gain`` and ``bias`` (neuron,).
    """
    grid, inside = disc(n_points)
    gain = np.linalg.norm(WEIGHTS, axis=1)
    projected = grid[inside] @ (WEIGHTS / gain[:, np.newaxis]).T
    rates = nengo.LIFRate().rates(projected, gain, BIAS)
    return xr.Dataset(
        {
            "rates": _make_field("neuron", rates.T, inside, "firing rate", "Hz"),
            "preferred_directions": (
                ("neuron", "dimension"),
                WEIGHTS / gain[:, np.newaxis],
            ),
            "gain": ("neuron", gain),
            "bias": ("neuron", BIAS),
        },
        coords=_make_axes(grid),
        attrs={"title": "Tuning curves of two neurons"},
    )


def make_iterations(
    experiment: MultiplicationExperiment,
    trial: int = 0,
    n_iterations: int = 3,
    n_points: int = 101,
) -> xr.Dataset:
    """Return the signals of a neuron in several iterations of feedback alignment (Figure 3).

    The neuron is the one in the hidden layer whose encoder turns most.

    Parameters
    ----------
    experiment : MultiplicationExperiment
    trial : int, optional
        Number of the trial.
    n_iterations : int, optional
    n_points : int, optional
        Number of points along each axis of the grid.

    Returns
    -------
    data : xarray.Dataset
        ``activities``, ``projected_error`` and ``gated_error``, each (iteration, x2, x1)
        and NaN outside of the disc; ``encoders`` and ``update`` (iteration, dimension).
    """
    declared = _declare(experiment, trial)
    path = find_path(declared.decode, declared.network)
    (stage,) = path.stages
    built, feedback = path.model.params[stage.ensemble], stage.feedback
    neuron_type = stage.ensemble.neuron_type

    grid, inside = disc(n_points)
    target = np.prod(grid[inside], axis=1, keepdims=True)
    seen = []
    for i in range(n_iterations + 1):
        history = _train(experiment, declared, epochs=min(i, 1))
        drive = grid[inside] @ history.encoders.T
        current = neuron_type.current(drive, built.gain, built.bias)
        activities = neuron_type.rates(drive, built.gain, built.bias)
        error = activities @ history.decoders.T - target
        gated = equations.aligned_error(error, feedback, Rate()(neuron_type, current))
        seen.append((history.encoders, activities, error @ feedback.T, gated))

    encoders, *fields = (np.array(values) for values in zip(*seen))
    update = np.diff(encoders, axis=0)
    neuron = np.argmax(np.linalg.norm(encoders[-1] - encoders[0], axis=1))
    variables = {
        name: _make_field("iteration", values[:-1, :, neuron], inside, long_name, "1")
        for (name, long_name), values in zip(FIELDS.items(), fields)
    }
    return xr.Dataset(
        {
            **variables,
            "encoders": (("iteration", "dimension"), encoders[:-1, neuron]),
            "update": (("iteration", "dimension"), update[:, neuron]),
        },
        coords={**_make_axes(grid), "iteration": np.arange(1, n_iterations + 1)},
        attrs={
            "title": "Three iterations of feedback alignment",
            "neuron": int(neuron),
        },
    )


def _declare(experiment, number):
    """Declare a trial in the condition that is shown, with its learning rate."""
    trial = experiment.declare(number, *CONDITION)
    turn = experiment.get_turn(*CONDITION)
    if turn is not None:
        # found once, because continued training would find another rate
        rate = _train(experiment, trial, epochs=0, turn=turn).learning_rate
        encode = find_path(trial.decode, trial.network).encode
        encode.learning_rule_type = make_rule(
            *CONDITION, trial.decode, learning_rate=rate
        )
    return trial


def _train(experiment, trial, epochs, **options):
    """Train the network of a trial further."""
    return train(
        trial.decode,
        trial.x,
        trial.y,
        epochs=epochs,
        progress_bar=False,
        presentation_time=experiment.measured_for,
        network=trial.network,
        **options,
    )


def make_encoder_movement(
    experiment: MultiplicationExperiment,
    trial: int = 0,
    parts: Sequence[float] = (0, 0.1, 0.3, 1),
) -> xr.Dataset:
    """Return encoders on their way to the diagonals (Figure 4).

    Parameters
    ----------
    experiment : MultiplicationExperiment
    trial : int, optional
        Number of the trial.
    parts : sequence of float, optional
        The parts of the epochs of the experiment after which encoders are shown.

    Returns
    -------
    data : xarray.Dataset
        ``encoders`` (epoch, neuron, dimension), and ``angle`` (epoch,), their mean angle
        to the nearest diagonal in radians.
    """
    declared = _declare(experiment, trial)
    epochs = sorted({round(part * experiment.epochs) for part in parts})
    history = _train(
        experiment, declared, epochs[-1], seed=declared.seed, snapshots=epochs
    )
    encoders = np.array([history.snapshots[epoch] for epoch in epochs])
    angle = angle_to_axes(encoders, DIAGONALS).mean(axis=-1)
    return xr.Dataset(
        {
            "encoders": (("epoch", "neuron", "dimension"), encoders),
            "angle": ("epoch", angle, {"units": "rad"}),
        },
        coords={"epoch": epochs},
        attrs={"title": "Encoders under feedback alignment"},
    )


def _make_axes(grid):
    return {"x1": grid[0, :, 0], "x2": grid[:, 0, 1]}


def _make_field(dim, values, inside, name, units):
    """Return values at points of the disc, (n, n_points), as a variable on the grid."""
    field = np.full((len(values), *inside.shape), np.nan)
    field[:, inside] = values
    return (dim, "x2", "x1"), field, {"long_name": name, "units": units}
