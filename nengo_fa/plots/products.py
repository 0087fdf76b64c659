"""Errors of products with Nengo's own networks, and with fixed and learned encoders."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import (
    BACKPROP,
    FIXED,
    FIXED_LIGHT,
    LEARNED,
    LEARNED_LIGHT,
    REFERENCE,
)
from nengo_fa.plots.conditions import get_quartiles
from nengo_fa.plots.drawing import make_page, open_frame, styled

_LOOKS = {
    "Product": ("nengo.networks.Product", REFERENCE, "s", "white"),
    "fitted Product": ("Product, fitted magnitude", REFERENCE, "s", None),
    "random": ("random encoders", FIXED_LIGHT, "D", None),
    "diagonal": ("diagonal encoders", FIXED, "D", None),
    "learned": ("learned from random", LEARNED_LIGHT, "o", None),
    "learned from diagonal": ("learned from diagonal", LEARNED, "o", None),
    "backprop": ("backpropagation", BACKPROP, "^", None),
}


@styled
def products(data: xr.Dataset) -> Figure:
    """Draw a figure of the errors of products.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `nengo_fa.experiments.products.ProductExperiment`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A panel for each level of noise, with a row for each task. Markers are medians over
        trials; bars reach from the lower to the upper quartile.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.products import ProductExperiment
    >>> template = ProductExperiment(n_trials=2).make_template()
    >>> figure = plots.products(template.fillna(0.1))  # for run_here()
    """
    tasks, noises = data["task"].values, data["noise"].values
    figure = make_page(1.3 + 0.42 * len(tasks))
    panels = figure.subplots(1, len(noises), sharex=True, sharey=True, squeeze=False)[0]
    for axes, letter, noise in zip(panels, "abc", noises):
        spikes = noise if noise == "rates" else f"spikes in {noise}"
        axes.set_title(f"({letter}) {spikes[0].upper()}{spikes[1:]}", loc="left")
        _draw(axes, data["error"].sel(noise=noise))
    panels[0].set_xlim(left=0)  # of all panels
    panels[0].set_yticks(np.arange(len(tasks)), tasks)
    panels[0].set_ylim(len(tasks) - 0.5, -0.5)
    panels[len(noises) // 2].set_xlabel("Error, relative to the output")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=3, frameon=False)
    return figure


def _draw(axes, error):
    kinds = error["kind"].values
    for shift, kind in zip(np.linspace(-0.33, 0.33, len(kinds)), kinds):
        label, colour, marker, face = _LOOKS[kind]
        values = error.sel(kind=kind).transpose("trial", "task").values
        low, median, high = get_quartiles(values)
        axes.errorbar(
            median,
            np.arange(len(median)) + shift,
            xerr=[median - low, high - median],
            color=colour,
            marker=marker,
            markerfacecolor=face or colour,
            markersize=3.5,
            linestyle="none",
            linewidth=1,
            label=label,
        )
    for row in range(1, error.sizes["task"]):
        axes.axhline(row - 0.5, color="0.85", linewidth=0.5)
    open_frame(axes)
