"""Errors over the learning rates of encoders and decoders."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import LEARNED, LEARNED_LIGHT, LEARNED_MEDIUM, OTHER, REFERENCE
from nengo_fa.plots.conditions import (
    draw_quartiles,
    explain_band,
    label_plainly,
    make_measures,
    show_ratios,
)
from nengo_fa.plots.drawing import styled

_STYLES: list[dict] = [
    {"color": LEARNED_LIGHT, "marker": "v", "linestyle": (0, (1, 1))},
    {"color": LEARNED_MEDIUM, "marker": "s", "linestyle": (0, (4, 2))},
    {"color": LEARNED, "marker": "o", "linestyle": "-"},
    {"color": OTHER, "marker": "^", "linestyle": (0, (6, 2, 1, 2))},
]
_MEASURES = [
    ("rmse", "During learning", "RMSE of the product"),
    ("rmse_solved", "With the best decoders", "RMSE of the product"),
    ("ratio", "Slow or fast encoders", "Error of (b) relative to\nfixed encoders"),
]


@styled
def timescales(data: xr.Dataset) -> Figure:
    """Draw a figure of errors over the learning rate and the relative speed of encoders.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse``, ``rmse_solved`` and ``ratio``, each (decoder_rule, encoder_rate, trial),
        for up to four decoder rules. The first encoder rate is zero. Trials with NaN do
        not count; values are infinite if learning has diverged.

    Returns
    -------
    figure : matplotlib.figure.Figure
        (a) The error online; (b) the error of the final encoders with decoders that are
        solved for. Lines are medians over trials, and bands are quartiles. (c) Medians of
        the second error relative to fixed encoders, over the relative speed of encoders:
        how far they change the product in half a second, divided by the same for decoders.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.timescales import TimescaleExperiment
    >>> experiment = TimescaleExperiment(n_trials=2)
    >>> data = experiment.make_template().fillna(0.1)  # for experiment.run_here()
    >>> figure = plots.timescales(data)
    """
    # infinite values are not drawn
    data = data.where(np.isfinite(data))
    rates = data["encoder_rate"].values
    # evenly spaced, because a logarithmic axis cannot show zero
    places = np.arange(len(rates))
    figure, legend, panels = make_measures(_MEASURES)
    for rule, style in zip(data["decoder_rule"].values, _STYLES):
        of_rule = data.sel(decoder_rule=rule).transpose("trial", "encoder_rate")
        _draw(panels, places, of_rule, label=rule, markersize=4, linewidth=1.5, **style)
    step = -(-len(rates) // 5)  # between labels, for which there is room
    for axes in panels[:2]:
        axes.set_xticks(places[::step], [f"{rate:g}" for rate in rates[::step]])
        axes.set_xticks(places, minor=True)
        axes.set_xlabel("Rate of encoders (per second)")
    panels[2].set_xscale("log")
    label_plainly(panels[2].xaxis)
    panels[2].set_xlabel("Speed of encoders / decoders")
    for line in (panels[2].axhline, panels[2].axvline):
        line(1, color=REFERENCE, linewidth=0.8, zorder=0)
    for axes in panels:
        show_ratios(axes)
    _draw_legend(legend, panels[0], data.sizes["trial"])
    return figure


def _draw(panels, places, data, label, **style):
    """Draw both errors of a decoder rule, and the second error over the relative speed."""
    for axes, name in zip(panels, ("rmse", "rmse_solved")):
        values = data[name].values
        draw_quartiles(axes, places, values, markevery=1, label=label, **style)
    relative = data.rmse_solved / data.rmse_solved.isel(encoder_rate=0)
    panels[2].plot(
        data.ratio.median("trial")[1:],
        relative.median("trial")[1:],
        markeredgecolor="white",
        markeredgewidth=0.5,
        **style,
    )


def _draw_legend(legend, axes, n_trials):
    entries = [*zip(*axes.get_legend_handles_labels()), explain_band([n_trials])]
    legend.legend(
        *zip(*entries),
        loc="lower center",
        ncol=len(entries),
        columnspacing=1.5,
        frameon=False,
        handlelength=3,
        borderaxespad=0,
    )
