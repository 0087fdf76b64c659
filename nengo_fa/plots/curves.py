"""Measures of learning in six conditions: over epochs, and by learning rate."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nengo_fa.plots.conditions import (
    draw_baseline,
    draw_legend,
    draw_quartiles,
    get_conditions,
    get_quartiles,
    label_values,
    make_measures,
    show_ratios,
)
from nengo_fa.plots.drawing import styled

_RMSE = "rmse", "Error", "RMSE of the product"
_ANGLE = "angle", "Angle to nearest diagonal", "Mean angle (rad)"
_CLASSIFICATION = [
    ("rmse", "Training error", "RMSE of the output"),
    ("test_error", "Test error", "Misclassified images (%)"),
]
_BASELINE = "well-chosen fixed encoders"
_BASELINES = {"baseline_rmse": "{:.3f}", "baseline_error": "{:.1f} %"}
_LENGTH = "encoder_length", "Length of encoders", r"Mean $|\vec p|$"


@styled
def learning_curves(data: xr.Dataset) -> Figure:
    """Draw a figure of error, angle and length of the encoders over epochs.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse``, ``angle`` in radians and ``encoder_length``, each
        (rule, normalization, trial, epoch). Trials with NaN, such as unfinished trials, do
        not count.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Lines are medians over trials, and bands are quartiles.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.multiplication import MultiplicationExperiment
    >>> experiment = MultiplicationExperiment(n_trials=3, epochs=10)
    >>> figure = plots.learning_curves(experiment.run_here())
    """
    figure, legend, panels = make_measures([_RMSE, _ANGLE, _LENGTH])
    counts = _draw_over_epochs(panels, data, [_RMSE, _ANGLE, _LENGTH])
    draw_legend(legend, counts, 4)
    return figure


@styled
def classification_curves(data: xr.Dataset) -> Figure:
    """Draw a figure of errors in classification, and lengths of encoders, over epochs.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` of the output for the training samples; ``test_error``, the fraction of
        test images that are misclassified; and ``encoder_length``, each
        (rule, normalization, trial, epoch). ``baseline_rmse`` and ``baseline_error``
        (trial,) are errors of a network with fixed encoders. Trials with NaN, such as
        unfinished trials, do not count.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Lines are medians over trials, and bands are quartiles. Axes of errors are
        logarithmic, unless an error is zero.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.classification import ClassificationExperiment
    >>> experiment = ClassificationExperiment(
    ...     dataset="digits", n_trials=1, epochs=2, n_neurons=20)
    >>> figure = plots.classification_curves(experiment.run_here())
    """
    measures = [*_CLASSIFICATION, _LENGTH]
    data = _to_percent(data)
    figure, legend, panels = make_measures(measures)
    counts = _draw_over_epochs(panels, data, measures)
    _draw_baselines(panels, data)
    draw_legend(legend, counts, 4, baseline=_BASELINE)
    return figure


@styled
def sensitivity(data: xr.Dataset) -> Figure:
    """Draw a figure of the final error over the learning rate.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse``, and ``angle`` in radians, each
        (learning_rate, rule, normalization, trial). NaN does not count. The angle may be
        replaced by ``test_error``, ``baseline_rmse`` and ``baseline_error``, as for
        `classification_curves`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Lines are medians over trials, with a marker at the lowest, and bands are quartiles.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.multiplication import MultiplicationExperiment
    >>> from nengo_fa.experiments.learning_rates import LearningRateExperiment
    >>> experiment = LearningRateExperiment(
    ...     MultiplicationExperiment(n_trials=2, epochs=5), (1.0, 10.0))
    >>> figure = plots.sensitivity(experiment.run_here())
    """
    rates = data["learning_rate"].values
    measures = [_RMSE, _ANGLE]
    if "test_error" in data:
        measures = _CLASSIFICATION
        data = _to_percent(data)
    figure, legend, panels = make_measures(measures)
    counts: list = []
    for (name, *_), axes in zip(measures, panels):
        axes.set(xscale="log", xlim=(rates.min() / 1.3, rates.max() * 1.3))
        for label, style, values in get_conditions(data[name], "learning_rate"):
            counts.extend(np.sum(~np.isnan(values), axis=0))
            median = get_quartiles(values)[1]
            known = not np.isnan(median).all()
            style["markevery"] = [int(np.nanargmin(median))] if known else []
            draw_quartiles(axes, rates, values, markersize=7, label=label, **style)
        label_values(axes.xaxis, rates)
        axes.set_xlabel("Learning rate (per update)")
    baseline = None
    if measures is _CLASSIFICATION:
        baseline = _BASELINE
        _draw_baselines(panels, data)
    draw_legend(legend, counts, 7, "lowest median", baseline)
    return figure


def _to_percent(data):
    names = "test_error", "baseline_error"
    return data.assign({name: 100 * data[name] for name in names})


def _draw_baselines(panels, data):
    for (name, label), axes in zip(_BASELINES.items(), panels):
        draw_baseline(axes, data[name].values, label)
        show_ratios(axes)


def _draw_over_epochs(panels, data, measures):
    """Draw measures, the last of them the length; return the numbers of trials."""
    epochs = data["epoch"].values
    counts = []
    for axes, (name, *_) in zip(panels, measures):
        conditions = get_conditions(data[name], "epoch")
        for i, (label, style, values) in enumerate(conditions):
            values = values[~np.isnan(values).any(axis=1)]
            # in a summary, five trials represent all trials
            counts.append(data.attrs.get("n_trials", len(values)))
            # Markers alternate, so that all lines are visible if they coincide.
            step = max(1, len(epochs) // 4)
            style["markevery"] = i * step // len(conditions), step
            draw_quartiles(axes, epochs, values, markersize=4, label=label, **style)
        axes.set_xlabel("Epoch")
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    if panels[-1].dataLim.y1 > 3:
        show_ratios(panels[-1])
    return counts
