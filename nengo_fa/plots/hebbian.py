"""Preferred directions over time, with feedback alignment and Hebbian rules."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from nengo_fa.palette import HIGHLIGHT, LEARNED, REFERENCE
from nengo_fa.plots.drawing import make_page, open_frame, styled


@styled
def hebbian(data: xr.Dataset, trial: int = 0) -> Figure:
    """Draw a figure of preferred directions over time, and of the predicted directions.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `nengo_fa.experiments.hebbian.HebbianExperiment`.
    trial : int, optional
        Number of the trial to show.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A row for each distribution of inputs, a column for each rule.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from nengo_fa.experiments.hebbian import HebbianExperiment
    >>> experiment = HebbianExperiment(n_trials=1, seconds=1, n_neurons=4)
    >>> figure = plots.hebbian(experiment.run_here())
    """
    data = data.isel(trial=trial)
    inputs, rules = data["inputs"].values, data["rule"].values
    figure = make_page(0.4 + 1.7 * len(inputs))
    panels = figure.subplots(
        len(inputs), len(rules), sharex=True, sharey=True, squeeze=False
    )
    for row, name in zip(panels, inputs):
        for axes, rule in zip(row, rules):
            _draw(axes, data.sel(inputs=name, rule=rule))
        row[0].set_ylabel(f"{name.capitalize()}\nAngle (degrees)")
    for axes, rule in zip(panels[0], rules):
        axes.set_title(rule)
    for axes in panels[-1]:
        axes.set_xlabel("Time (s)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=3, frameon=False)
    return figure


def _draw(axes, data):
    time = data["time"].values
    angle = np.rad2deg(data["angle"].transpose("time", "neuron").values)
    # no line across the panel when an angle passes 180 degrees
    jumps = np.abs(np.diff(angle, axis=0, prepend=angle[:1])) > 180
    angle = np.where(jumps, np.nan, angle)
    lines = axes.plot(time, angle, color=LEARNED, linewidth=0.6)
    lines[0].set_label("preferred directions")
    points = np.rad2deg(data["fixed_point"].values)
    for i, point in enumerate(points[np.isfinite(points)]):
        axes.axhline(
            point,
            color=HIGHLIGHT,
            linewidth=3,
            alpha=0.4,
            zorder=1,  # below the preferred directions
            label=None if i else "predicted final direction",
        )
    principal = np.rad2deg(float(data["principal"]))
    for i, turn in enumerate((0, 180 if principal < 0 else -180)):
        axes.axhline(
            principal + turn,
            color=REFERENCE,
            linewidth=0.8,
            linestyle=(0, (1, 1)),
            label=None if i else "principal component of the inputs",
        )
    axes.set(ylim=(-180, 180), yticks=[-180, -90, 0, 90, 180])
    open_frame(axes)
