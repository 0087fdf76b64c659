"""
Recurrent weights that generate a pattern
=========================================

Sixty spiking neurons learn to generate a pattern over time. The ensemble has as many dimensions as
neurons, so its encoders are the full matrix of recurrent weights, which learn by feedback alignment.
After thirty seconds, the error is switched off, and the network continues by itself.
"""

# %%
# The network
# -----------
#
# A clock drives the neurons through fixed weights; it consists of a sine and a cosine with a period of
# one second. The bias makes many of the neurons fire without input. The transform of 0.01 scales
# activities in hertz, so that weights are of the order of one.

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_fa
from nengo_fa.palette import FIXED, LEARNED

N, LEARNING = 60, 30.0  # neurons, seconds


def pattern(t):
    phases = 2 * np.pi * np.outer(t, [1, 2, 3, 5]) + [0.3, 1.4, 4.0, 2.2]
    return np.sin(phases) @ [0.9, 0.6, 0.7, 0.6]


def generate(seconds, **rules):
    """Return the output of a network at all time steps."""
    rng = np.random.RandomState(2)
    with nengo.Network(seed=2) as model:
        clock = nengo.Node(lambda t: [np.sin(2 * np.pi * t), np.cos(2 * np.pi * t)])
        hidden = nengo.Ensemble(
            N,
            N,
            encoders=1.5 / np.sqrt(N) * rng.randn(N, N),
            normalize_encoders=False,
            gain=np.ones(N),
            bias=rng.uniform(0, 2, size=N),
        )
        output = nengo.Node(size_in=1)
        error = nengo.Node(lambda t, y: (y - pattern(t)) * (t < LEARNING), size_in=1)
        nengo.Connection(
            clock, hidden.neurons, transform=2 * rng.randn(N, 2), synapse=None
        )
        recur = nengo.Connection(
            hidden.neurons, hidden, transform=0.01, synapse=0.02, **rules
        )
        decode = nengo.Connection(
            hidden.neurons,
            output,
            transform=np.zeros((1, N)),
            synapse=0.02,
            learning_rule_type=nengo.PES(3e-3, pre_synapse=0.02),
        )
        nengo.Connection(output, error, synapse=None)
        nengo.Connection(error, decode.learning_rule, synapse=None)
        if rules:
            nengo.Connection(error, recur.learning_rule, synapse=None)
        probe = nengo.Probe(output)
    with nengo.Simulator(model) as sim:
        sim.run(seconds)
    return sim.trange(), sim.data[probe][:, 0]


# %%
# Fixed and learned weights
# -------------------------

rule = nengo_fa.FeedbackAlignment(1, learning_rate=0.3, normalization=None)
times, fixed = generate(LEARNING + 2)
_, learned = generate(LEARNING + 2, learning_rule_type=rule)

target = pattern(times)
last = times > LEARNING
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.plot(times[last], target[last], color="0.8", linewidth=6, label="pattern")
for name, output, colour in ("fixed", fixed, FIXED), ("learned", learned, LEARNED):
    rmse = np.sqrt(np.mean((output - target)[last] ** 2) / np.mean(target[last] ** 2))
    axes.plot(
        times[last],
        output[last],
        color=colour,
        linewidth=0.8,
        label=f"{name} weights: error {rmse:.2f}",
    )
axes.set(xlabel="Time (s)", ylabel="Output", title="After learning, without an error")
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
axes.spines[["top", "right"]].set_visible(False)

# %%
# Errors are root mean squares, divided by the root mean square of the pattern. ``nengo-fa recurrent``
# measures them in many trials, also with delayed errors, which need an *eligibility trace*
# (:doc:`/recurrent`).
