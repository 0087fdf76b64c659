"""Errors and alignment over the number of hidden layers."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import OTHER, REFERENCE
from nengo_fa.plots.conditions import (
    BASELINE,
    VARIANTS,
    explain_band,
    get_quartiles,
    label_values,
    show_ratios,
)
from nengo_fa.plots.drawing import make_page, open_frame, styled

_NAMES = {
    "backprop": "backpropagation",
    "local backprop": "local backpropagation",
    "direct": "direct feedback alignment",
    "local": "local feedback alignment",
    "global": "global feedback alignment",
    "last layer": "only the last layer",
}
_STYLES = {**VARIANTS, "last layer": {**BASELINE, "color": OTHER, "marker": "x"}}
_UNTAUGHT = "before learning"
_RANDOM = {"color": REFERENCE, "linewidth": 0.8, "linestyle": ":"}


@styled
def depth(data: xr.Dataset) -> Figure:
    """Draw a figure of the test error, and of alignment, by number of hidden layers.

    Parameters
    ----------
    data : xarray.Dataset
        ``test_error``, the fraction of test samples that are misclassified, and
        ``alignment``, the angle between the update of the first layer and the one of
        backpropagation, in radians, both (variant, depth, trial); ``untaught_error`` (depth,
        trial), before any layer learns. Trials with NaN, such as unfinished trials, do not
        count.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Lines are medians over trials, and bands are quartiles.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.depth import DepthExperiment
    >>> experiment = DepthExperiment(dataset="digits", n_trials=2, depths=(1, 2))
    >>> data = experiment.make_template().fillna(0.1)  # for experiment.run_here()
    >>> figure = plots.depth(data)
    """
    figure = make_page(3.4)
    grid = figure.add_gridspec(2, 2, height_ratios=[0.01, 1], width_ratios=[1.25, 1])
    legend = figure.add_subplot(grid[0, :])
    legend.set_axis_off()
    errors, angles = (figure.add_subplot(grid[1, i]) for i in range(2))
    depths = data["depth"].values
    untaught = 100 * data["untaught_error"].transpose("trial", "depth").values
    _draw(errors, depths, untaught, _UNTAUGHT, color=REFERENCE, linestyle=(0, (1, 2)))
    for variant, label in _NAMES.items():
        values = data.sel(variant=variant).transpose("trial", "depth", ...)
        _draw(
            errors, depths, 100 * values["test_error"].values, label, **_STYLES[variant]
        )
        # if only the last layer learns, the first of several layers has no update
        if variant != "last layer":
            _draw(angles, depths, values["alignment"].values, label, **_STYLES[variant])
    _draw_legend(legend, errors.lines, np.sum(~np.isnan(untaught), axis=0).max())
    angles.axhline(np.pi / 2, **_RANDOM, zorder=0, label="right angle")
    angles.legend(handles=angles.lines[-1:], frameon=False)
    errors.set_title("(a) Test error", loc="left")
    errors.set_ylabel("Misclassified images (%)")
    angles.set_title("(b) Update of the first layer", loc="left")
    angles.set_ylabel("Angle to backpropagation (rad)")
    show_ratios(errors)
    for axes in (errors, angles):
        axes.set_xscale("log")
        label_values(axes.xaxis, depths)
        axes.set_xlabel("Hidden layers")
        open_frame(axes)
    return figure


def _draw_legend(axes, lines, n_trials):
    by_label = {line.get_label(): line for line in lines}
    names = [*_NAMES.values(), _UNTAUGHT]
    entries = [(by_label[name], name) for name in names]
    axes.legend(
        *zip(*entries, explain_band([n_trials])),
        loc="lower center",
        ncol=3,
        columnspacing=1.2,
        frameon=False,
        handlelength=2.6,
        borderaxespad=0,
    )


def _draw(axes, depths, values, label, color, **style):
    lower, median, upper = get_quartiles(values)
    axes.fill_between(depths, lower, upper, color=color, alpha=0.12, linewidth=0)
    axes.plot(depths, median, color=color, markersize=4, label=label, **style)
