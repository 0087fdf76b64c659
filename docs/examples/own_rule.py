"""
Your own derivative and rule
============================

A derivative determines when a neuron learns, and a rule determines what it learns. Each takes a few
lines of code.
"""

# %%
# A derivative
# ------------
#
# ``make_step`` returns a function that reads the current of each neuron and writes its derivative.
# This derivative is a bump around the threshold of LIF neurons, which is common for spiking networks.
# Declare settings that can differ between instances, such as the width, as Nengo parameters.

import matplotlib.pyplot as plt
import nengo
import numpy as np
from nengo.params import NumberParam

import nengo_fa
from nengo_fa.palette import LEARNED, LEARNED_LIGHT, LEARNED_MEDIUM, OTHER


class Bump(nengo_fa.Derivative):
    """A triangle around a current of one, the threshold."""

    width = NumberParam("width", default=1.0, low=0, low_open=True, readonly=True)

    def __init__(self, width=1.0):
        super().__init__()
        self.width = width

    def make_step(self, neuron_type, signal, out):
        def step():
            out[...] = np.maximum(0, 1 - np.abs(signal - 1) / self.width)

        return step


# %%
# A rule
# ------
#
# ``arrays`` lists the signals that the rule reads. The step function writes the error of each neuron,
# and the encoder turns against this error. In this rule, a neuron only uses the sign of the projected
# error.


class Sign(nengo_fa.FeedbackAlignment):
    """Feedback alignment with the sign of the error of each neuron."""

    arrays = ("projected_error", "derivative")

    def make_step(self, out, projected_error, derivative):
        def step():
            out[...] = derivative * np.sign(projected_error)

        return step


# %%
# Use both
# --------
#
# Your own derivatives and rules work like those of nengo_fa, in a simulator or, as here, offline.


def learn(rule):
    """Return the history of the training of a product."""
    x = nengo.dists.UniformHypersphere().sample(1000, 2, rng=np.random.RandomState(0))
    with nengo.Network(seed=1) as model:
        stimulus, output = nengo.Node(size_in=2), nengo.Node(size_in=1)
        hidden = nengo.Ensemble(30, 2, neuron_type=nengo.LIFRate(), seed=1)
        nengo.Connection(stimulus, hidden, synapse=None, learning_rule_type=rule)
        decode = nengo.Connection(hidden, output, function=np.prod)
    return nengo_fa.train(
        decode, x, np.prod(x, axis=1, keepdims=True), epochs=100, network=model
    )


rules = {
    "Step, the default": (nengo_fa.FeedbackAlignment(1), LEARNED),
    "Rate": (
        nengo_fa.FeedbackAlignment(1, derivative=nengo_fa.Rate()),
        LEARNED_MEDIUM,
    ),
    "own derivative": (
        nengo_fa.FeedbackAlignment(1, derivative=Bump(2.0)),
        LEARNED_LIGHT,
    ),
    "own rule": (Sign(1), OTHER),
}
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, (rule, colour) in rules.items():
    axes.plot(learn(rule).rmse, color=colour, label=name)
axes.set(xlabel="Epoch", ylabel="Error of the product (RMSE)")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
# :doc:`/own_rule` describes rules without an error and rules with a memory.
