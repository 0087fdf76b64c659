"""Measures of learning in six conditions: over epochs, and by learning rate."""

import numpy as np
from matplotlib import rc_context

from nengo_fa.plots.conditions import (
    draw_legend,
    draw_quartiles,
    get_conditions,
    get_quartiles,
    label_plainly,
    make_measures,
)
from nengo_fa.plots.drawing import STYLE


@rc_context(STYLE)
def learning_curves(data):
    """Figure of error, angle and length of the encoders over epochs.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse``, ``angle`` in radians and ``encoder_length``, each
        (rule, normalization, trial, epoch). Trials with NaN, such as those not yet run,
        do not count.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Medians over trials, and the quartiles as a band.
    """
    epochs = data["epoch"].values
    names = "rmse", "angle", "encoder_length"
    figure, legend, panels = make_measures(len(names), "abc")
    counts = []
    for name, axes in zip(names, panels):
        conditions = get_conditions(data[name], "epoch")
        for i, (label, style, values) in enumerate(conditions):
            values = values[~np.isnan(values).any(axis=1)]
            counts.append(len(values))
            # Markers take turns, so that lines on top of each other show all of them.
            step = max(1, len(epochs) // 4)
            style["markevery"] = i * step // len(conditions), step
            draw_quartiles(axes, epochs, values, markersize=4, label=label, **style)
        axes.set_xlabel("Epoch")
    if panels[2].dataLim.y1 > 3:
        panels[2].set_yscale("log")
        label_plainly(panels[2].yaxis)
    draw_legend(legend, counts, 4)
    return figure


@rc_context(STYLE)
def sensitivity(data):
    """Figure of the error and the angle that are left at the end, by learning rate.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` and ``angle`` in radians, each
        (learning_rate, rule, normalization, trial). NaN does not count.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Medians over trials, with a marker at the lowest, and the quartiles as a band.
    """
    rates = data["learning_rate"].values
    names = "rmse", "angle"
    figure, legend, panels = make_measures(len(names), "ab")
    counts = []
    for name, axes in zip(names, panels):
        axes.set(xscale="log", xlim=(rates.min() / 1.3, rates.max() * 1.3))
        for label, style, values in get_conditions(data[name], "learning_rate"):
            counts.extend(np.sum(~np.isnan(values), axis=0))
            median = get_quartiles(values)[1]
            known = not np.isnan(median).all()
            style["markevery"] = [int(np.nanargmin(median))] if known else []
            draw_quartiles(axes, rates, values, markersize=7, label=label, **style)
        label_plainly(axes.xaxis)
        axes.set_xlabel("Learning rate (per update)")
    draw_legend(legend, counts, 7, "lowest median")
    return figure
