"""
Save, load and deploy
=====================

A file transfers learned parameters from one script to another. Without its learning rules, the
loaded network runs in any Nengo simulator.
"""

# %%
# Learn
# -----

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_fa
from nengo_fa.palette import LEARNED


def make_model(**rules):
    """Declare the network, with or without a rule."""
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(lambda t: [0.9 * np.sin(3 * t), 0.9 * np.cos(5 * t)])
        hidden = nengo.Ensemble(100, 2, radius=np.sqrt(2), label="hidden")
        output = nengo.Node(size_in=1, label="output")
        encode = nengo.Connection(stimulus, hidden, synapse=None, **rules)
        decode = nengo.Connection(hidden, output, function=np.prod)
        model.probe = nengo.Probe(output, synapse=0.02)
    return model, encode, decode


rule = nengo_fa.FeedbackAlignment(1, derivative=nengo_fa.Rate())
model, encode, decode = make_model(learning_rule_type=rule)
x = np.random.RandomState(0).uniform(-1, 1, size=(1000, 2))
y = np.prod(x, axis=1, keepdims=True)
nengo_fa.train(decode, x, y, epochs=100, network=model)

# %%
# Save and load
# -------------
#
# ``save`` reads the parameters from an open simulator, and therefore also saves what was learned
# online. ``load`` writes them into a network that is declared in the same way, with the same rules
# and connections to them, usually in another script.

with nengo.Simulator(model) as sim:
    nengo_fa.save(sim, model, "product.npz")

model, encode, decode = make_model(learning_rule_type=rule)
nengo_fa.load(model, "product.npz")

# %%
# Deploy
# ------
#
# ``remove_learning_rules`` removes all rules, and the connections that deliver errors to them. The
# network is then an ordinary Nengo network: encoders and decoders are arrays, and you do not need
# nengo_fa to run it.

nengo_fa.remove_learning_rules(model)

with nengo.Simulator(model) as sim:
    sim.run(4)
times, product = sim.trange(), sim.data[model.probe][:, 0]
target = 0.81 * np.sin(3 * times) * np.cos(5 * times)

figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.plot(times, target, color="0.8", linewidth=6, label="target")
axes.plot(times, product, color=LEARNED, label="deployed network")
axes.set(xlabel="Time (s)", ylabel="Product, in spikes")
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
axes.spines[["top", "right"]].set_visible(False)

# %%
# :doc:`/backends` lists the simulators that run such a network, and :doc:`/nir` describes how to export
# it to other software.
