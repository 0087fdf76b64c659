"""Colours, lines and legend of the six conditions: two rules with three normalizations."""

import numpy as np
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogFormatter, LogLocator, MaxNLocator, NullLocator

from nengo_fa.palette import (
    BACKPROP,
    BACKPROP_LIGHT,
    FIXED,
    LEARNED,
    LEARNED_LIGHT,
    LEARNED_MEDIUM,
)
from nengo_fa.plots.drawing import make_page, open_frame

# If lines coincide, a thin line is visible on a wide line, and wide dashes on a thin line.
_RULES = {
    "FeedbackAlignment": ("feedback alignment", {"color": LEARNED, "linewidth": 2.0}),
    "Backprop": ("backpropagation", {"color": BACKPROP, "linewidth": 1.2}),
}
_NORMALIZATIONS = {
    "none": ("no normalization", {"linestyle": (0, (1, 1)), "marker": "o"}),
    "forced": ("forced normalization", {"linestyle": "-", "marker": "s"}),
    "augmented": ("augmented gradient", {"linestyle": (0, (4, 2)), "marker": "^"}),
}
_THIN = {"none": 1.0, "forced": 0.6, "augmented": 1.0}
BASELINE = {"color": FIXED, "linewidth": 1.0, "linestyle": (0, (6, 2, 1, 2))}
# Variants with several layers. If lines coincide, the thin line is visible on the wide line.
VARIANTS = {
    name: dict(zip(("color", "linestyle", "linewidth", "marker"), look))
    for name, *look in (
        ("backprop", BACKPROP, "-", 1.8, "o"),
        ("local backprop", BACKPROP_LIGHT, (0, (4, 2)), 1.2, "s"),
        ("global", LEARNED, "-", 1.2, "^"),
        ("local", LEARNED_MEDIUM, (0, (4, 2)), 1.2, "D"),
        ("direct", LEARNED_LIGHT, (0, (1, 1)), 1.6, "v"),
    )
}


def make_measures(measures):
    """Make a figure with panels for measures of learning, and with a legend above.

    A measure is a name in the data, a title, and a label for the axis.
    """
    figure = make_page(3.0)
    grid = figure.add_gridspec(2, len(measures), height_ratios=[0.01, 1])
    legend = figure.add_subplot(grid[0, :])
    legend.set_axis_off()
    panels = [figure.add_subplot(grid[1, i]) for i in range(len(measures))]
    for axes, letter, (_, title, label) in zip(panels, "abc", measures):
        axes.set_title(f"({letter}) {title}", loc="left")
        axes.set_ylabel(label)
        open_frame(axes)
    return figure, legend, panels


def get_conditions(measure, dimension):
    """Return the name, the style and the values (n_trials, n) of each condition."""
    return [
        (
            f"{_RULES[rule][0]}, {_NORMALIZATIONS[normalization][0]}",
            _get_style(normalization, **_RULES[rule][1]),
            measure.sel(rule=rule, normalization=normalization)
            .transpose("trial", dimension)
            .values,
        )
        for rule in measure["rule"].values
        for normalization in measure["normalization"].values
    ]


def _get_style(normalization, linewidth, **style):
    style = {**style, **_NORMALIZATIONS[normalization][1]}
    return {**style, "linewidth": linewidth * _THIN[normalization]}


def get_quartiles(values):
    """Return the three quartiles over trials, (3, n); NaN without trials."""
    quartiles = np.full((3, values.shape[1]), np.nan)
    known = ~np.isnan(values).all(axis=0)
    with np.errstate(invalid="ignore"):  # quartiles between infinite values
        quartiles[:, known] = np.nanpercentile(values[:, known], [25, 50, 75], axis=0)
    return quartiles


def draw_quartiles(axes, x, values, color, marker, markevery, markersize, **style):
    lower, median, upper = get_quartiles(values)
    axes.fill_between(x, lower, upper, color=color, alpha=0.12, linewidth=0)
    axes.plot(x, median, color=color, **style)
    axes.plot(
        x,
        median,
        marker,
        color=color,
        markevery=markevery,
        markersize=markersize,
        markeredgecolor="white",
        markeredgewidth=0.5,
        zorder=3,  # above all lines
    )


def explain_band(counts):
    """Return the entry of a legend for quartiles over these numbers of trials."""
    low, high = min(counts), max(counts)
    n_trials = f"{high}" if low == high else f"{low} to {high}"
    noun = "trial" if n_trials == "1" else "trials"
    return Patch(color="0.8"), f"quartiles of {n_trials} {noun}"


def draw_baseline(axes, values, label):
    """Draw the median and the quartiles over trials as a line and a band across the panel."""
    ((lower,), (median,), (upper,)) = get_quartiles(values[:, None])
    if np.isnan(median):
        return
    axes.axhspan(lower, upper, color=BASELINE["color"], alpha=0.12, linewidth=0)
    axes.axhline(median, **BASELINE, zorder=1)
    # beside the panel, where there is no curve
    axes.annotate(
        label.format(median),
        (1, median),
        (2, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        horizontalalignment="left",
        verticalalignment="center",
        color=BASELINE["color"],
    )


def label_plainly(axis):
    """Label a logarithmic axis in plain numbers, at 1, 3, 10 and so on if there is room."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 3) if high < 300 * low else (1,)))
    axis.set_major_formatter("{x:g}")
    # a narrow range has labels between them
    axis.set_minor_formatter(LogFormatter(minor_thresholds=(0.9, 0.4)))


def label_values(axis, values, most=9):
    """Label an axis at the measured values, or at some of them if there are too many."""
    shown = values[:: -(-len(values) // most)]
    axis.set_ticks(shown, [f"{value:g}" for value in shown])
    axis.set_ticks([], minor=True)


def show_ratios(axes):
    """Make the y axis logarithmic if all values are above zero, with round labels."""
    if not 0 < axes.dataLim.y0 < axes.dataLim.y1 < np.inf:
        return
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    # with powers of ten alone, a narrow range would have no labels
    if high < 3 * low:
        locator = MaxNLocator(8, steps=[1, 2, 5, 10])
    elif high < 30 * low:
        locator = LogLocator(subs=(1, 1.5, 2, 3, 5, 7))
    elif high < 300 * low:
        locator = LogLocator(subs=(1, 2, 5))
    else:
        locator = LogLocator()
    axes.yaxis.set_major_locator(locator)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")


def draw_legend(axes, counts, markersize, marked=None, baseline=None):
    """Draw the legend of colours, lines, bands and markers; ``counts`` of trials."""
    entries = [(Line2D([], [], **style), name) for name, style in _RULES.values()]
    if baseline is not None:
        entries.append((Line2D([], [], **BASELINE), baseline))
    markers = []
    for normalization, (name, _) in _NORMALIZATIONS.items():
        style = _get_style(
            normalization, color="0.25", linewidth=1.6, markersize=markersize
        )
        entries.append((Line2D([], [], **style), name))
        markers.append(Line2D([], [], **{**style, "linestyle": "none"}))
    entries.append(explain_band(counts))
    if marked is not None:
        entries.append((tuple(markers), marked))
    axes.legend(
        *zip(*entries),
        handler_map={tuple: HandlerTuple(ndivide=None)},
        loc="lower center",
        ncol=-(-len(entries) // (2 if baseline is None else 3)),
        columnspacing=1.5,
        frameon=False,
        handlelength=3,
        borderaxespad=0,
    )
