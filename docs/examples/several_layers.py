"""
Several hidden layers
=====================

Two hidden layers learn the digits of scikit-learn. There are several ways to compute an error for the
first of these layers; `~nengo_fa.teach_chain` selects one of them by its name, the ``variant``.
"""

# %%
# The second ensemble has one dimension for each neuron of the first layer, so its encoders are the
# full matrix of weights between the two layers.

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_fa
from nengo_fa import plots
from nengo_fa.palette import BACKPROP, LEARNED, LEARNED_LIGHT, LEARNED_MEDIUM

data = nengo_fa.datasets.digits().centered()
y_train, y_test = data.one_hot()


def learn(variant, **options):
    """Return the history of a network with two hidden layers, and its test error."""
    with nengo.Network(seed=1) as model:
        model.config[nengo.Ensemble].neuron_type = nengo.LIFRate(amplitude=1 / 75)
        model.config[nengo.Ensemble].max_rates = nengo.dists.Uniform(50, 100)
        model.config[nengo.Ensemble].intercepts = nengo.dists.Uniform(-0.5, 0.5)
        stimulus, output = nengo.Node(size_in=64), nengo.Node(size_in=10)
        # the same neurons for all variants
        first = nengo.Ensemble(80, 64, seed=1)
        second = nengo.Ensemble(60, 80, radius=3, seed=2)
        encodes = [
            nengo.Connection(stimulus, first, synapse=None),
            nengo.Connection(first.neurons, second, transform=np.eye(80)),
        ]
        decode = nengo.Connection(second, output, function=lambda x: np.zeros(10))
        nengo_fa.teach_chain(
            encodes, decode, variant=variant, derivative=nengo_fa.Rate()
        )
    history = nengo_fa.train(
        decode, data.x_train, y_train, epochs=40, network=model, **options
    )
    answers = nengo_fa.predict(decode, data.x_test, network=model)
    return history, np.mean(answers.argmax(axis=1) != data.labels_test)


# %%
# The training error
# ------------------

variants = {
    "direct": LEARNED_LIGHT,
    "global": LEARNED,
    "local": LEARNED_MEDIUM,
    "backprop": BACKPROP,
}
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
for variant, colour in variants.items():
    history, error = learn(variant)
    axes.plot(
        history.rmse, color=colour, label=f"{variant}: {error:.1%} of new digits wrong"
    )
axes.set(xlabel="Epoch", ylabel="Error of the output (RMSE)")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
# What each layer learns
# ----------------------
#
# With ``metrics=True``, the history contains several measures of each layer, such as the angle between
# its updates and those of backpropagation.

history, _ = learn("direct", metrics=True)
figure = plt.figure(FigureClass=lambda **options: plots.layer_metrics(history))

# %%
# :doc:`/depth` describes the variants, and :doc:`/experiments` describes a task in which direct feedback
# to the first layer fails.
