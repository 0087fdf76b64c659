"""Errors after learning from delayed errors, which a node or a population carries."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import FIXED, LEARNED, LEARNED_LIGHT
from nengo_fa.plots.conditions import show_ratios
from nengo_fa.plots.drawing import make_page, open_frame, styled

TITLES = {
    "online": "During learning",
    "solved": "With the best decoders",
}
MARKERS = {"node": "o", "population": "s"}
LOOKS = {
    "none": (LEARNED_LIGHT, "-", "no trace"),
    "matched": (LEARNED, "--", "trace"),
}


@styled
def error_populations(data: xr.Dataset) -> Figure:
    """Draw a figure of final errors over the delay of the error.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` (measure, carrier, trace, delay, trial), the delay in milliseconds, and
        ``rmse_fixed`` (measure, trial).

    Returns
    -------
    figure : matplotlib.figure.Figure
        The error divided by the error with fixed encoders in the same trial, for each
        carrier of the error, without a trace and with a trace that suits the delay: (a)
        online, in the last quarter of the time; (b) with decoders solved for at the end.
        Lines are medians over trials; bars reach from the lower to the upper quartile.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.error_populations import ErrorPopulationExperiment
    >>> experiment = ErrorPopulationExperiment(n_trials=2)
    >>> data = experiment.make_template().fillna(0.1)  # for experiment.run_here()
    >>> figure = plots.error_populations(data)
    """
    figure = make_page(3)
    panels = figure.subplots(1, len(TITLES), sharey=True)
    ratio = data["rmse"] / data["rmse_fixed"]
    for letter, (measure, title), axes in zip("ab", TITLES.items(), panels):
        _draw(axes, ratio.sel(measure=measure))
        axes.set_title(f"({letter}) {title}", loc="left")
    show_ratios(panels[0])
    panels[0].set_ylabel("RMSE relative to fixed encoders")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=5, frameon=False)
    return figure


def _draw(axes, ratio):
    curves = {}
    for trace, (colour, style, name) in LOOKS.items():
        for carrier, marker in MARKERS.items():
            look = {"color": colour, "linestyle": style, "marker": marker}
            if carrier != "node":
                look["markerfacecolor"] = "white"
            values = ratio.sel(carrier=carrier, trace=trace)
            curves[f"{carrier}, {name}"] = values, look
    draw_delays(axes, curves)
    axes.set_xlabel("Delay of the error at the encoders (ms)")


def draw_delays(axes, curves):
    """Draw four curves over the delay, with error bars side by side.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    curves : dict of tuple
        By label: errors relative to fixed encoders, a DataArray (delay, trial), and options
        of `matplotlib.axes.Axes.errorbar`.
    """
    axes.axhline(1, color=FIXED, linewidth=1, linestyle=":", label="fixed encoders")
    for shift, (label, (values, look)) in zip(
        (-0.09, -0.03, 0.03, 0.09), curves.items()
    ):
        values = values.transpose("delay", "trial")
        low, median, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=1)
        delays = values["delay"].values
        axes.errorbar(
            np.arange(len(delays)) + shift,
            median,
            [median - low, high - median],
            **{"markersize": 4, "linewidth": 1, "label": label, **look},
        )
        axes.set_xticks(np.arange(len(delays)), [f"{delay:g}" for delay in delays])
    open_frame(axes)
