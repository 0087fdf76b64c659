"""The figures, from results alone."""

import logging
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogFormatter

from nengo_fa.plots.drawing import (
    COLUMN,
    ERRORS,
    FIXED,
    LEARNED,
    PAGE,
    RATES,
    STYLE,
    add_colorbar,
    draw_arrow,
    draw_axes_of_encoders,
    draw_diagonals,
    draw_field,
    get_longest,
    hatch_negative,
    make_figure,
    set_font_size,
)

#: Endings of the files that a figure can be saved to.
FORMATS = tuple(sorted(FigureCanvasBase.filetypes))

# Where lines coincide, a thin one shows on a wide one, and wide dashes on a thin one.
_RULES = {
    "FeedbackAlignment": ("feedback alignment", {"color": LEARNED, "linewidth": 2.0}),
    "Backprop": ("backpropagation", {"color": FIXED, "linewidth": 1.2}),
}
_NORMALIZATIONS = {
    "none": ("no normalization", {"linestyle": (0, (1, 1)), "marker": "o"}),
    "forced": ("forced normalization", {"linestyle": "-", "marker": "s"}),
    "augmented": ("augmented gradient", {"linestyle": (0, (4, 2)), "marker": "^"}),
}
_THIN = {"none": 1.0, "forced": 0.6, "augmented": 1.0}


def online(result):
    """Figure of the online experiment.

    Parameters
    ----------
    result : nengo_fa.experiments.online.OnlineResult

    Returns
    -------
    figure : matplotlib.figure.Figure
        The error over time, the encoders at the start and at the end, and their mean
        angle to the diagonals over time.
    """
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    errors, encoders, angle = figure.subplots(1, 3)

    errors.plot(result.time, result.rmse_fixed, color=FIXED, label="fixed encoders")
    errors.plot(
        result.time, result.rmse_learned, color=LEARNED, label="learned encoders"
    )
    errors.set(xlabel="Time (s)", ylabel="RMSE of the product", title="Error")
    errors.set_ylim(bottom=0)
    errors.legend(frameon=False)

    draw_encoders(encoders, result.encoders[0], result.encoders[-1])
    encoders.set_title("Encoders: start (grey) and end")

    angle.plot(result.encoder_time, result.angle, color=LEARNED)
    angle.axhline(np.pi / 8, color="0.6", linestyle=":", label="random directions")
    angle.set(
        xlabel="Time (s)", ylabel="Mean angle (rad)", title="Angle to nearest diagonal"
    )
    angle.set_ylim(bottom=0)
    angle.legend(frameon=False, loc="lower left")

    for axes in (errors, angle):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


