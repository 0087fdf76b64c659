"""The curves of a training, drawn into axes."""

import numpy as np
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_iterable

#: What is drawn of each layer where it is recorded, and the label of its axis.
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
        from matplotlib import pyplot  # heavy, and an extra
    except ImportError as error:
        raise ImportError(
            "Curves are drawn by Matplotlib. Install it with pip install matplotlib."
        ) from error
    size = 3.4 * n_panels, 2.8
    return pyplot.subplots(
        1, n_panels, figsize=size, layout="constrained", squeeze=False
    )[1]


def _draw_errors(axes, history, name):
    _draw(axes, history.rmse, color="C0", label="training")
    others = {"validation": history.validation_rmse, "test": history.test_rmse}
    others = {name: values for name, values in others.items() if values is not None}
    for (label, values), color in zip(others.items(), ("C1", "C2")):
        _draw(axes, values, color=color, linestyle="--", label=label)
    if history.best_epoch is not None:
        axes.axvline(history.best_epoch, color="0.7", zorder=0, label="best epoch")
    if others:
        axes.legend(frameon=False)
    axes.set_ylabel("RMSE")
    axes.set_ylim(bottom=0)


def _draw_layers(axes, history, name):
    """Draw the mean of a measure over the neurons of each layer that has it."""
    for k, layer in enumerate(history.layers):
        if getattr(layer, name) is not None:
            _draw(axes, getattr(layer, name), color=f"C{k}", label=f"layer {k + 1}")
    if len(history.layers) > 1:
        axes.legend(frameon=False)
    axes.set_ylabel(OF_LAYERS[name])


def _draw(axes, values, **style):
    marker = "o" if len(values) == 1 else None  # a single point has no line
    axes.plot(np.arange(len(values)), values, marker=marker, **style)
