"""Classification of images: the confusion of classes, and encoders as images."""

import numpy as np
import xarray as xr
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from nengo_fa.plots.drawing import (
    COLUMN,
    PAGE,
    add_colorbar,
    make_figure,
    make_page,
    set_font_size,
    styled,
)

_MISTAKES = LinearSegmentedColormap.from_list(
    "mistakes", ["white", "#fcc98c", "#e08214", "#8c3d04"]
)
_CORRECT = "0.9"
# colours below zero are as dark as colours above, so that both are equally visible
_WEIGHTS = "PuOr_r"


@styled
def confusion_matrix(data: xr.Dataset) -> Figure:
    """Draw a figure of the confusion of classes.

    Parameters
    ----------
    data : xarray.Dataset
        ``confusion`` (label, prediction), the number of images with each label and
        prediction.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The counts, without zeros. Colours show the percentage of the images in a row.
        Correct predictions are grey, so that mistakes stand out. The share of mistakes in
        each row is on the right.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> import xarray as xr
    >>> labels, predictions = np.array([[0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 2, 2]])
    >>> counts = np.zeros((3, 3), dtype=int)
    >>> np.add.at(counts, (labels, predictions), 1)
    >>> data = xr.Dataset({"confusion": (("label", "prediction"), counts)})
    >>> figure = plots.confusion_matrix(data)
    """
    counts = data["confusion"].transpose("label", "prediction").values
    n_classes = len(counts)
    totals = counts.sum(axis=1)
    # a class without images has no mistakes
    percent = 100 * counts / np.maximum(totals, 1)[:, None]
    mistakes = np.where(np.eye(n_classes, dtype=bool), np.nan, percent)
    limit = np.nanmax(mistakes) or 1

    figure = make_page(1.0 + 0.3 * n_classes)
    axes = figure.subplots()
    axes.set_facecolor(_CORRECT)  # visible in cells without a colour
    image = axes.imshow(mistakes, cmap=_MISTAKES, vmin=0, vmax=limit, aspect="auto")
    _write_counts(axes, counts, dark=mistakes > 0.75 * limit)
    classes = np.arange(n_classes)
    axes.set(xticks=classes, yticks=classes, xlabel="Prediction", ylabel="Label")
    wrong = axes.secondary_yaxis("right")
    shares = 100 - np.diag(percent)
    wrong.set_yticks(
        classes, [f"{s:.1f} %" if n else "" for s, n in zip(shares, totals)]
    )
    wrong.set_ylabel("Misclassified", labelpad=8)
    for its in (axes, wrong):
        its.tick_params(length=0)
        its.spines[:].set_visible(False)
        set_font_size(its)
    add_colorbar(figure, image, axes, "Images in the row (%)", pad=0.03)
    return figure


def _write_counts(axes, counts, dark):
    """Write counts other than zero into the cells of a matrix; some cells are dark."""
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(
                column,
                row,
                f"{count}",
                color="white" if dark[row, column] else "black",
                horizontalalignment="center",
                verticalalignment="center",
            )


@styled
def encoder_images(data: xr.Dataset) -> Figure:
    """Draw a figure of encoders as images, before and after learning.

    Parameters
    ----------
    data : xarray.Dataset
        ``encoders_before`` and ``encoders_after`` (neuron, row, column).

    Returns
    -------
    figure : matplotlib.figure.Figure
        Encoders before learning, above the encoders after learning. Weights above zero are
        orange, weights below zero are purple, and zero is white. Both images of a neuron
        have the same scale, which ends at their largest weight; it is written below them.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> import xarray as xr
    >>> rng = np.random.RandomState(0)
    >>> before = rng.randn(6, 8, 8)
    >>> dims = "neuron", "row", "column"
    >>> data = xr.Dataset(
    ...     {"encoders_before": (dims, before), "encoders_after": (dims, before**3)},
    ...     {"neuron": np.arange(6)})
    >>> figure = plots.encoder_images(data)
    """
    before, after = (
        data[name].transpose("neuron", "row", "column").values
        for name in ("encoders_before", "encoders_after")
    )
    numbers = data["neuron"].values
    n_neurons, height, width = before.shape
    n_columns = min(n_neurons, 8)
    n_blocks = -(-n_neurons // n_columns)
    page = COLUMN if n_columns < 4 else PAGE
    # the space without labels, gaps and the colour bar
    edge = (page - 0.95) / n_columns - 0.075
    figure = make_figure(page, n_blocks * (2 * edge * height / width + 0.55))
    panels = figure.subplots(2 * n_blocks, n_columns, squeeze=False)
    pairs = panels.reshape(n_blocks, 2, n_columns).swapaxes(1, 2).reshape(-1, 2)
    for axes in pairs[n_neurons:].flat:
        axes.remove()
    pairs = pairs[:n_neurons]

    for pair, number, *images in zip(pairs, numbers, before, after):
        _draw_pair(pair, number, images)
    for first in pairs[::n_columns]:
        for axes, name in zip(first, ("before", "after")):
            axes.set_ylabel(name)
    scale = ScalarMappable(Normalize(-1, 1), _WEIGHTS)
    add_colorbar(
        figure,
        scale,
        list(pairs.flat),
        "Weight / largest of the pair",
        ticks=[-1, 0, 1],
        shrink=0.8 / n_blocks**0.5,
        aspect=25,
    )
    return figure


def _draw_pair(pair, number, images):
    """Draw the encoder of a neuron before and after learning, with the same scale."""
    largest = np.nanmax(np.abs(images)) or 1
    for axes, image in zip(pair, images):
        axes.imshow(image, cmap=_WEIGHTS, vmin=-largest, vmax=largest)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("0.8")
    pair[0].set_title(f"neuron {number}")
    pair[1].set_xlabel(f"±{largest:.2g}")
