"""A network that classifies images in spikes."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import blended_transform_factory

from nengo_fa.palette import HIGHLIGHT, LEARNED
from nengo_fa.plots.conditions import BASELINE, show_ratios
from nengo_fa.plots.drawing import (
    RATES,
    add_colorbar,
    make_page,
    set_font_size,
    styled,
)

_MILLISECONDS = 1000

# errors of the same neurons with rates, which do not depend on time
_IN_RATES = {
    "rate_error": ("learned,\nin rates", {"color": LEARNED, "linestyle": (0, (4, 2))}),
    "baseline_error": ("well-chosen,\nfixed,\nin rates", BASELINE),
}


@styled
def presentation(data: xr.Dataset) -> Figure:
    """Draw a figure of a trained network that sees images, one after the other.

    Parameters
    ----------
    data : xarray.Dataset
        ``error`` (time,), the fraction of images that the output at ``time``, in seconds
        after the onset of an image, misclassifies; optionally ``rate_error``, the error of
        the same network in rates, and ``baseline_error``, the error with fixed encoders in
        rates. For the first images: ``images`` (digit, row, column), ``onset`` in seconds,
        ``shown_label`` and ``shown_prediction``, each (digit,); ``spike_time`` in seconds
        and ``spike_neuron`` (spike,); ``output`` (sample, class) at ``sample_time``
        (sample,) in seconds.

    Returns
    -------
    figure : matplotlib.figure.Figure
        (a) The error over the time after onset. (b) The images with labels and predictions,
        the spikes, and the output. The output has a row for each class; larger values are
        darker, and a frame marks the correct class.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.presentation import present
    >>> data = nengo_fa.datasets.digits().centered()
    >>> network = nengo_fa.networks.Classifier(64, 10, n_neurons=20, seed=1)
    >>> results = present(network, data, n_samples=10, progress_bar=False)
    >>> figure = plots.presentation(results)
    """
    figure = make_page(4.2)
    grid = figure.add_gridspec(
        3, 2, width_ratios=[1, 2.3], height_ratios=[0.55, 1.2, 1.2]
    )
    errors = figure.add_subplot(grid[:, 0])
    images = figure.add_subplot(grid[0, 1])
    raster = figure.add_subplot(grid[1, 1], sharex=images)
    output = figure.add_subplot(grid[2, 1], sharex=images)

    _draw_error(errors, data)
    onsets = _MILLISECONDS * data["onset"].values
    times = _MILLISECONDS * data["sample_time"].values
    ends = np.append(onsets[1:], times[-1])
    _draw_images(images, data, onsets, ends)
    _draw_spikes(raster, data)
    image = _draw_output(output, times, data, onsets, ends)
    for axes in (raster, output):
        for onset in onsets[1:]:
            axes.axvline(onset, color="0.6", linewidth=0.6)
    output.set_xlim(onsets[0], ends[-1])
    for axes in (errors, raster, output):
        set_font_size(axes)
    add_colorbar(figure, image, output, "Output", extend="both", pad=0.02)
    return figure


def _draw_error(axes, data):
    times, error = _MILLISECONDS * data["time"].values, 100 * data["error"].values
    axes.plot(times, error, color=LEARNED, label="learned,\nin spikes")
    for name, (label, style) in _IN_RATES.items():
        if name in data:
            axes.axhline(100 * float(data[name]), **style, label=label)
    if len(axes.lines) > 1:
        axes.legend(frameon=False, loc="upper right", handlelength=1.5)
    # above the part of the curve that is below the text
    below = error[times > 0.6 * times[-1]].max()
    axes.annotate(
        f"{error[-1]:.1f} %",
        (times[-1], below),
        (0, 4),
        textcoords="offset points",
        horizontalalignment="right",
        verticalalignment="bottom",
    )
    axes.set(
        xlim=(0, times[-1]),
        xlabel="Time after onset (ms)",
        ylabel="Misclassified images (%)",
    )
    axes.set_title(f"(a) Error of {data.attrs['n_digits']} images", loc="left")
    axes.set_ylim(0.8 * error.min(), 100)
    show_ratios(axes)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_images(axes, data, onsets, ends):
    """Draw images above the time at which they were shown."""
    pictures = data["images"].transpose("digit", "row", "column").values
    labels, predictions = data["shown_label"].values, data["shown_prediction"].values
    low, high = pictures.min(), pictures.max()
    axes.set_axis_off()
    axes.set_title("(b) Label → prediction, spikes, and output", loc="left")
    place = blended_transform_factory(axes.transData, axes.transAxes)
    for picture, onset, end, label, prediction in zip(
        pictures, onsets, ends, labels, predictions
    ):
        # images are square for any duration; each has its own panel with its own aspect
        panel = axes.inset_axes((onset, 0, end - onset, 0.7), transform=place)
        panel.imshow(picture, cmap="gray_r", vmin=low, vmax=high)
        panel.set_axis_off()
        wrong = label != prediction
        panel.set_title(
            f"{label} → {prediction}",
            color=HIGHLIGHT if wrong else "black",
            weight="bold" if wrong else "normal",
            pad=2,
        )


def _draw_spikes(axes, data):
    times = _MILLISECONDS * data["spike_time"].values
    neurons = data["spike_neuron"].values
    axes.plot(times, neurons, "|", color="black", markersize=1.5, markeredgewidth=0.4)
    axes.set_ylabel("Neuron")
    axes.set_ylim(-0.5, neurons.max(initial=0) + 0.5)
    axes.tick_params(labelbottom=False)


def _draw_output(axes, times, data, onsets, ends):
    output = data["output"].transpose("sample", "class").values
    n_classes = output.shape[1]
    image = axes.pcolormesh(
        times,
        np.arange(n_classes),
        output.T,
        cmap=RATES,
        vmin=0,
        vmax=1,  # the target of the output for the correct class
        shading="nearest",
        rasterized=True,
    )
    for onset, end, label in zip(onsets, ends, data["shown_label"].values):
        axes.add_patch(
            Rectangle(
                (onset, label - 0.5),
                end - onset,
                1,
                fill=False,
                color=HIGHLIGHT,
                zorder=2,
            )
        )
    axes.set(xlabel="Time (ms)", ylabel="Class", yticks=np.arange(n_classes))
    axes.set_ylim(n_classes - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    return image
