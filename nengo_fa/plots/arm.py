"""How well an arm tracks a target, with fixed and with learned encoders."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import FIXED, LEARNED
from nengo_fa.plots.conditions import show_ratios
from nengo_fa.plots.drawing import make_page, open_frame, styled

LOOKS = {"fixed": (FIXED, "s", -0.04), "learned": (LEARNED, "o", 0.04)}


@styled
def arm(data: xr.Dataset) -> Figure:
    """Draw a figure of tracking errors over the learning rate of the decoders.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `nengo_fa.experiments.arm.ArmExperiment`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A panel for each load, with fixed and with learned encoders. Lines are medians over
        trials; bars reach from the lower to the upper quartile.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.arm import ArmExperiment
    >>> data = ArmExperiment(n_trials=2).make_template().fillna(0.1)  # for run_here()
    >>> figure = plots.arm(data)
    """
    loads = data["load"].values
    figure = make_page(2.3)
    panels = figure.subplots(1, len(loads), sharey=True, squeeze=False)[0]
    for axes, load in zip(panels, loads):
        for name, look in LOOKS.items():
            _draw(axes, data["rmse"].sel(encoders=name, load=load), name, *look)
        axes.set(title=f"load {load:g} kg", xlabel="PES learning rate")
        open_frame(axes)
    show_ratios(panels[0])
    panels[0].set_ylabel("Tracking error (rad)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=2, frameon=False)
    return figure


def _draw(axes, rmse, name, colour, marker, shift):
    rmse = rmse.transpose("decoder_rate", "trial")
    low, median, high = np.nanquantile(rmse, [0.25, 0.5, 0.75], axis=1)
    axes.errorbar(
        np.arange(len(median)) + shift,
        median,
        [median - low, high - median],
        color=colour,
        marker=marker,
        markersize=4,
        linewidth=1,
        label=f"{name} encoders",
    )
    rates = rmse["decoder_rate"].values
    axes.set_xticks(np.arange(len(rates)), [f"{rate:g}" for rate in rates])
    axes.margins(x=0.15)
