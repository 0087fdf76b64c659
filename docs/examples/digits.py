"""
Digits in spikes: train, save, and continue online
==================================================

A network learns the digits of scikit-learn offline, and is saved. It is then loaded into a model in
which all images are mirrored. This model shows one mirrored digit after the other, for 50 ms each, and
computes an error from the labels. The same rules continue to learn online, in spikes.
"""

# %%
# The model
# ---------
#
# The samples that you pass to ``train`` replace the output of the node with the images.
# ``learning_rate`` is per update offline, and per second of simulated time online.

import matplotlib.pyplot as plt
import nengo
import numpy as np
from nengo.processes import PresentInput

import nengo_fa
from nengo_fa.palette import LEARNED, REFERENCE

seed = 1
data = nengo_fa.datasets.digits()
y_train, y_test = data.one_hot()


def mirror(x):
    return x.reshape(-1, 8, 8)[:, :, ::-1].reshape(-1, 64)


def make_model(images, learning_rate):
    with nengo.Network(seed=seed) as model:
        image = nengo.Node(PresentInput(images, 0.05))
        label = nengo.Node(PresentInput(y_train, 0.05))
        hidden = nengo.Ensemble(
            100,
            64,
            radius=0.3,
            neuron_type=nengo.LIF(amplitude=1 / 75),
            max_rates=nengo.dists.Uniform(50, 100),
            intercepts=nengo.dists.Uniform(-0.5, 0.5),
        )
        output, error = nengo.Node(size_in=10), nengo.Node(size_in=10)
        encode = nengo.Connection(
            image,
            hidden,
            synapse=None,
            function=data.centered().scaling,
            learning_rule_type=nengo_fa.FeedbackAlignment(
                size_in=10, learning_rate=learning_rate, derivative=nengo_fa.Rate()
            ),
        )
        model.decode = nengo.Connection(
            hidden,
            output,
            synapse=0.02,
            function=lambda x: np.zeros(10),
            learning_rule_type=nengo.PES(0.1),
        )
        nengo.Connection(output, error)
        nengo.Connection(label, error, transform=-1)
        nengo.Connection(error, encode.learning_rule)
        nengo.Connection(error, model.decode.learning_rule)
    return model


def classify(model, images):
    answers = nengo_fa.predict(
        model.decode, images, presentation_time=0.1, network=model
    )
    return answers.argmax(axis=1)


def find_error(model, images):
    """Return the fraction of test digits that are misclassified."""
    return np.mean(classify(model, images) != data.labels_test)


# %%
# Learn offline, and save
# -----------------------

model = make_model(data.x_train, learning_rate=10)  # per update
nengo_fa.train(model.decode, data.x_train, y_train, epochs=60, network=model)
with nengo.Simulator(model) as sim:
    nengo_fa.save(sim, model, "digits.npz")

# %%
# Load, and continue to learn
# ---------------------------
#
# The file is loaded into a network that is declared in the same way, but with mirrored images.

model = make_model(mirror(data.x_train), learning_rate=1)  # per second
nengo_fa.load(model, "digits.npz")
learned = find_error(model, data.x_test)
mirrored = find_error(model, mirror(data.x_test))

errors = [mirrored]
with nengo.Simulator(model) as sim:
    for _ in range(5):  # a hundred mirrored digits in all
        sim.run(1)
        nengo_fa.freeze_params(sim, model)
        errors.append(find_error(model, mirror(data.x_test)))
taught_on = errors[-1]
print(
    f"Misclassified: {learned:.0%} after training, {mirrored:.0%} of mirrored digits "
    f"before and {taught_on:.0%} after learning online"
)

# %%
# Mirrored digits, and the error while the network learns them
# ------------------------------------------------------------

images, answers = mirror(data.x_test[:8]), classify(model, mirror(data.x_test[:8]))
figure = plt.figure(figsize=(8, 3), layout="constrained")
digits, curve = figure.subfigures(1, 2)
for panel, image, answer in zip(digits.subplots(2, 4).flat, images, answers):
    panel.imshow(image.reshape(8, 8), cmap="gray_r")
    panel.set_title(f"“{answer}”", fontsize=9)
    panel.set_axis_off()
axes = curve.subplots()
axes.plot(
    20 * np.arange(6),
    100 * np.array(errors),
    "o-",
    color=LEARNED,
    label="mirrored digits",
)
axes.axhline(
    100 * learned, color=REFERENCE, linestyle="--", label="digits as learned offline"
)
axes.set(xlabel="Mirrored digits shown", ylabel="Misclassified (%)", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
