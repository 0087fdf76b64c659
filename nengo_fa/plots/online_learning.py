"""Online learning: the error over time."""

import numpy as np
from matplotlib.figure import Figure

from nengo_fa.plots.drawing import FIXED, LEARNED
from nengo_fa.plots.plane import draw_encoders


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
