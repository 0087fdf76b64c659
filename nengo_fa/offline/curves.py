"""Plots of the history of a training."""

import numpy as np
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_iterable

from nengo_fa.palette import (
    HIGHLIGHT,
    LEARNED,
    LEARNED_LIGHT,
    LEARNED_MEDIUM,
    shade_layers,
)

#: The measures of each layer that are drawn if they are recorded, with labels of their axes.
OF_LAYERS = {
    "angle": "Angle to nearest axis (rad)",
    "encoder_length": "Length of encoders",
    "turn": "Turn in an epoch (rad)",
}


def draw_history(history, ax=None):
    """Draw the curves of a `.History` as `.History.plot` does; return the axes."""
    names = ["rmse"]
    names += [
        name
        for name in OF_LAYERS
        if any(getattr(layer, name) is not None for layer in history.layers)
    ]
    if ax is None:
        ax = _make_axes(len(names))
    panels = list(np.ravel(ax)) if is_iterable(ax) else [ax]
    if not panels or not all(hasattr(axes, "plot") for axes in panels):
        raise ValidationError(
            f"Must be the axes of a Matplotlib figure, or several of them (got {ax!r})",
            attr="ax",
        )
    for axes, name in zip(panels, names):
        draw = _draw_errors if name == "rmse" else _draw_layers
        draw(axes, history, name)
        axes.set_xlabel("Epoch")
        axes.spines[["top", "right"]].set_visible(False)
    return panels[: len(names)]


def _make_axes(n_panels):
    try:
        from matplotlib import pyplot  # slow to import, and optional
    except ImportError as error:
        raise ImportError(
            "Curves are drawn by Matplotlib. Install it with pip install matplotlib."
        ) from error
    size = 3.4 * n_panels, 2.8
    return pyplot.subplots(
        1, n_panels, figsize=size, layout="constrained", squeeze=False
    )[1]


def _draw_errors(axes, history, name):
    for label, values, color, linestyle in (
        ("training", history.rmse, LEARNED, "-"),
        ("validation", history.validation_rmse, LEARNED_MEDIUM, "--"),
        ("test", history.test_rmse, LEARNED_LIGHT, "-."),
    ):
        if values is not None:
            _draw(axes, values, color=color, linestyle=linestyle, label=label)
    if history.best_epoch is not None:
        style = {"color": HIGHLIGHT, "linewidth": 0.8, "zorder": 0}
        axes.axvline(history.best_epoch, **style, label="best epoch")
    if len(axes.lines) > 1:
        axes.legend(frameon=False)
    axes.set_ylabel("RMSE")


def _draw_layers(axes, history, name):
    """Draw the mean of a measure over the neurons of each layer that has it."""
    colors = shade_layers(len(history.layers))
    for k, (layer, color) in enumerate(zip(history.layers, colors), start=1):
        if getattr(layer, name) is not None:
            _draw(axes, getattr(layer, name), color=color, label=f"layer {k}")
    if len(history.layers) > 1:
        axes.legend(frameon=False)
    axes.set_ylabel(OF_LAYERS[name])


def _draw(axes, values, **style):
    marker = "o" if len(values) == 1 else None  # a single point has no line
    axes.plot(np.arange(len(values)), values, marker=marker, **style)