@rc_context(STYLE)
def tuning_curves(data):
    r"""Figure of the firing rates of neurons over the unit disc.

    Parameters
    ----------
    data : xarray.Dataset
        ``rates`` (neuron, x2, x1) in hertz, NaN outside of the disc;
        ``preferred_directions`` (neuron, dimension); ``gain`` and ``bias`` (neuron,).

    Returns
    -------
    figure : matplotlib.figure.Figure
        The rates of each neuron, from white where it is silent to dark blue, with an
        arrow along the preferred direction :math:`\vec p`. Above them :math:`\vec p`,
        the gain :math:`\alpha` and the bias :math:`\beta`.
    """
    rates = data["rates"].transpose("neuron", "x2", "x1").values
    directions = data["preferred_directions"].transpose("neuron", "dimension").values
    gain, bias = data["gain"].values, data["bias"].values
    n_columns = min(len(rates), 3)
    n_rows = -(-len(rates) // n_columns)
    width = COLUMN if n_columns == 1 else PAGE
    figure = make_figure(width, n_rows * (0.55 + 0.8 * width / n_columns))
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in panels.flat[len(rates) :]:
        axes.remove()
    panels = list(panels.flat[: len(rates)])

    limit = np.nanmax(rates)
    for i, axes in enumerate(panels):
        image = draw_field(axes, data, rates[i], RATES, 0, limit)
        draw_arrow(axes, directions[i], r"$\vec p$")
        axes.set_title(
            rf"$\vec p = ({{{directions[i, 0]:.2f}}},\ {{{directions[i, 1]:.2f}}})$"
            "\n"
            rf"$\alpha = {gain[i]:.3g},\ \beta = {bias[i]:.3g}$"
        )
        axes.set(xlabel="$x_1$", ylabel="$x_2$")
        set_font_size(axes)
    add_colorbar(figure, image, panels, "Firing rate (Hz)", shrink=0.8)
    return figure


@rc_context(STYLE)
def iterations(data):
    r"""Figure of what one neuron learns from over some iterations.

    Parameters
    ----------
    data : xarray.Dataset
        ``activities``, ``projected_error`` and ``gated_error``, each
        (iteration, x2, x1) and NaN outside of the disc; ``encoders`` and ``update``
        (iteration, dimension).

    Returns
    -------
    figure : matplotlib.figure.Figure
        A row for each iteration. In it the tuning curve, with the encoder
        :math:`\vec p`; the error projected onto the feedback weights :math:`\vec b`; and
        that error times the derivative, with the update :math:`\Delta\vec p`. Colours
        mean the same in all rows. All updates are drawn on one scale, other than that of
        the encoders.

    Notes
    -----
    Errors below zero are hatched. Errors have colours up to the largest. If that is more than twice as large as 99 in
    100 are, as happens where a neuron begins to fire, colours end there, and the colour
    bar in an arrow.
    """
    columns = [
        ("activities", "Tuning curve", "Activity", RATES),
        (
            "projected_error",
            "Projected error",
            r"Error along $\vec b$ (hatched: below 0)",
            ERRORS,
        ),
        (
            "gated_error",
            "Projected error × derivative",
            r"Error along $\vec b$ × $f^\prime$",
            ERRORS,
        ),
    ]
    encoders = data["encoders"].transpose("iteration", "dimension").values
    update = data["update"].transpose("iteration", "dimension").values
    numbers = data["iteration"].values
    figure = make_figure(PAGE, 0.9 + 2 * len(numbers))
    panels = figure.subplots(
        len(numbers), len(columns), sharex=True, sharey=True, squeeze=False
    )

    for (name, title, label, colours), column in zip(columns, panels.T):
        fields = data[name].transpose("iteration", "x2", "x1").values
        low, high = 0, np.nanmax(fields)
        if colours is ERRORS:
            high = np.nanmax(np.abs(fields))
            most = np.nanpercentile(np.abs(fields), 99)
            high = most if 0 < 2 * most < high else high
            low = -high
        for axes, field in zip(column, fields):
            image = draw_field(axes, data, field, colours, low, high)
            if low < 0:
                hatch_negative(axes, data, field, high)
            draw_diagonals(axes)
            set_font_size(axes)
        column[0].set_title(title)
        column[-1].set_xlabel("$x_1$")
        extend = ["neither", "max", "min", "both"][
            bool(np.nanmax(fields) > high) + 2 * bool(np.nanmin(fields) < low)
        ]
        add_colorbar(
            figure,
            image,
            list(column),
            label,
            location="bottom",
            pad=0.02,
            shrink=0.9,
            extend=extend,
        )

    encoder_scale = 1 / max(1, get_longest(encoders))
    update_scale = 0.85 / (get_longest(update) or 1)
    for row, number, p, change in zip(panels, numbers, encoders, update):
        row[0].set_ylabel(f"Iteration {number}\n\n$x_2$")
        draw_arrow(row[0], encoder_scale * p, r"$\vec p$")
        draw_arrow(row[2], update_scale * change, r"$\Delta\vec p$")
        length = f"{np.linalg.norm(change):.2g}"
        row[2].annotate(
            rf"$|\Delta\vec p|$" f"\n{length}",
            (1, 0),
            xycoords="axes fraction",
            horizontalalignment="right",
            verticalalignment="bottom",
        )
    return figure


@rc_context(STYLE)
def encoder_movement(data):
    r"""Figure of encoders on their way to the diagonals.

    Parameters
    ----------
    data : xarray.Dataset
        ``encoders`` (epoch, neuron, dimension), of two dimensions; ``angle`` (epoch,),
        their mean angle to the nearest diagonal in radians.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A panel for each epoch; above it the angle, :math:`\Delta\varphi`. What has been
        the first epoch is grey in all others.
    """
    encoders = data["encoders"].transpose("epoch", "neuron", "dimension").values
    epochs, angles = data["epoch"].values, data["angle"].values
    figure = make_figure(PAGE, 0.75 + 0.9 * PAGE / len(epochs))
    panels = figure.subplots(1, len(epochs), sharex=True, sharey=True, squeeze=False)[0]
    limit = 1.15 * max(1, np.nanmax(np.abs(encoders)))
    for axes, epoch, current, angle in zip(panels, epochs, encoders, angles):
        draw_axes_of_encoders(axes, limit)
        if axes is not panels[0]:
            axes.plot(*encoders[0].T, "o", color="0.65", markersize=3, label="start")
        for encoder in current:
            axes.plot(*zip((0, 0), encoder), color=LEARNED, linewidth=0.6, zorder=1)
        axes.plot(*current.T, "o", color=LEARNED, markersize=4, label="current")
        axes.set_title(f"Epoch {epoch}\n" rf"$\Delta\varphi = {angle:.2f}$ rad")
        axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        axes.label_outer()
        set_font_size(axes)
    return figure


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
    figure, legend, panels = _make_measures(len(names), "abc")
    counts = []
    for name, axes in zip(names, panels):
        conditions = _get_conditions(data[name], "epoch")
        for i, (label, style, values) in enumerate(conditions):
            values = values[~np.isnan(values).any(axis=1)]
            counts.append(len(values))
            # Markers take turns, so that lines on top of each other show all of them.
            step = max(1, len(epochs) // 4)
            style["markevery"] = i * step // len(conditions), step
            _draw_quartiles(axes, epochs, values, markersize=4, label=label, **style)
        axes.set_xlabel("Epoch")
    if panels[2].dataLim.y1 > 3:
        panels[2].set_yscale("log")
        _label_plainly(panels[2].yaxis)
    _draw_legend(legend, counts, 4)
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
    figure, legend, panels = _make_measures(len(names), "ab")
    counts = []
    for name, axes in zip(names, panels):
        axes.set(xscale="log", xlim=(rates.min() / 1.3, rates.max() * 1.3))
        for label, style, values in _get_conditions(data[name], "learning_rate"):
            counts.extend(np.sum(~np.isnan(values), axis=0))
            median = _get_quartiles(values)[1]
            known = not np.isnan(median).all()
            style["markevery"] = [int(np.nanargmin(median))] if known else []
            _draw_quartiles(axes, rates, values, markersize=7, label=label, **style)
        _label_plainly(axes.xaxis)
        axes.set_xlabel("Learning rate (per update)")
    _draw_legend(legend, counts, 7, "lowest median")
    return figure


def save(figure, path):
    """Save a figure as PDF and as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path-like
        Without an ending.

    Returns
    -------
    paths : tuple of pathlib.Path
        Of the PDF, which is the same whenever the figure is, and of the PNG.
    """
    path = Path(path)
    pdf, png = (path.with_name(f"{path.name}.{ending}") for ending in ("pdf", "png"))
    font_log = logging.getLogger("fontTools")
    level = font_log.level
    font_log.setLevel(logging.ERROR)  # it warns of the age of Matplotlib's own fonts
    try:
        # letters as such, not as drawings, as publishers ask for
        with rc_context({"pdf.fonttype": 42}):
            figure.savefig(pdf, dpi=300, metadata={"CreationDate": None})
    finally:
        font_log.setLevel(level)
    figure.savefig(png, dpi=200)
    return pdf, png


def draw_encoders(axes, start, end):
    """Draw encoders in the plane, at the start in grey and at the end in colour.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    start, end : (n_neurons, 2) array_like
    """
    start, end = np.asarray(start), np.asarray(end)
    draw_axes_of_encoders(axes, 1.1 * max(1, np.abs(start).max(), np.abs(end).max()))
    for first, last in zip(start, end):
        axes.plot(*zip(first, last), color="0.7", linewidth=0.8, zorder=1)
    axes.plot(*start.T, "o", color="0.6", markersize=4, label="start")
    axes.plot(*end.T, "o", color=LEARNED, markersize=5, label="end")


def _make_measures(n_panels, letters):
    """A figure with some measures of learning side by side, and a legend above."""
    labels = [
        ("Error", "RMSE of the product"),
        ("Angle to nearest diagonal", "Mean angle (rad)"),
        ("Length of encoders", r"Mean $|\vec p|$"),
    ]
    figure = make_figure(PAGE, 3.0)
    grid = figure.add_gridspec(2, n_panels, height_ratios=[0.01, 1])
    legend = figure.add_subplot(grid[0, :])
    legend.set_axis_off()
    panels = [figure.add_subplot(grid[1, i]) for i in range(n_panels)]
    for axes, letter, (title, label) in zip(panels, letters, labels):
        axes.set_title(f"({letter}) {title}", loc="left")
        axes.set_ylabel(label)
        axes.spines[["top", "right"]].set_visible(False)
        set_font_size(axes)
    return figure, legend, panels


def _get_conditions(measure, dimension):
    """Name, style and (n_trials, n) values of each rule with each normalization."""
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


def _get_quartiles(values):
    """The three quartiles over trials, (3, n); NaN where there are none."""
    quartiles = np.full((3, values.shape[1]), np.nan)
    known = ~np.isnan(values).all(axis=0)
    quartiles[:, known] = np.nanpercentile(values[:, known], [25, 50, 75], axis=0)
    return quartiles


def _draw_quartiles(axes, x, values, color, marker, markevery, markersize, **style):
    lower, median, upper = _get_quartiles(values)
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
        zorder=3,  # on all lines
    )


def _label_plainly(axis):
    """Label a logarithmic axis without powers of ten."""
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.8)))


def _draw_legend(axes, counts, markersize, marked=None):
    """Draw what colours, lines, bands and markers mean; counts are those of trials."""
    low, high = min(counts), max(counts)
    n_trials = f"{high}" if low == high else f"{low} to {high}"
    entries = [(Line2D([], [], **style), name) for name, style in _RULES.values()]
    markers = []
    for normalization, (name, _) in _NORMALIZATIONS.items():
        style = _get_style(
            normalization, color="0.25", linewidth=1.6, markersize=markersize
        )
        entries.append((Line2D([], [], **style), name))
        markers.append(Line2D([], [], **{**style, "linestyle": "none"}))
    entries.append((Patch(color="0.8"), f"quartiles of {n_trials} trials"))
    if marked is not None:
        entries.append((tuple(markers), marked))
    axes.legend(
        *zip(*entries),
        handler_map={tuple: HandlerTuple(ndivide=None)},
        loc="lower center",
        ncol=-(-len(entries) // 2),
        columnspacing=1.5,
        frameon=False,
        handlelength=3,
        borderaxespad=0,
    )
