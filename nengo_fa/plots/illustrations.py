"""Figures 2 to 4 of the paper: tuning curves, and how neurons with two inputs learn."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import LEARNED
from nengo_fa.plots.drawing import (
    COLUMN,
    ERRORS,
    PAGE,
    RATES,
    add_colorbar,
    make_figure,
    make_page,
    set_font_size,
    styled,
)
from nengo_fa.plots.plane import (
    draw_arrow,
    draw_axes_of_encoders,
    draw_diagonals,
    draw_field,
    get_longest,
    hatch_negative,
)

# Titles, labels and colours of the fields from which a neuron learns.
_FIELDS = {
    "activities": ("Tuning curve", "Activity", RATES),
    "projected_error": (
        "Projected error",
        r"Error along $\vec b$ (hatched: below 0)",
        ERRORS,
    ),
    "gated_error": (
        "Projected error × derivative",
        r"Error along $\vec b$ × $f^\prime$",
        ERRORS,
    ),
}


@styled
def tuning_curves(data: xr.Dataset) -> Figure:
    r"""Draw a figure of the firing rates of neurons over the unit disc.

    Parameters
    ----------
    data : xarray.Dataset
        ``rates`` (neuron, x2, x1) in hertz, NaN outside of the disc;
        ``preferred_directions`` (neuron, dimension); ``gain`` and ``bias`` (neuron,).

    Returns
    -------
    figure : matplotlib.figure.Figure
        The rates of each neuron, from white (silent) to dark blue, with an arrow along the
        preferred direction :math:`\vec p`. The titles contain :math:`\vec p`, the gain
        :math:`\alpha` and the bias :math:`\beta`.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.illustrations import make_tuning_curves
    >>> figure = plots.tuning_curves(make_tuning_curves(n_points=31))
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


@styled
def iterations(data: xr.Dataset) -> Figure:
    r"""Draw a figure of the signals from which one neuron learns, over some iterations.

    Parameters
    ----------
    data : xarray.Dataset
        ``activities``, ``projected_error`` and ``gated_error``, each
        (iteration, x2, x1) and NaN outside of the disc; ``encoders`` and ``update``
        (iteration, dimension).

    Returns
    -------
    figure : matplotlib.figure.Figure
        A row for each iteration, with three panels: the tuning curve, with the encoder
        :math:`\vec p`; the error projected onto the feedback weights :math:`\vec b`; and
        the projected error times the derivative, with the update :math:`\Delta\vec p`.
        Colours mean the same in all rows. All updates are drawn on one scale, which differs
        from the scale of the encoders.

    Notes
    -----
    Errors below zero are hatched. Colours end at the largest error; but if it is more than
    twice the 99th percentile, as happens where a neuron begins to fire, colours end at this
    percentile, and the colour bar ends in an arrow.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.multiplication import MultiplicationExperiment
    >>> from nengo_fa.experiments.illustrations import make_iterations
    >>> data = make_iterations(MultiplicationExperiment(), n_iterations=2, n_points=31)
    >>> figure = plots.iterations(data)
    """
    encoders = data["encoders"].transpose("iteration", "dimension").values
    update = data["update"].transpose("iteration", "dimension").values
    numbers = data["iteration"].values
    figure = make_page(0.9 + 2 * len(numbers))
    panels = figure.subplots(
        len(numbers), len(_FIELDS), sharex=True, sharey=True, squeeze=False
    )
    for name, column in zip(_FIELDS, panels.T):
        _draw_fields(figure, column, data, name)
    for row, number in zip(panels, numbers):
        row[0].set_ylabel(f"Iteration {number}\n\n$x_2$")
    encoder_scale = 1 / max(1, get_longest(encoders))
    update_scale = 0.85 / (get_longest(update) or 1)
    for (axes, *_), encoder in zip(panels, encoders):
        draw_arrow(axes, encoder_scale * encoder, r"$\vec p$")
    for (*_, axes), change in zip(panels, update):
        draw_arrow(axes, update_scale * change, r"$\Delta\vec p$")
        axes.annotate(
            rf"$|\Delta\vec p|$" f"\n{np.linalg.norm(change):.2g}",
            (1, 0),
            xycoords="axes fraction",
            horizontalalignment="right",
            verticalalignment="bottom",
        )
    return figure


def _draw_fields(figure, column, data, name):
    """Draw one field in all iterations, with a colour bar below."""
    title, label, colours = _FIELDS[name]
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
    style = {"location": "bottom", "pad": 0.02, "shrink": 0.9, "extend": extend}
    add_colorbar(figure, image, list(column), label, **style)


@styled
def encoder_movement(data: xr.Dataset) -> Figure:
    r"""Draw a figure of encoders on their way to the diagonals.

    Parameters
    ----------
    data : xarray.Dataset
        ``encoders`` (epoch, neuron, dimension), in two dimensions; ``angle`` (epoch,),
        their mean angle to the nearest diagonal in radians.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A panel for each epoch, with the angle :math:`\Delta\varphi` as title. Encoders of
        the first epoch are grey in all other panels.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.multiplication import MultiplicationExperiment
    >>> from nengo_fa.experiments.illustrations import make_encoder_movement
    >>> data = make_encoder_movement(MultiplicationExperiment(epochs=20))
    >>> figure = plots.encoder_movement(data)
    """
    encoders = data["encoders"].transpose("epoch", "neuron", "dimension").values
    epochs, angles = data["epoch"].values, data["angle"].values
    figure = make_page(1.0 + 0.9 * PAGE / len(epochs))
    panels = figure.subplots(1, len(epochs), sharex=True, sharey=True, squeeze=False)[0]
    limit = 1.15 * max(1, np.nanmax(np.abs(encoders)))
    for axes, epoch, current, angle in zip(panels, epochs, encoders, angles):
        draw_axes_of_encoders(axes, limit)
        if axes is not panels[0]:
            axes.plot(*encoders[0].T, "o", color="0.65", markersize=3, label="start")
        for encoder in current:
            axes.plot(*zip((0, 0), encoder), color=LEARNED, linewidth=0.6, zorder=1)
        axes.plot(*current.T, "o", color=LEARNED, markersize=4, label="at this epoch")
        axes.set_title(f"Epoch {epoch}\n" rf"$\Delta\varphi = {angle:.2f}$ rad")
        axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        axes.label_outer()
        set_font_size(axes)
    handles, labels = panels[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=2, frameon=False)
    return figure
