"""
A first network
===============

Fifty spiking neurons learn to multiply two numbers while the simulation runs. One network learns
decoders and encoders, and the other network learns only decoders.
"""

# %%
# Two networks that differ in one line
# ------------------------------------
#
# ``nengo.PES`` teaches the decoders of both networks. In one network, a rule on the connection to the
# ensemble also teaches the encoders, from the same error: actual minus target.

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_fa
from nengo_fa.palette import FIXED, LEARNED
from nengo_fa.plots import draw_encoders


def learn(seconds=40, **rules):
    """Return the encoders and the error over time."""
    with nengo.Network(seed=1) as model:
        signal = nengo.processes.WhiteSignal(seconds, high=2, rms=0.5, seed=1)
        stimulus = nengo.Node(signal, size_out=2)
        hidden = nengo.Ensemble(
            50, 2, seed=1
        )  # the same neurons, with a rule or without
        output = nengo.Node(size_in=1)
        error = nengo.Node(lambda t, x: x[0] - x[1] * x[2], size_in=3)
        encode = nengo.Connection(stimulus, hidden, synapse=None, **rules)
        decode = nengo.Connection(
            hidden, output, function=lambda x: 0, learning_rule_type=nengo.PES()
        )
        nengo.Connection(output, error[0], synapse=None)
        nengo.Connection(stimulus, error[1:])
        nengo.Connection(error, decode.learning_rule)
        if rules:
            nengo.Connection(error, encode.learning_rule)
        probe = nengo.Probe(error, sample_every=0.01)
    with nengo.Simulator(model) as sim:
        start = sim.data[hidden].encoders
        sim.run(seconds)
        nengo_fa.freeze_params(sim, model)
    return start, hidden.encoders, sim.data[probe][:, 0]


_, _, fixed = learn()
start, end, learned = learn(learning_rule_type=nengo_fa.FeedbackAlignment(size_in=1))

# %%
# Encoders swing to the diagonals
# -------------------------------
#
# The product of two numbers is the difference of two squares, :math:`x_1 x_2 = ((x_1 + x_2)^2 -
# (x_1 - x_2)^2) / 4`. Neurons that prefer the diagonals compute it best, so the encoders turn there.


def smooth(error):
    """Return the root mean square of the error in windows of ten seconds."""
    return np.sqrt(np.convolve(error**2, np.ones(1000) / 1000, mode="valid"))


figure, (plane, time) = plt.subplots(
    1, 2, figsize=(8, 3.4), width_ratios=[1, 1.5], layout="compressed"
)
draw_encoders(plane, start, end)
plane.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
plane.set(title="Encoders before (grey) and after")
for error, name, colour in (fixed, "fixed", FIXED), (learned, "learned", LEARNED):
    time.plot(
        5 + np.arange(len(smooth(error))) / 100, smooth(error), color=colour, label=name
    )
time.set(xlabel="Time (s)", ylabel="Error of the product (RMSE)", ylim=(0, None))
time.legend(title="Encoders", frameon=False)
time.spines[["top", "right"]].set_visible(False)

# %%

ratio = smooth(learned)[-1] / smooth(fixed)[-1]
print(
    f"In the last ten seconds, the error is {ratio:.2f} times that of fixed encoders."
)
