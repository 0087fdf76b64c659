"""The banded task: its samples, learning with five variants, and the errors of a neuron."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nengo_fa.palette import LEARNED, OTHER
from nengo_fa.plots.conditions import VARIANTS, draw_quartiles, explain_band
from nengo_fa.plots.drawing import (
    COLUMN,
    ERRORS,
    add_colorbar,
    make_figure,
    make_page,
    open_frame,
    set_font_size,
    styled,
)
from nengo_fa.plots.plane import hatch_negative

# short names, for a legend and for narrow panels
_NAMES = {
    "backprop": "backpropagation",
    "local backprop": "local backprop",
    "global": "global FA",
    "local": "local FA",
    "direct": "direct FA",
}
_CONNECTIVITIES = {
    "full": "full connectivity",
    "limited": "limited connectivity",
}
_TAUGHT = {
    "first": "First layer learns",
    "second": "Second layer learns",
    "both": "Both layers learn",
}
_MEASURES = {
    "rmse": ("RMSE in training", 1),
    "test_error": ("Misclassified (%)", 100),
    "alignment": ("Cosine with backprop", 1),
    "visible": ("Usable part of error (%)", 100),
}


@styled
def bands(data: xr.Dataset) -> Figure:
    """Draw a figure of the samples of a banded task in the plane.

    Parameters
    ----------
    data : xarray.Dataset
        ``x`` (sample, dimension) from -1 to 1, in two dimensions; ``label`` (sample,), 0
        or 1; and the attribute ``n_bands``.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Filled points belong to one class, and open points to the other. Lines are the edges
        of the bands.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.banded import BandedExperiment
    >>> from nengo_fa.experiments.banded_fields import make_points
    >>> figure = plots.bands(make_points(BandedExperiment()))
    """
    x, label = data["x"].transpose("sample", "dimension").values, data["label"].values
    figure = make_figure(COLUMN, COLUMN + 0.2)
    axes = figure.subplots()
    styles = (
        {"facecolors": LEARNED, "edgecolors": LEARNED},
        {"facecolors": "none", "edgecolors": OTHER},
    )
    for which, style in enumerate(styles):
        axes.scatter(
            *x[label == which].T, s=11, linewidths=0.8, zorder=2, clip_on=False, **style
        )
    _draw_edges(axes, data.attrs["n_bands"], both=True)
    _label_plane(axes)
    axes.set_ylabel("$x_2$", labelpad=0)
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=4,
            markerfacecolor=style["facecolors"],
            markeredgecolor=style["edgecolors"],
        )
        for style in styles
    ]
    figure.legend(
        handles,
        ["class 0", "class 1"],
        loc="outside upper center",
        ncol=2,
        frameon=False,
    )
    return figure


@styled
def variants(data: xr.Dataset, name: str = "test_error") -> Figure:
    """Draw a figure of a measure over epochs, for each variant.

    Parameters
    ----------
    data : xarray.Dataset
        The measure (variant, connectivity, taught, trial, epoch). Trials with NaN, such as
        unfinished trials, do not count.
    name : {"rmse", "test_error", "alignment", "visible"}, optional

    Returns
    -------
    figure : matplotlib.figure.Figure
        A row for each connectivity, and a column for the layers that learn. Lines are
        medians over trials, and bands are quartiles.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.banded import BandedExperiment
    >>> experiment = BandedExperiment(n_trials=2, epochs=5)
    >>> data = experiment.make_template().fillna(0.1)  # for experiment.run_here()
    >>> figure = plots.variants(data, "test_error")
    """
    label, factor = _MEASURES[name]
    rows, columns = data["connectivity"].values, data["taught"].values
    epochs = data["epoch"].values
    figure = make_page(0.9 + 1.75 * len(rows))
    panels = figure.subplots(
        len(rows), len(columns), sharex=True, sharey=True, squeeze=False
    )
    counts = []
    for row, connectivity in zip(panels, rows):
        for axes, taught in zip(row, columns):
            measure = data[name].sel(connectivity=connectivity, taught=taught)
            counts += _draw_variants(axes, epochs, factor * measure)
        row[0].set_ylabel(f"{_CONNECTIVITIES[connectivity].capitalize()}\n\n{label}")
    for axes, taught in zip(panels[0], columns):
        axes.set_title(_TAUGHT[taught], loc="left")
    for axes in panels[-1]:
        axes.set_xlabel("Epoch")
    if "n_trials" in data.attrs:  # the data are a summary
        counts = [data.attrs["n_trials"]]
    _draw_legend(figure, data["variant"].values, counts)
    return figure


def _draw_variants(axes, epochs, measure):
    """Draw a measure over epochs for each variant; return the numbers of trials."""
    counts = []
    for i, variant in enumerate(measure["variant"].values):
        values = measure.sel(variant=variant).transpose("trial", "epoch").values
        values = values[~np.isnan(values).any(axis=1)]
        counts.append(len(values))
        step = max(1, len(epochs) // 4)
        style = {**VARIANTS[variant], "label": variant}
        # markers alternate, because lines may lie on top of each other
        style["markevery"] = i * step // len(VARIANTS), step
        draw_quartiles(axes, epochs, values, markersize=4, **style)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    open_frame(axes)
    return counts


def _draw_legend(figure, names, counts):
    entries = [
        (Line2D([], [], markersize=4, **VARIANTS[name]), _NAMES[name]) for name in names
    ]
    entries.append(explain_band(counts))
    figure.legend(
        *zip(*entries),
        loc="outside upper center",
        ncol=3,  # two rows, as one is wider than a page
        handlelength=2.6,
        frameon=False,
    )


@styled
def taught_fields(data: xr.Dataset) -> Figure:
    """Draw a figure of the error of a neuron that sees only the first of two dimensions.

    Parameters
    ----------
    data : xarray.Dataset
        ``taught`` (variant, x2, x1), the error of the neuron, and its ``mean`` over x2
        (variant, x1); and the attribute ``n_bands``.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A column for each variant, with the error above and its mean below, both in
        multiples of the root mean square of the error. Dotted lines are the edges of the
        bands. Errors below zero are hatched.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.banded import BandedExperiment
    >>> from nengo_fa.experiments.banded_fields import make_fields
    >>> fields = make_fields(BandedExperiment(epochs=1, n_samples=60), n_points=20)
    >>> figure = plots.taught_fields(fields)
    """
    taught = data["taught"].transpose("variant", "x2", "x1").values
    mean = data["mean"].transpose("variant", "x1").values
    scale = np.sqrt(np.mean(taught**2, axis=(1, 2)))
    scale[scale == 0] = 1
    taught = taught / scale[:, np.newaxis, np.newaxis]
    mean = mean / scale[:, np.newaxis]
    names = data["variant"].values
    x1, n_bands = data["x1"].values, data.attrs["n_bands"]
    figure = make_page(3.0)
    panels = figure.subplots(
        2, len(names), sharex=True, sharey="row", squeeze=False, height_ratios=[1.3, 1]
    )
    limit = min(np.percentile(np.abs(taught), 99), 3)
    for i, (above, below) in enumerate(panels.T):
        image = _draw_taught(above, data, taught[i], limit)
        above.set_title(_NAMES[names[i]])
        _draw_mean(below, x1, mean[i])
        for axes in (above, below):
            _draw_edges(axes, n_bands, both=axes is above)
            set_font_size(axes)
    most = 1.15 * np.abs(mean).max() or 1
    panels[1, 0].set(ylim=(-most, most), ylabel="Mean over $x_2$")
    panels[1, 0].yaxis.set_major_locator(MaxNLocator(3, symmetric=True))
    panels[0, 0].set(ylabel="$x_2$")
    extend = "both" if np.abs(taught).max() > limit else "neither"
    add_colorbar(figure, image, list(panels[0]), "Error / RMS", extend=extend, pad=0.01)
    return figure


def _draw_taught(axes, data, taught, limit):
    """Draw the error of a neuron over the plane."""
    image = axes.imshow(
        taught,
        cmap=ERRORS,
        vmin=-limit,
        vmax=limit,
        origin="lower",
        extent=(-1, 1, -1, 1),
        aspect="auto",
    )
    hatch_negative(axes, data, taught, limit)
    axes.set(yticks=[-1, 0, 1])
    return image


def _draw_mean(axes, x1, mean):
    """Draw the error of a neuron, averaged over the dimension that it does not see."""
    axes.axhline(0, color="0.7", linewidth=0.6)
    axes.plot(x1, mean, color=LEARNED, linewidth=1.4)
    axes.spines[["top", "right"]].set_visible(False)
    _label_plane(axes, aspect="auto")


def _draw_edges(axes, n_bands, both=False):
    """Draw the edges of the bands of x1, or of both dimensions."""
    for edge in np.linspace(-1, 1, n_bands + 1)[1:-1]:
        for draw in (axes.axvline, axes.axhline)[: 1 + both]:
            draw(edge, color="0.3", linewidth=0.7, linestyle=":", zorder=1.5)


def _label_plane(axes, aspect="equal"):
    axes.set(xlabel="$x_1$", xlim=(-1, 1), xticks=[-1, 0, 1], aspect=aspect)
    if aspect == "equal":
        axes.set(ylim=(-1, 1), yticks=[-1, 0, 1])
    set_font_size(axes)
