"""Errors of two layers if the error reaches the first layer on different routes."""

import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import LEARNED, LEARNED_LIGHT, LEARNED_MEDIUM, OTHER
from nengo_fa.plots.conditions import show_ratios
from nengo_fa.plots.drawing import make_page, styled
from nengo_fa.plots.error_populations import draw_delays

TITLES = {"online": "During learning", "solved": "With the best decoders"}
CARRIERS = {"node": "nodes", "population": "populations"}
LOOKS = {
    "last layer": (OTHER, "-", "s", "only last layer learns"),
    "direct": (LEARNED_LIGHT, "-", "^", "direct"),
    "relayed": (LEARNED_MEDIUM, "-", "o", "relayed"),
    "traces": (LEARNED, "--", "D", "relayed, traces"),
}


@styled
def error_layers(data: xr.Dataset) -> Figure:
    """Draw a figure of final errors over the delay of each hop, for three routes.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` (measure, way, carrier, delay, trial), the delay in milliseconds,
        and ``rmse_fixed`` (measure, trial).

    Returns
    -------
    figure : matplotlib.figure.Figure
        The error divided by the error with fixed encoders in the same trial, if only the
        last layer learns; if the first layer learns from the error of the output; if it
        learns from the error that the last layer relays; and if it also has traces. (a),
        (c) Online, in the last quarter of the time; (b), (d) with decoders solved for at
        the end. Errors are in nodes (a), (b) and in populations (c), (d). Lines are medians
        over trials; bars reach from the lower to the upper quartile.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.error_layers import ErrorLayerExperiment
    >>> experiment = ErrorLayerExperiment(n_trials=2)
    >>> data = experiment.make_template().fillna(0.1)  # for experiment.run_here()
    >>> figure = plots.error_layers(data)
    """
    figure = make_page(4.5)
    panels = figure.subplots(len(CARRIERS), len(TITLES), sharex=True, sharey=True)
    ratio = data["rmse"] / data["rmse_fixed"]
    letters = iter("abcd")
    for row, (carrier, name) in zip(panels, CARRIERS.items()):
        for axes, (measure, title) in zip(row, TITLES.items()):
            _draw(axes, ratio.sel(measure=measure, carrier=carrier))
            axes.set_title(f"({next(letters)}) {title}, {name}", loc="left")
        row[0].set_ylabel("RMSE relative to\nfixed encoders")
    show_ratios(panels[0, 0])
    for axes in panels[-1]:
        axes.set_xlabel("Delay of each step of the error (ms)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=5, frameon=False)
    return figure


def _draw(axes, ratio):
    curves = {}
    for way, (colour, style, marker, name) in LOOKS.items():
        look = {"color": colour, "linestyle": style, "marker": marker}
        if way == "traces":
            look["markerfacecolor"] = "white"
        curves[name] = ratio.sel(way=way), look
    draw_delays(axes, curves)
