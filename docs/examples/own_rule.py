"""
A derivative and a rule of your own
===================================

A derivative says when a neuron learns, a rule says what. Both are a few lines.
"""

# %%
# A derivative
# ------------
#
# ``make_step`` returns a function that reads the current of each neuron and writes its derivative.
# This one is a bump about the threshold of LIF neurons, as in much work on spiking networks. What
# sets instances apart, here the width, is a Nengo parameter.

import matplotlib.pyplot as plt
import nengo
import numpy as np
from nengo.params import NumberParam

import nengo_fa
from nengo_fa.palette import LEARNED, LEARNED_LIGHT, LEARNED_MEDIUM, OTHER


class Bump(nengo_fa.Derivative):
    """A triangle about a current of one, the threshold."""

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
# ``arrays`` names what a synapse knows of its neuron; the step writes the error of each neuron,
# against which its encoder turns. In this rule a neuron knows the sign of the projected error only.


class Sign(nengo_fa.FeedbackAlignment):
    """Feedback alignment by the sign of the error of each neuron."""

    arrays = ("projected_error", "derivative")

    def make_step(self, out, projected_error, derivative):
        def step():
            out[...] = derivative * np.sign(projected_error)

        return step


# %%
# Both at work
# ------------
#
# They are used as those of nengo_fa, in a simulator and, as here, offline.


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
# :doc:`/own_rule` has rules without an error and rules with a memory.
