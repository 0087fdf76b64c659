"""What is learned from errors that come late, from a node and from a population."""

import numpy as np
from matplotlib import rc_context

from nengo_fa.plots.drawing import (
    FIXED,
    LEARNED,
    PAGE,
    STYLE,
    make_figure,
    set_font_size,
)


@rc_context(STYLE)
def error_populations(data):
    """Figure of the final error over the delay of the error.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` (carrier, trace, delay, trial), the delay in milliseconds, and
        ``rmse_fixed`` (trial).

    Returns
    -------
    figure : matplotlib.figure.Figure
        The final error over that with fixed encoders in the same trial, for each
        carrier of the error, without trace and with a trace that suits the delay. Lines
        are medians over trials, bars reach from the lower to the upper quartile.
    """
    figure = make_figure(PAGE, 3)
    axes = figure.subplots()
    ratio = data["rmse"] / data["rmse_fixed"]
    delays = data["delay"].values
    place = np.arange(len(delays))
    markers = {"node": "o", "population": "s"}
    looks = {"none": (FIXED, "-", "no trace"), "matched": (LEARNED, "--", "trace")}
    curves = [(carrier, trace) for trace in looks for carrier in markers]
    for i, (carrier, trace) in enumerate(curves):
        colour, style, name = looks[trace]
        values = ratio.sel(carrier=carrier, trace=trace).transpose("delay", "trial")
        low, median, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=1)
        axes.errorbar(
            place + 0.06 * (i - 1.5),  # beside each other
            median,
            [median - low, high - median],
            color=colour,
            linestyle=style,
            marker=markers[carrier],
            markerfacecolor=colour if carrier == "node" else "white",
            markersize=4,
            linewidth=1,
            label=f"{carrier}, {name}",
        )
    axes.axhline(1, color="0.3", linewidth=0.8, linestyle=":", label="fixed encoders")
    axes.set_xticks(place, [f"{delay:g}" for delay in delays])
    axes.set(
        xlabel="Delay of the error at the encoders (ms)",
        ylabel="Final RMSE, relative to fixed",
        ylim=(0, None),
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right center", frameon=False)
    set_font_size(axes)
    return figure
