"""
A regression with rates and with spikes
=======================================

Friedman's first function depends on five of ten inputs. A hundred neurons with random encoders
represent all ten dimensions equally well; with learned encoders, they represent the combinations of
inputs that matter for the function.
"""

# %%
# Data and network
# ----------------
#
# ``Scaling`` scales inputs and targets to the range that ensembles represent. It is the function of
# the input connection, so that the network accepts inputs in their own units.

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_fa
from nengo_fa.datasets import Scaling
from nengo_fa.palette import FIXED, LEARNED

seed = 1
rng = np.random.RandomState(seed)
x = rng.uniform(size=(1500, 10))
y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
y = y + 10 * x[:, 3] + 5 * x[:, 4] + rng.normal(size=1500)
(x_train, x_test), (y_train, y_test) = (np.split(a, [1000]) for a in (x, y[:, None]))
units = Scaling.fit(y_train)

with nengo.Network(seed=seed) as model:
    stimulus = nengo.Node(np.zeros(10))
    hidden = nengo.Ensemble(
        100,
        10,
        neuron_type=nengo.LIF(amplitude=1 / 75),
        max_rates=nengo.dists.Uniform(50, 100),
    )
    output = nengo.Node(size_in=1)
    rule = nengo_fa.FeedbackAlignment(size_in=1, derivative=nengo_fa.Rate())
    encode = nengo.Connection(
        stimulus,
        hidden,
        function=Scaling.fit(x_train, length=1),
        learning_rule_type=rule,
    )
    decode = nengo.Connection(hidden, output, function=lambda x: 0)

# %%
# Training
# --------
#
# ``train`` finds the learning rate, and solves for the decoders after each epoch. With ``epochs=0``, it
# solves for the decoders of the random encoders that Nengo draws. ``predict`` computes outputs from the
# rates of the neurons or, with a ``presentation_time``, from the spikes in the second half of each
# presentation.


def predict(**options):
    answers = nengo_fa.predict(decode, x_test, network=model, **options)
    return units.inverse(answers)


def find_r2(answers):
    return 1 - np.mean((answers - y_test) ** 2) / np.var(y_test)


nengo_fa.train(decode, x_train, units(y_train), epochs=0, network=model)
before = predict()
history = nengo_fa.train(decode, x_train, units(y_train), network=model)
after, spikes = predict(), predict(presentation_time=0.2)
fixed, learned, in_spikes = map(find_r2, (before, after, spikes))
print(
    f"R2: fixed encoders {fixed:.2f}, learned {learned:.2f}, in spikes {in_spikes:.2f}"
)

# %%
# New samples
# -----------

figure, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="compressed")
panels = (
    ("fixed encoders", before, fixed, FIXED),
    ("learned, in spikes", spikes, in_spikes, LEARNED),
)
for panel, (name, answers, r2, colour) in zip(axes, panels):
    panel.plot(y_test, answers, ".", color=colour, markersize=4)
    panel.axline((0, 0), slope=1, color="0.5", linewidth=0.8)
    panel.set(xlabel="Target", title=f"{name}: $R^2$ = {r2:.2f}", aspect="equal")
    panel.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("Output of the network")

# %%
# ``history.plot`` shows the error after each epoch, the lengths of the encoders, and the angles by
# which they turn.

history.plot()

# %%
# ``python benchmarks/regression.py`` compares these numbers with backpropagation, with scikit-learn's
# perceptron of the same size, and with linear regression.
