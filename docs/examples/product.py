"""
A learned product and Nengo's product
=====================================

``nengo.networks.Product`` multiplies with encoders that were chosen by hand: it has one ensemble for
the sum of the inputs and one for the difference. In this example, an ensemble with the same number of
neurons learns the same directions from samples.
"""

# %%
# Three networks
# --------------
#
# Each network has forty spiking neurons. The first has random encoders, the second learns its encoders
# from samples, and the third is Nengo's. The decoders of all networks are solved for.

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_fa
from nengo_fa.palette import FIXED, LEARNED, REFERENCE
from nengo_fa.plots import draw_encoders

N = 40
rng = np.random.RandomState(0)
x_train, x_test = rng.uniform(-1, 1, size=(1000, 2)), rng.uniform(-1, 1, size=(100, 2))


def multiply(seed, epochs):
    """Return a network that has learned from samples, its input, output and ensemble."""
    with nengo.Network(seed=seed) as model:
        stimulus, output = nengo.Node(size_in=2), nengo.Node(size_in=1)
        hidden = nengo.Ensemble(N, 2, radius=np.sqrt(2))
        rule = nengo_fa.FeedbackAlignment(
            1, derivative=nengo_fa.Rate(), normalization="forced"
        )
        nengo.Connection(stimulus, hidden, synapse=None, learning_rule_type=rule)
        decode = nengo.Connection(hidden, output, function=np.prod)
    y = np.prod(x_train, axis=1, keepdims=True)
    nengo_fa.train(decode, x_train, y, epochs=epochs, network=model)
    return model, stimulus, output, hidden


def make_product(seed):
    with nengo.Network(seed=seed) as model:
        stimulus, output = nengo.Node(size_in=2), nengo.Node(size_in=1)
        product = nengo.networks.Product(N // 2, 1)
        nengo.Connection(stimulus[0], product.input_a, synapse=None)
        nengo.Connection(stimulus[1], product.input_b, synapse=None)
        nengo.Connection(product.output, output)
    return model, stimulus, output


# %%
# The error is measured in spikes, with new inputs that are shown for 50 ms each.


def find_error(model, stimulus, output, *_):
    """Return the root mean square error of the second half of each presentation."""
    with model:
        source = nengo.Node(nengo.processes.PresentInput(x_test, 0.05))
        nengo.Connection(source, stimulus, synapse=None)
        probe = nengo.Probe(output, synapse=0.01)
    with nengo.Simulator(model) as sim:
        sim.run(0.05 * len(x_test))
    answers = sim.data[probe].reshape(len(x_test), 50)[:, 25:].mean(axis=1)
    return np.sqrt(np.mean((answers - np.prod(x_test, axis=1)) ** 2))


# %%
# Five networks of each kind
# --------------------------

networks = {
    "random encoders": [multiply(seed, epochs=0) for seed in range(5)],
    "learned encoders": [multiply(seed, epochs=50) for seed in range(5)],
    "nengo.networks.Product": [make_product(seed) for seed in range(5)],
}
figure, (plane, errors) = plt.subplots(
    1, 2, figsize=(8, 3.4), width_ratios=[1, 1.4], layout="compressed"
)
before, after = (networks[name][0][-1].encoders for name in list(networks)[:2])
draw_encoders(plane, before, after)
plane.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
plane.set(title="Encoders before (grey) and after")
for i, (name, colour) in enumerate(zip(networks, (FIXED, LEARNED, REFERENCE))):
    found = [find_error(*parts) for parts in networks[name]]
    errors.plot(found, np.full(5, i), "o", color=colour, alpha=0.6)
    errors.plot(
        np.median(found), i, "|", color=colour, markersize=30, markeredgewidth=3
    )
    print(f"{name}: median error {np.median(found):.3f}")
errors.set(yticks=range(3), yticklabels=networks, ylim=(2.5, -0.5))
errors.set(xlabel="Error of the product in spikes (RMSE)")
errors.spines[["top", "right"]].set_visible(False)
