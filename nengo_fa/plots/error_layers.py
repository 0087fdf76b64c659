"""What two layers learn from errors that reach the first one on different routes."""

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

TITLES = {"online": "While all of it learns", "solved": "Learned, best decoders"}
CARRIERS = {"node": "nodes", "population": "populations"}
LOOKS = {
    "last layer": (FIXED, "-", "s", "last layer alone"),
    "direct": ("0.5", "-", "^", "direct"),
    "relayed": (LEARNED, "-", "o", "relayed"),
    "traces": (LEARNED, "--", "D", "relayed, traces"),
}


@rc_context(STYLE)
def error_layers(data):
    """Figure of final errors over the delay of each hop, for three routes of the error.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` (measure, way, carrier, delay, trial), the delay in milliseconds,
        and ``rmse_fixed`` (measure, trial).

    Returns
    -------
    figure : matplotlib.figure.Figure
        The error over that with fixed encoders in the same trial: with the last layer
        taught alone; with the first one taught by the error of the output; by that which
        the last layer's error relays; and the latter with traces. (a), (c) Online, in the
        last quarter of the time, (b), (d) with decoders solved for at the end; errors are
        in nodes (a), (b) and in populations (c), (d). Lines are medians over trials, bars
        reach from the lower to the upper quartile.
    """
    figure = make_figure(PAGE, 4.5)
    panels = figure.subplots(len(CARRIERS), len(TITLES), sharex=True, sharey=True)
    ratio = data["rmse"] / data["rmse_fixed"]
    letters = iter("abcd")
    for row, (carrier, name) in zip(panels, CARRIERS.items()):
        for axes, (measure, title) in zip(row, TITLES.items()):
            _draw(axes, ratio.sel(measure=measure, carrier=carrier))
            axes.set_title(f"({next(letters)}) {title}, {name}", loc="left")
        row[0].set_ylabel("RMSE, relative to fixed")
    panels[0, 0].set_ylim(bottom=0)
    for axes in panels[-1]:
        axes.set_xlabel("Delay of each hop of the error (ms)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=5, frameon=False)
    return figure


def _draw(axes, ratio):
    delays = ratio["delay"].values
    place = np.arange(len(delays))
    axes.axhline(1, color="0.3", linewidth=0.8, linestyle=":", label="fixed encoders")
    for shift, (way, look) in zip((-0.09, -0.03, 0.03, 0.09), LOOKS.items()):
        colour, style, marker, name = look
        values = ratio.sel(way=way).transpose("delay", "trial")
        low, median, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=1)
        axes.errorbar(
            place + shift,  # beside each other, for bars to be seen
            median,
            [median - low, high - median],
            color=colour,
            linestyle=style,
            marker=marker,
            markerfacecolor="white" if way == "traces" else colour,
            markersize=4,
            linewidth=1,
            label=name,
        )
    axes.set_xticks(place, [f"{delay:g}" for delay in delays])
    axes.spines[["top", "right"]].set_visible(False)
    set_font_size(axes)
