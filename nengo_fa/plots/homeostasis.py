"""Lengths of encoders, which approach one or run away from it."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from nengo_fa.palette import HIGHLIGHT, LEARNED, OTHER
from nengo_fa.plots.conditions import show_ratios
from nengo_fa.plots.drawing import make_page, open_frame, styled

_RULES = {"FeedbackAlignment": "feedback alignment", "Backprop": "backpropagation"}
_STYLES: dict[str, dict] = {
    "none": {"color": "0.6", "linestyle": (0, (1, 1))},
    "augmented": {"color": "0.3", "linestyle": (0, (4, 2))},
    "homeostatic": {"color": OTHER, "linestyle": "-"},
    "stabilized": {"color": LEARNED, "linestyle": "-"},
    "Taylor": {"color": "0.3", "linestyle": (0, (1, 1))},
}
# all lines are visible if medians coincide: a wide line, a thin line on it, and dashes
_ORDER = {
    "homeostatic": {"zorder": 2, "linewidth": 3.5},
    "stabilized": {"zorder": 2.1, "linewidth": 1.6},
}
_MARKERS = {"homeostatic": "o", "Taylor": "^", "stabilized": "s"}
_HIGHEST = 10.0  # the largest length that is shown; lines end there
_FAR = 12.0  # larger factors are rounding errors


@styled
def homeostasis(data: xr.Dataset) -> Figure:
    """Draw a figure of error times drive, of lengths, and of predicted lengths.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `nengo_fa.experiments.homeostasis.HomeostasisExperiment`, or of
        `nengo_fa.experiments.homeostasis_online.OnlineHomeostasisExperiment`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A row for each rule. Bands and lines include all neurons of all trials.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.multiplication import MultiplicationExperiment
    >>> from nengo_fa.experiments.homeostasis import HomeostasisExperiment
    >>> experiment = HomeostasisExperiment(MultiplicationExperiment(n_trials=2, epochs=5))
    >>> figure = plots.homeostasis(experiment.run_here())
    """
    rules = data["rule"].values
    figure = make_page(0.4 + 2.3 * len(rules))
    panels = figure.subplots(len(rules), 3, squeeze=False)
    letters = iter("abcdef")
    for row, rule in zip(panels, rules):
        chosen = data.sel(rule=rule)
        _draw_radial(row[0], chosen)
        _draw_lengths(row[1], chosen)
        _draw_factors(row[2], data, rule)
        for axes, title in zip(row, ("Error × drive", "Lengths", "Prediction")):
            axes.set_title(f"({next(letters)}) {title}", loc="left")
            open_frame(axes)
        if len(rules) > 1:
            row[0].set_ylabel(f"{_RULES[rule]}\n{row[0].get_ylabel()}")
    handles, _ = panels[0, 1].get_legend_handles_labels()
    handles += [
        Line2D([], [], color="0.3", linewidth=1.6, label="median"),
        Line2D([], [], color="0.3", linewidth=0.7, label="longest"),
        Patch(color="0.8", label="90 % of neurons"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncol=4, frameon=False)
    return figure


def _draw_radial(axes, data):
    """Draw a histogram of the mean of error times drive of each neuron."""
    values = data["radial"].sel(normalization="stabilized").values
    values = np.where(np.isfinite(values), values, np.nan)
    values = np.nanmean(values, axis=1).ravel()
    values = values[np.isfinite(values)]
    limit = np.abs(values).max(initial=0) or 1.0
    bins = np.linspace(-limit, limit, 41)
    for chosen, color, label in (
        (values[values < 0], LEARNED, "attracted"),
        (values[values >= 0], HIGHLIGHT, "repelled"),
    ):
        share = len(chosen) / len(values)
        axes.hist(chosen, bins, color=color, label=f"{label}: {100 * share:.0f} %")
    axes.set(
        xlabel=r"Mean $\kappa \alpha s$ of a neuron",
        ylabel="Number of neurons",
        yscale="symlog",
    )
    # space for the legend
    axes.set_ylim(0, 50 * axes.get_ylim()[1])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_major_locator(MaxNLocator(3, symmetric=True))
    axes.legend(frameon=False, handlelength=1, loc="upper center")


def _draw_lengths(axes, data):
    """Draw the median, a band for 90 %, and the longest encoder over time."""
    epochs = data["epoch"].values
    for normalization in data["normalization"].values:
        style = _STYLES[normalization]
        lengths = data["encoder_length"].sel(normalization=normalization)
        lengths = lengths.transpose("epoch", ...).values.reshape(len(epochs), -1)
        # infinite values would break lines
        lengths = np.minimum(lengths, 2 * _HIGHEST)
        found = np.percentile(lengths, [5, 50, 95, 100], axis=1)
        low, median, high, top = np.where(found > _HIGHEST, np.nan, found)
        axes.fill_between(
            epochs, low, high, color=style["color"], alpha=0.15, linewidth=0
        )
        order = _ORDER.get(normalization, {"zorder": 2.2, "linewidth": 1.6})
        axes.plot(epochs, median, **style, **order, label=normalization)
        axes.plot(epochs, top, **style, linewidth=0.7)
    axes.set(
        xlabel=data["epoch"].attrs.get("long_name", "Epoch"),
        ylabel=r"Length of encoders $|\vec p|$",
    )
    show_ratios(axes)


def _draw_factors(axes, data, rule):
    """Draw the measured factors on distances from one over the predicted factors."""
    from nengo_fa.experiments.homeostasis import find_factors

    axes.axhline(0, color="0.85", linewidth=0.8, zorder=0)
    axes.axvline(0, color="0.85", linewidth=0.8, zorder=0)
    axes.plot([-_FAR, _FAR], [-_FAR, _FAR], color="0.5", linewidth=0.8, zorder=0)
    factors = np.array([values.ravel() for values in find_factors(data, rule)])
    near = np.all(np.abs(factors) <= _FAR, axis=0)
    measured, predicted = factors[:, near]
    axes.plot(predicted, measured, ".", color=OTHER, markersize=2.5, alpha=0.5)
    if not near.all():
        text = f"{np.sum(~near)} of {near.size}\nneurons\nare beyond"
        axes.annotate(text, (1, 0), xycoords="axes fraction", ha="right", va="bottom")
    axes.set(
        xlabel=r"Predicted: $2 \sum \kappa \alpha s$",
        ylabel=r"Measured: $\ln |1 - u| / |1 - u_0|$",
    )


@styled
def phase_portrait(data: xr.Dataset) -> Figure:
    """Draw a figure of how the length of one neuron changes under a constant gradient.

    Parameters
    ----------
    data : xarray.Dataset
        From `nengo_fa.experiments.phase_portrait.make_phase_portrait`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Lines are predictions, and markers are simulations. In (c), lines of stabilized
        lengths are simulations as well.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.phase_portrait import make_phase_portrait
    >>> figure = plots.phase_portrait(make_phase_portrait(n_points=5, duration=2.0))
    """
    figure = make_page(2.8)
    panels = figure.subplots(1, 3)
    for axes, letter, s in zip(panels, "ab", data["s"].values):
        _draw_velocity(axes, data, s)
        axes.set_title(f"({letter}) $s {'<' if s < 0 else '>'} 0$", loc="left")
    panels[0].set_ylabel(r"$\dot u \,/\, \kappa \alpha |s|$")
    handles = [
        Line2D([], [], **_STYLES[rule], marker=_MARKERS[rule], markersize=4, label=rule)
        for rule in data["rule"].values
    ]
    figure.legend(
        handles=[*handles, Line2D([], [], color="0.3", label="line: predicted")]
        + [Line2D([], [], color="0.3", marker="o", ls="", label="marker: simulated")],
        loc="outside upper center",
        ncol=5,
        frameon=False,
    )
    _draw_turning(panels[2], data)
    for axes in panels:
        open_frame(axes)
    return figure


def _draw_velocity(axes, data, s):
    """Draw the velocity of a squared length for each rule."""
    from nengo_fa.experiments.phase_portrait import predict_change

    fine = np.linspace(0, 2, 201)
    axes.axhline(0, color="0.85", linewidth=0.8, zorder=0)
    axes.axvline(1, color="0.85", linewidth=0.8, zorder=0)
    # if rules coincide, each line is visible on the previous line
    for rule, width in zip(data["rule"].values, (3.5, 1.5, 1.2)):
        style = _STYLES[rule]
        axes.plot(fine, predict_change(rule, fine, s), **style, linewidth=width)
        axes.plot(
            data["u"],
            data["velocity"].sel(rule=rule, s=s),
            _MARKERS[rule],
            color=style["color"],
            markersize=2.5 + width,
            label=rule,
            linestyle="none",
        )
    axes.set(xlabel=r"Squared length $u = |\vec p|^2$")


def _draw_turning(axes, data):
    """Draw the squared lengths of neurons that turn over time."""
    axes.axhline(1, color="0.85", linewidth=0.8, zorder=0)
    time = data["time"].values
    for start in range(data.sizes["start"]):
        chosen = data.isel(start=start)
        axes.plot(time, chosen["predicted"], color=OTHER)
        axes.plot(
            time[::25], chosen["homeostatic"][::25], "o", color=OTHER, markersize=3
        )
        axes.plot(time, chosen["stabilized"], color=LEARNED, linewidth=0.8)
    axes.set(xlabel=r"Time $\kappa \alpha |\vec g| t$", ylabel="$u$", ylim=(0, 3.2))
    axes.set_title("(c) Neurons that turn", loc="left")
