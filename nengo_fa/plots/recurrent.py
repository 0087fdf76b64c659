"""Patterns of a recurrent network, and errors with fixed and with learned weights."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nengo_fa.palette import FIXED, LEARNED, REFERENCE
from nengo_fa.plots.conditions import get_quartiles
from nengo_fa.plots.drawing import make_page, open_frame, styled

_LOOKS = {
    "learning": {
        "marker": "o",
        "markerfacecolor": "white",
        "linestyle": "none",
        "markersize": 4,
    },
    "after": {"marker": "s", "linestyle": "none", "markersize": 4},
}
_NAMES = {"learning": "while learning", "after": "after learning"}


@styled
def recurrent(data: xr.Dataset) -> Figure:
    """Draw a figure of a pattern in time and of errors in all conditions.

    Parameters
    ----------
    data : xarray.Dataset
        ``rmse`` (measure, condition, trial), ``output`` (condition, time, trial) and
        ``target`` (time, trial). Names of conditions with fixed weights begin with "fixed".

    Returns
    -------
    figure : matplotlib.figure.Figure
        (a) The pattern and the output after learning, with fixed and with learned weights.
        Each output belongs to the condition with the lowest median error, in the trial with
        the median improvement. (b) The errors in all conditions, medians and quartiles over
        trials.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.recurrent import RecurrentExperiment
    >>> experiment = RecurrentExperiment(n_trials=2)
    >>> data = experiment.make_template().fillna(0.1)  # for experiment.run_here()
    >>> figure = plots.recurrent(data)
    """
    figure = make_page(3.3)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    _draw_pattern(left, data)
    _draw_errors(right, data)
    return figure


def _draw_pattern(axes, data):
    after = data["rmse"].sel(measure="after")
    names = data["condition"].values
    ranked = names[np.argsort(after.median("trial").values)]
    fixed = next(name for name in ranked if name.startswith("fixed"))
    learned = next(name for name in ranked if not name.startswith("fixed"))
    ratio = (after.sel(condition=learned) / after.sel(condition=fixed)).values
    trial = np.argsort(ratio)[len(ratio) // 2]
    data = data.isel(trial=trial)
    axes.plot(data["time"], data["target"], color="0.6", linewidth=2.5, label="pattern")
    looks = {"fixed": (fixed, FIXED), "learned": (learned, LEARNED)}
    for label, (name, colour) in looks.items():
        output = data["output"].sel(condition=name)
        axes.plot(data["time"], output, color=colour, linewidth=1, label=label)
    axes.set_xlabel("Time (s)")
    axes.set_ylabel("Output")
    axes.set_title("(a) After learning", loc="left")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncol=3, frameon=False)
    open_frame(axes)


def _draw_errors(axes, data):
    names = data["condition"].values
    places = np.arange(len(names))
    is_fixed = np.array([name.startswith("fixed") for name in names])
    for shift, (measure, look) in zip((-0.12, 0.12), _LOOKS.items()):
        values = data["rmse"].sel(measure=measure).transpose("trial", "condition")
        quartiles = get_quartiles(values.values)
        for chosen, colour in ((is_fixed, FIXED), (~is_fixed, LEARNED)):
            low, median, high = quartiles[:, chosen]
            axes.errorbar(
                median,
                places[chosen] + shift,
                xerr=[median - low, high - median],
                color=colour,
                **look,
            )
    zero = axes.axvline(1, color=REFERENCE, linewidth=0.8, linestyle=":")
    axes.set_yticks(places, names)
    axes.set_xlim(left=0)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("Error, relative to the pattern\n(medians and quartiles)")
    axes.set_title("(b) Errors", loc="left")
    handles = [Line2D([], [], color="0.25", **look) for look in _LOOKS.values()]
    axes.legend(
        [*handles, zero],
        [*_NAMES.values(), "output of zero"],
        loc="lower right",  # elsewhere, the figure would be wider than the page
        bbox_to_anchor=(1, 1.08),
        ncol=3,
        columnspacing=1.2,
        frameon=False,
    )
    open_frame(axes)
