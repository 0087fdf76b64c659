"""One neuron of a multiplication network: tuning curve, projected error, gated error."""

import matplotlib.pyplot as plt
import nengo
import numpy as np
import xarray as xr

from nengo_fa import equations
from nengo_fa.plots.drawing import ERRORS, RATES
from nengo_fa.plots.plane import (
    draw_arrow,
    draw_diagonals,
    draw_field,
    hatch_negative,
)

# Inputs on a grid, for the pictures; those on the disc teach.
axis = np.linspace(-1, 1, 201)
grid = np.stack(np.meshgrid(axis, axis), axis=-1)
disc = np.linalg.norm(grid, axis=-1) <= 1
x = grid[disc]

n_neurons = 12
neuron_type = nengo.LIFRate(amplitude=0.01)
with nengo.Network(seed=3) as model:
    hidden = nengo.Ensemble(
        n_neurons,
        2,
        neuron_type=neuron_type,
        max_rates=nengo.dists.Uniform(50, 100),
        intercepts=nengo.dists.Uniform(-0.9, 0.5),
    )
with nengo.Simulator(model, progress_bar=False) as sim:
    built = sim.data[hidden]

activities = neuron_type.rates(x @ built.encoders.T, built.gain, built.bias)
target = np.prod(x, axis=1, keepdims=True)
decoders, _ = nengo.solvers.LstsqL2(reg=0.05)(activities, target)
error = activities @ decoders - target

feedback = np.random.RandomState(0).choice([-1.0, 1.0], size=(n_neurons, 1))
firing = (activities > 0).astype(float)
gated = equations.aligned_error(error, feedback, firing)
update = -equations.weight_gradient(gated, x)

neuron = np.argmax(np.linalg.norm(update, axis=1))
fields = [
    ("Tuning curve", activities[:, neuron], RATES, "Activity"),
    (
        "Projected error",
        error @ feedback[neuron],
        ERRORS,
        r"Error along $\vec b$ (hatched: below 0)",
    ),
    ("Gated error", gated[:, neuron], ERRORS, r"Error along $\vec b$, while firing"),
]
arrows = [
    (r"$\vec p$", built.encoders[neuron]),
    None,
    (r"$\Delta\vec p$", update[neuron]),
]

figure, panels = plt.subplots(1, 3, figsize=(8, 3), layout="constrained", sharey=True)
limit = np.abs(error).max()
plane = xr.Dataset(coords={"x1": axis, "x2": axis})
for axes, (title, field, colours, label), arrow in zip(panels, fields, arrows):
    values = np.full(disc.shape, np.nan)
    values[disc] = field
    low, high = (0, field.max()) if colours is RATES else (-limit, limit)
    image = draw_field(axes, plane, values, colours, low, high)
    if colours is ERRORS:
        hatch_negative(axes, plane, values, limit)
    figure.colorbar(image, ax=axes, label=label, location="bottom", shrink=0.9)
    draw_diagonals(axes)
    if arrow is not None:
        name, direction = arrow
        draw_arrow(axes, 0.9 * direction / np.linalg.norm(direction), name)
    axes.set(title=title, xlabel="$x_1$")
panels[0].set_ylabel("$x_2$")
