"""One neuron of a multiplication network: tuning curve, projected error, gated error."""

import matplotlib.pyplot as plt
import nengo
import numpy as np

from nengo_fa import equations
from nengo_fa.plots.drawing import ERRORS, RATES

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
    ("Projected error", error @ feedback[neuron], ERRORS, "Error along $b$"),
    ("Gated error", gated[:, neuron], ERRORS, "Error along $b$, while firing"),
]
arrows = [("$p$", built.encoders[neuron]), None, ("$\\Delta p$", update[neuron])]

figure, panels = plt.subplots(1, 3, figsize=(10, 3.3), layout="constrained")
limit = np.abs(error).max()
for axes, (title, field, colours, label), arrow in zip(panels, fields, arrows):
    values = np.full(disc.shape, np.nan)
    values[disc] = field
    bounds = {"vmin": 0} if colours is RATES else {"vmin": -limit, "vmax": limit}
    image = axes.imshow(
        values, extent=(-1, 1, -1, 1), origin="lower", cmap=colours, **bounds
    )
    figure.colorbar(image, ax=axes, shrink=0.8, label=label)
    if arrow is not None:
        name, direction = arrow
        direction = 0.9 * direction / np.linalg.norm(direction)
        axes.annotate("", direction, (0, 0), arrowprops={"width": 1.5, "color": "k"})
        axes.annotate(name, 0.55 * direction, xytext=(6, 6), textcoords="offset points")
    axes.set(title=title, xlabel="$x_1$", ylabel="$x_2$", xticks=[-1, 0, 1])
    axes.set(yticks=[-1, 0, 1], xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
    for sign in (1, -1):
        axes.plot([-0.7, 0.7], [-0.7 * sign, 0.7 * sign], "k:", linewidth=0.8)
    axes.spines[:].set_visible(False)
    axes.add_patch(plt.Circle((0, 0), 1, fill=False, color="0.5", linewidth=0.8))
