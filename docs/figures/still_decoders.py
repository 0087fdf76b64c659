"""The error of decoders that do not learn while their encoders learn to multiply."""

import matplotlib.pyplot as plt
import nengo
import numpy as np
from matplotlib.ticker import NullLocator

import nengo_fa
from nengo_fa.experiments.sweep.in_seconds import find_best_error, make_stimulus
from nengo_fa.geometry import disc, tuning_curves
from nengo_fa.networks import Multiplication
from nengo_fa.palette import LEARNED, OTHER
from nengo_fa.plots.conditions import show_ratios

RATES = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
points, inside = disc(31)
points = points[inside]


def measure(seed):
    """Errors of the represented input with initial and with new decoders, (n_rates, 2)."""
    with nengo.Network(seed=seed) as model:
        stimulus = make_stimulus(seed)
        pairs = []
        for rate in RATES:
            rule = nengo_fa.FeedbackAlignment(1, rate)
            product = Multiplication(50, encoder_rule=rule, seed=seed)
            nengo.Connection(stimulus, product.input, synapse=None)
            still = nengo.Connection(product.hidden, nengo.Node(size_in=2))
            pairs.append((product.hidden, still))
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run(10)
        errors = []
        for hidden, still in pairs:
            activities = tuning_curves(sim, hidden, points)
            misses = activities @ sim.data[still].weights.T - points
            solved = find_best_error(activities, points)
            errors.append((np.sqrt(np.mean(misses**2)), solved))
    return errors


still, solved = np.median([measure(seed) for seed in range(3)], axis=0).T
figure, axes = plt.subplots(figsize=(4.5, 3), layout="constrained")
axes.semilogx(RATES, still, "s-", color=OTHER, label="initial decoders")
axes.semilogx(RATES, solved, "o-", color=LEARNED, label="decoders solved again")
axes.set(
    xlabel="Learning rate of the encoders (1/s)", ylabel="RMSE of the input, decoded"
)
axes.set_xticks(RATES, [f"{rate:g}" for rate in RATES], minor=False)
axes.xaxis.set_minor_locator(NullLocator())
show_ratios(axes)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
