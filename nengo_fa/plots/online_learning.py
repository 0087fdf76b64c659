"""Errors and encoders over time in online learning."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.experiments.online import OnlineResult
from nengo_fa.palette import FIXED, LEARNED
from nengo_fa.plots.drawing import (
    COLUMN,
    make_figure,
    set_font_size,
    styled,
)
from nengo_fa.plots.plane import draw_encoders


def online(result: OnlineResult) -> Figure:
    """Draw a figure of the online experiment.

    Parameters
    ----------
    result : nengo_fa.experiments.online.OnlineResult

    Returns
    -------
    figure : matplotlib.figure.Figure
        The error over time, the encoders at the start and at the end, and their mean
        angle to the diagonals over time.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments import online
    >>> model = nengo_fa.networks.MultiplicationComparison(n_neurons=10, seed=1)
    >>> result = online.run(model, seconds=1.0, progress_bar=False)
    >>> figure = plots.online(result)
    """
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    errors, encoders, angle = figure.subplots(1, 3)

    _draw_errors(errors, result.time, result.rmse_learned, result.rmse_fixed)
    errors.set(ylabel="RMSE of the product", title="Error")

    draw_encoders(encoders, result.encoders[0], result.encoders[-1])
    encoders.set_title("Encoders: start (grey) and end")

    angle.plot(result.encoder_time, result.angle, color=LEARNED)
    angle.axhline(np.pi / 8, color="0.6", linestyle=":", label="random directions")
    angle.set(
        xlabel="Time (s)", ylabel="Mean angle (rad)", title="Angle to nearest diagonal"
    )
    angle.set_ylim(bottom=0)
    angle.legend(frameon=False, loc="lower left")
    angle.spines[["top", "right"]].set_visible(False)
    return figure


@styled
def stream(data: xr.Dataset) -> Figure:
    """Draw a figure of the error while a network learns from a stream of images.

    Parameters
    ----------
    data : xarray.Dataset
        ``error`` (time,), the fraction of the latest images that were misclassified;
        ``time`` in seconds; and optionally ``error_fixed`` (time,), the error of a network
        with fixed encoders.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Examples
    --------
    >>> from nengo_fa import plots
    >>> import xarray as xr
    >>> time = np.arange(1.0, 31.0)
    >>> data = xr.Dataset({"error": ("time", 1 / time)}, {"time": time})
    >>> figure = plots.stream(data)
    """
    figure = make_figure(COLUMN, 2.6)
    axes = figure.subplots()
    fixed = 100 * data["error_fixed"].values if "error_fixed" in data else None
    _draw_errors(axes, data["time"].values, 100 * data["error"].values, fixed)
    axes.set_ylabel("Misclassified images (%)")
    set_font_size(axes)
    return figure


def _draw_errors(axes, time, learned, fixed=None):
    """Draw errors over time in seconds, with learned and, if known, fixed encoders."""
    if fixed is not None:
        axes.plot(time, fixed, color=FIXED, label="fixed encoders")
    axes.plot(time, learned, color=LEARNED, label="learned encoders")
    axes.set_xlabel("Time (s)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
