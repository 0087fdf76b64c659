"""Metrics of the layers of a network over epochs."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from nengo.exceptions import ValidationError

from nengo_fa.offline.history import History
from nengo_fa.palette import REFERENCE, shade_layers
from nengo_fa.plots.conditions import show_ratios
from nengo_fa.plots.drawing import in_style, make_page, open_frame

_METRICS = {
    "alignment": ("Angle to backpropagation", "Angle (rad)"),
    "weight_ratio": ("Weights / feedback weights", "Ratio of norms"),
    "selectivity": ("Selectivity for the feedback", "Mean cosine"),
    "dead": ("Neurons silent for all samples", "Fraction"),
}
_START = {"color": REFERENCE, "linewidth": 0.8, "linestyle": ":"}


@in_style
def layer_metrics(history: History) -> Figure:
    """Draw a figure of the metrics of each layer over epochs.

    Parameters
    ----------
    history : History
        A history from `.train` with ``metrics=True``.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A line for each layer. Dotted lines are the initial values with random feedback: a
        right angle to the update of backpropagation, and a selectivity of zero.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the history has no metrics.

    See Also
    --------
    nengo_fa.metrics.LayerMetrics

    Examples
    --------
    >>> from nengo_fa import plots
    >>> x = np.random.RandomState(0).uniform(-1, 1, size=(100, 2))
    >>> with nengo.Network(seed=1) as model:
    ...     hidden = nengo.Ensemble(20, 2)
    ...     encode = nengo.Connection(
    ...         nengo.Node(size_in=2), hidden,
    ...         learning_rule_type=nengo_fa.FeedbackAlignment(1, learning_rate=0.001))
    ...     decode = nengo.Connection(hidden, nengo.Node(size_in=1), function=np.prod)
    >>> history = nengo_fa.train(
    ...     decode, x, x[:, :1] * x[:, 1:], epochs=5, metrics=True, network=model,
    ...     progress_bar=False)
    >>> figure = plots.layer_metrics(history)
    """
    if history.layers[0].alignment is None:
        raise ValidationError(
            "Does not contain metrics. Train with nengo_fa.train(..., metrics=True).",
            attr="history",
        )
    figure = make_page(4.2)
    grid = figure.add_gridspec(3, 2, height_ratios=[0.01, 1, 1])
    legend = figure.add_subplot(grid[0, :])
    legend.set_axis_off()
    panels = {}
    for i, (name, (title, label)) in enumerate(_METRICS.items()):
        panels[name] = axes = figure.add_subplot(grid[1 + i // 2, i % 2])
        lines = _draw(axes, history, name)
        axes.set_title(f"({'abcd'[i]}) {title}", loc="left")
        axes.set_ylabel(label)
    show_ratios(panels["weight_ratio"])
    panels["dead"].set_ylim(bottom=0, top=max(0.05, panels["dead"].get_ylim()[1]))
    for name, level in (("alignment", np.pi / 2), ("selectivity", 0)):
        start = panels[name].axhline(level, **_START, zorder=0)
    n_layers = len(lines)
    names = (
        [f"layer {k + 1}" for k in range(n_layers)] if n_layers > 1 else ["the layer"]
    )
    legend.legend(
        [*lines, start],
        [*names, "random feedback, before learning"],
        loc="lower center",
        ncol=min(n_layers + 1, 6),
        frameon=False,
        columnspacing=1.2,
        handlelength=1.6,
        borderaxespad=0,
    )
    return figure


def _draw(axes, history, name):
    """Draw a metric over epochs; return a line for each layer."""
    epochs = np.arange(history.n_epochs + 1)
    marker = "-" if history.n_epochs else "o"  # a single point has no line
    colors = shade_layers(len(history.layers))
    lines = []
    for layer, color in zip(history.layers, colors):
        values = getattr(layer, name)
        lines += axes.plot(epochs, values, marker, color=color, linewidth=1.4)
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    open_frame(axes)
    return lines
