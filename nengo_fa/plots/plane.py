"""Fields, encoders and arrows over the plane of two inputs."""

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from nengo_fa.palette import LEARNED


def draw_axes_of_encoders(axes, limit):
    """Draw the diagonals and the unit circle."""
    for sign in (1, -1):
        axes.plot(
            [-limit, limit], [-sign * limit, sign * limit], color="0.85", zorder=0
        )
    axes.add_patch(Circle((0, 0), 1, fill=False, color="0.85", zorder=0))
    axes.set(
        xlim=(-limit, limit),
        ylim=(-limit, limit),
        aspect="equal",
        xlabel="$x_1$",
        ylabel="$x_2$",
    )


def draw_encoders(axes: Axes, start: ArrayLike, end: ArrayLike) -> None:
    """Draw encoders in the plane, at the start in grey and at the end in colour.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    start, end : (n_neurons, 2) array_like

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> axes = figure.subplots()
    >>> plots.draw_encoders(axes, [[1, 0], [0, 1]], [[0.8, 0.6], [-0.6, 0.8]])
    """
    start, end = np.asarray(start), np.asarray(end)
    draw_axes_of_encoders(axes, 1.1 * max(1, np.abs(start).max(), np.abs(end).max()))
    for first, last in zip(start, end):
        axes.plot(*zip(first, last), color="0.7", linewidth=0.8, zorder=1)
    axes.plot(*start.T, "o", color="0.6", markersize=4, label="start")
    axes.plot(*end.T, "o", color=LEARNED, markersize=5, label="end")


def draw_field(axes, data, field, colours, low, high):
    """Draw values on a grid over the unit disc."""
    x1, x2 = data["x1"].values, data["x2"].values
    margin1, margin2 = (x1[1] - x1[0]) / 2, (x2[1] - x2[0]) / 2
    image = axes.imshow(
        _extend(field),
        cmap=colours,
        vmin=low,
        vmax=high,
        origin="lower",
        extent=(x1[0] - margin1, x1[-1] + margin1, x2[0] - margin2, x2[-1] + margin2),
        interpolation="bilinear",
    )
    image.set_clip_path(Circle((0, 0), 1, transform=axes.transData))
    axes.add_patch(Circle((0, 0), 1, fill=False, color="0.5", linewidth=0.6))
    axes.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def hatch_negative(axes, data, field, high):
    """Hatch a field below zero, for readers who do not see its colours."""
    x1, x2 = data["x1"].values, data["x2"].values
    levels = [-np.inf, -0.05 * high]
    with rc_context({"hatch.linewidth": 0.25, "hatch.color": "0.15"}):
        axes.contourf(x1, x2, field, levels=levels, colors="none", hatches=["/////"])


def _extend(field):
    """Return the field with an additional border of one point, for drawing the rim."""
    padded = np.pad(field, 1, constant_values=np.nan)
    n_rows, n_columns = field.shape
    around = np.array(
        [padded[i : i + n_rows, j : j + n_columns] for i in range(3) for j in range(3)]
    )
    n_known = np.sum(~np.isnan(around), axis=0)
    seam = np.full(field.shape, np.nan)
    np.divide(np.nansum(around, axis=0), n_known, out=seam, where=n_known > 0)
    return np.where(np.isnan(field), seam, field)


def draw_diagonals(axes):
    end = np.sqrt(0.5)
    for sign in (1, -1):
        axes.plot([-end, end], [-sign * end, sign * end], "k:", linewidth=0.8)


def draw_arrow(axes, vector, name):
    """Draw a vector from the origin that is visible on light and dark backgrounds."""
    if not np.linalg.norm(vector) > 0:
        return
    halo = [withStroke(linewidth=2.5, foreground="white")]
    arrow = axes.annotate(
        "",
        vector,
        (0, 0),
        arrowprops={
            "arrowstyle": "-|>,head_length=0.5,head_width=0.25",
            "color": "black",
            "linewidth": 1.2,
            "shrinkA": 0,
            "shrinkB": 0,
            "path_effects": halo,
        },
    )
    arrow.arrow_patch.set_clip_on(False)
    # to the left of the arrow
    across = np.array([-vector[1], vector[0]]) / np.linalg.norm(vector)
    axes.annotate(
        name,
        0.6 * vector,
        9 * across,
        textcoords="offset points",
        horizontalalignment="center",
        verticalalignment="center",
        path_effects=halo,
    )


def get_longest(vectors):
    return np.nanmax(np.linalg.norm(vectors, axis=-1))
