"""Errors of recurrent networks that learn offline, in tasks with increasing memory."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import BACKPROP, FIXED, LEARNED, LEARNED_LIGHT
from nengo_fa.plots.drawing import make_page, open_frame, styled

#: Colour, marker and shift of each rule, and the words of the legend.
LOOKS = {
    "fixed": (FIXED, "s", "fixed weights"),
    "random feedback": (LEARNED, "o", "random feedback"),
    "decoders as feedback": (LEARNED_LIGHT, "^", "decoders as feedback"),
    "through time": (BACKPROP, "D", "exact, through time"),
}


@styled
def through_time(data: xr.Dataset) -> Figure:
    """Draw a figure of the final error of each rule in each task.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` (task, rule, trial), from
        `nengo_fa.experiments.through_time.choose_rates`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Medians and quartiles over trials. Lines join the tasks in which a value is recalled.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.through_time import ThroughTime, choose_rates
    >>> data = ThroughTime(n_trials=2).make_template().fillna(0.1)  # for run_here()
    >>> figure = plots.through_time(choose_rates(data))
    """
    figure = make_page(2.8)
    axes = figure.subplots()
    tasks = list(data["task"].values)
    for shift, rule in zip(np.linspace(-0.12, 0.12, len(LOOKS)), LOOKS):
        rmse = data["rmse"].sel(rule=rule).transpose("task", "trial")
        _draw(axes, rmse.values, shift, *LOOKS[rule])
    axes.set_xticks(np.arange(len(tasks)), tasks)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Error, relative to the target")
    open_frame(axes)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper center",
        ncol=len(LOOKS),
        frameon=False,
    )
    return figure


def _draw(axes, rmse, shift, colour, marker, label):
    low, median, high = np.quantile(rmse, [0.25, 0.5, 0.75], axis=1)
    places = np.arange(len(median)) + shift
    look = {"color": colour, "marker": marker, "markersize": 4, "linestyle": "none"}
    bars = np.nan_to_num([median - low, high - median])
    axes.errorbar(places, median, bars, label=label, **look)
    axes.plot(places[1:], median[1:], color=colour, linewidth=1)
