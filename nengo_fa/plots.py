"""The figures, from results alone."""

import numpy as np
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure
from matplotlib.patches import Circle

#: Endings of the files that a figure can be saved to.
FORMATS = tuple(sorted(FigureCanvasBase.filetypes))

# Dark against light as well as blue against orange: both survive a grey copy.
LEARNED = "#0b3c8c"
FIXED = "#e08214"


def online(result):
    """Figure of the online experiment.

    Parameters
    ----------
    result : nengo_fa.experiments.online.OnlineResult

    Returns
    -------
    figure : matplotlib.figure.Figure
        The error over time, the encoders at the start and at the end, and their mean
        angle to the diagonals over time.
    """
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    errors, encoders, angle = figure.subplots(1, 3)

    errors.plot(result.time, result.rmse_fixed, color=FIXED, label="fixed encoders")
    errors.plot(
        result.time, result.rmse_learned, color=LEARNED, label="learned encoders"
    )
    errors.set(xlabel="Time (s)", ylabel="RMSE of the product", title="Error")
    errors.set_ylim(bottom=0)
    errors.legend(frameon=False)

    draw_encoders(encoders, result.encoders[0], result.encoders[-1])
    encoders.set_title("Encoders: start (grey) and end")

    angle.plot(result.encoder_time, result.angle, color=LEARNED)
    angle.axhline(np.pi / 8, color="0.6", linestyle=":", label="random directions")
    angle.set(
        xlabel="Time (s)", ylabel="Mean angle (rad)", title="Angle to nearest diagonal"
    )
    angle.set_ylim(bottom=0)
    angle.legend(frameon=False, loc="lower left")

    for axes in (errors, angle):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_encoders(axes, start, end):
    """Draw encoders in the plane, at the start in grey and at the end in colour.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    start, end : (n_neurons, 2) array_like
    """
    start, end = np.asarray(start), np.asarray(end)
    limit = 1.1 * max(1, np.abs(start).max(), np.abs(end).max())
    for sign in (1, -1):
        axes.plot(
            [-limit, limit], [-sign * limit, sign * limit], color="0.85", zorder=0
        )
    axes.add_patch(Circle((0, 0), 1, fill=False, color="0.85", zorder=0))
    for first, last in zip(start, end):
        axes.plot(*zip(first, last), color="0.7", linewidth=0.8, zorder=1)
    axes.plot(*start.T, "o", color="0.6", markersize=4, label="start")
    axes.plot(*end.T, "o", color=LEARNED, markersize=5, label="end")
    axes.set(
        xlim=(-limit, limit),
        ylim=(-limit, limit),
        aspect="equal",
        xlabel="$x_1$",
        ylabel="$x_2$",
    )
