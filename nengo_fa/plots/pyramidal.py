"""Rates and bursts of pyramidal neurons, and learning from bursts."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import FIXED, LEARNED, OTHER, REFERENCE
from nengo_fa.plots.conditions import label_values, show_ratios
from nengo_fa.plots.drawing import make_page, open_frame, styled


@styled
def pyramidal(data: xr.Dataset) -> Figure:
    """Draw a figure of neurons with two compartments, and learning from their bursts.

    Parameters
    ----------
    data : xarray.Dataset
        ``event_rate`` and ``burst_rate`` (trial, apical, basal) in hertz; ``angle``
        (trial, weight, averaging_time) in radians; ``rmse`` (trial, rule, time).

    Returns
    -------
    figure : matplotlib.figure.Figure
        (a) The event rate over the basal input, for the lowest, zero and the highest apical
        input; (b) the fraction of events that are bursts over the apical input, for all
        basal inputs with events; (c) the angle between the update by bursts and the update
        of eq. 3 over the averaging time; (d) the error of a product while encoders learn,
        divided by the error with fixed encoders in the same trial. Lines are medians over
        trials; bands reach from the lowest to the highest trial.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.pyramidal import PyramidalExperiment
    >>> experiment = PyramidalExperiment(n_trials=2, seconds=5)
    >>> data = experiment.make_template().fillna(0.1)  # for experiment.run_here()
    >>> figure = plots.pyramidal(data)
    """
    figure = make_page(4.8)
    panels = figure.subplots(2, 2)
    for letter, draw, axes in zip(
        "abcd", (_draw_rates, _draw_bursts, _draw_angles, _draw_errors), panels.flat
    ):
        draw(axes, data)
        axes.set_title(f"({letter}) {axes.get_title()}", loc="left")
        axes.set_title("")
        open_frame(axes)
        axes.legend(frameon=False, loc="lower left" if letter == "d" else "best")
    return figure


def _draw_rates(axes, data):
    rates = data["event_rate"]
    ends = rates["apical"].values[[0, -1]]
    for value, colour, style in zip(
        (ends[0], 0, ends[1]), (OTHER, REFERENCE, OTHER), (":", "-", "--")
    ):
        median = rates.sel(apical=value).median("trial")
        label = f"{value:+.0f}".replace("-", "\N{MINUS SIGN}") if value else "none"
        axes.plot(
            median["basal"], median, style, color=colour, label=f"apical input: {label}"
        )
    axes.set(
        xlabel="Basal input J", ylabel="Event rate (Hz)", title="Basal input: events"
    )


def _draw_bursts(axes, data):
    fires = (data["event_rate"] > 0).all(["trial", "apical"])
    events, bursts = (
        data[name].where(fires).sum("basal") for name in ("event_rate", "burst_rate")
    )
    _draw_band(axes, bursts / events, "apical", OTHER, "all basal inputs", "o-")
    axes.set(
        xlabel="Apical input (logits)",
        ylabel="Bursts / events",
        title="Apical input: bursts",
    )


def _draw_angles(axes, data):
    for weight, style in zip(data["weight"].values, ("o-", "s--")):
        label = f"feedback weights ±{weight:g}"
        angle = data["angle"].sel(weight=weight)
        _draw_band(axes, angle, "averaging_time", OTHER, label, style)
    axes.set_xscale("log")
    label_values(axes.xaxis, data["averaging_time"].values)
    axes.set(
        ylim=(0, None),
        xlabel="Averaging time (s)",
        ylabel="Angle to eq. 3 (rad)",
        title="Update from bursts",
    )


def _draw_errors(axes, data):
    rmse = data["rmse"]
    for rule, colour, style in (
        ("burst learning", OTHER, "-"),
        ("feedback alignment", LEARNED, "--"),
    ):
        ratio = rmse.sel(rule=rule) / rmse.sel(rule="fixed encoders")
        _draw_band(axes, ratio, "time", colour, rule, style)
    axes.axhline(1, color=FIXED, linestyle=":", label="fixed encoders")
    axes.set(
        xlabel="Time (s)",
        ylabel="RMSE relative to\nfixed encoders",
        title="Multiplication",
    )
    show_ratios(axes)
    axes.set_ylim(bottom=axes.get_ylim()[0] / 2)  # space for the legend


def _draw_band(axes, values, dim, colour, label, style):
    values = values.transpose("trial", dim)
    x, y = values[dim].values, values.values
    axes.plot(x, np.median(y, axis=0), style, color=colour, markersize=3, label=label)
    axes.fill_between(
        x, y.min(axis=0), y.max(axis=0), color=colour, alpha=0.15, linewidth=0
    )
