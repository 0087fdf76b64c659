"""Errors by the learning rates of encoders and of decoders."""

import numpy as np
from matplotlib import rc_context
from matplotlib.patches import Patch

from nengo_fa.plots.conditions import (
    draw_quartiles,
    label_plainly,
    make_measures,
    show_ratios,
)
from nengo_fa.plots.drawing import FIXED, LEARNED, STYLE

_STYLES = [
    {"color": "0.55", "marker": "v", "linestyle": (0, (1, 1)), "linewidth": 1.4},
    {"color": LEARNED, "marker": "o", "linestyle": "-", "linewidth": 1.6},
    {"color": "#4f86cc", "marker": "s", "linestyle": (0, (4, 2)), "linewidth": 1.4},
    {"color": FIXED, "marker": "^", "linestyle": (0, (6, 2, 1, 2)), "linewidth": 1.6},
]
_MEASURES = [
    ("rmse", "Error", "RMSE of the product"),
    ("ratio", "Error over that of fixed encoders", "Ratio"),
    ("angle", "Angle to nearest diagonal", "Mean angle (rad)"),
]


@rc_context(STYLE)
def timescales(data):
    """Figure of errors and angles, by the learning rate of the encoders.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` and ``angle`` in radians, each (decoder_rule, encoder_rate, trial). The
        first encoder rate is zero. Trials with NaN do not count; values may be infinite,
        where learning has diverged.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Medians over trials, and the quartiles as a band.
    """
    rates = data["encoder_rate"].values[1:]
    fixed, learned = (data.isel(encoder_rate=part) for part in (0, slice(1, None)))
    learned = learned.assign(ratio=learned.rmse / fixed.rmse)
    figure, legend, panels = make_measures(_MEASURES)
    for axes, (name, *_) in zip(panels, _MEASURES):
        axes.set(xscale="log", xlim=(rates[0] / 1.5, rates[-1] * 1.5))
        for rule, style in zip(data["decoder_rule"].values, _STYLES):
            values = learned[name].sel(decoder_rule=rule)
            values = values.transpose("trial", "encoder_rate").values
            # what has diverged is beyond all axes
            values = np.where(np.isfinite(values), values, np.nan)
            draw_quartiles(
                axes, rates, values, markersize=4, markevery=1, label=rule, **style
            )
        axes.set_xlabel("Rate of encoders (per second)")
        label_plainly(axes.xaxis)
        if name != "angle":
            show_ratios(axes)
    panels[1].axhline(1, color="0.35", linewidth=0.8, zorder=0)
    panels[2].set_ylim(bottom=0)
    handles, names = panels[0].get_legend_handles_labels()
    n_trials = data.sizes["trial"]
    noun = "trial" if n_trials == 1 else "trials"
    legend.legend(
        [*handles, Patch(color="0.8")],
        [*names, f"quartiles of {n_trials} {noun}"],
        loc="lower center",
        ncol=len(handles) + 1,
        columnspacing=1.5,
        frameon=False,
        handlelength=3,
        borderaxespad=0,
    )
    return figure
