"""Errors by the learning rates of encoders and of decoders."""

import numpy as np
from matplotlib import rc_context
from matplotlib.patches import Patch

from nengo_fa.plots.conditions import draw_quartiles, make_measures, show_ratios
from nengo_fa.plots.drawing import FIXED, LEARNED, STYLE

_STYLES = [
    {"color": "0.55", "marker": "v", "linestyle": (0, (1, 1)), "linewidth": 1.4},
    {"color": LEARNED, "marker": "o", "linestyle": "-", "linewidth": 1.6},
    {"color": "#4f86cc", "marker": "s", "linestyle": (0, (4, 2)), "linewidth": 1.4},
    {"color": FIXED, "marker": "^", "linestyle": (0, (6, 2, 1, 2)), "linewidth": 1.6},
]
_MEASURES = [
    ("rmse", "While all of it learns", "RMSE of the product"),
    ("rmse_solved", "With the best decoders", "RMSE of the product"),
    ("ratio", "Speeds", "Change by encoders / by decoders"),
]


@rc_context(STYLE)
def timescales(data):
    """Figure of errors, and of speeds, by the learning rate of the encoders.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse``, ``rmse_solved`` and ``ratio``, each (decoder_rule, encoder_rate, trial),
        for up to four decoder rules. The first encoder rate is zero. Trials with NaN do
        not count; values may be infinite, where learning has diverged.

    Returns
    -------
    figure : matplotlib.figure.Figure
        (a) the error online; (b) with decoders solved for, for the encoders at the end;
        (c) how far the encoders change the product over how far the decoders do. Medians
        over trials, and the quartiles as a band.
    """
    rates = data["encoder_rate"].values
    # evenly spaced: zero has no place on a logarithmic axis
    places = np.arange(len(rates))
    figure, legend, panels = make_measures(_MEASURES)
    for axes, (name, *_) in zip(panels, _MEASURES):
        drawn = slice(1, None) if name == "ratio" else slice(None)
        for rule, style in zip(data["decoder_rule"].values, _STYLES):
            values = data[name].sel(decoder_rule=rule)
            values = values.transpose("trial", "encoder_rate").values[:, drawn]
            # what has diverged is beyond all axes
            values = np.where(np.isfinite(values), values, np.nan)
            draw_quartiles(
                axes,
                places[drawn],
                values,
                markersize=4,
                markevery=1,
                label=rule,
                **style,
            )
        labels = ["fixed", *(f"{rate:g}" for rate in rates[1:])]
        axes.set_xticks(places[drawn], labels[drawn])
        axes.tick_params("x", labelsize="small")
        axes.set_xlabel("Rate of encoders (per second)")
        show_ratios(axes)
    panels[2].axhline(1, color="0.35", linewidth=0.8, zorder=0)
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
