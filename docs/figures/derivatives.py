"""The derivative of the LIF rate at several margins, and the step function."""

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_fa
from nengo_fa.palette import LEARNED, OTHER

neuron_type = nengo.LIF()
current = np.linspace(0.8, 1.6, 2001)

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for margin, style in [(0.002, ":"), (0.01, "-"), (0.1, "--")]:
    derivative = nengo_fa.Rate(margin=margin)(neuron_type, current)
    label = f"Rate(margin={margin:g})"
    axes.plot(current, derivative, style, color=LEARNED, label=label)
axes.set(
    xlabel="Input current J", ylabel="f'(J) (Hz per unit of current)", ylim=(0, None)
)

right = axes.twinx()
right.plot(current, nengo_fa.Step()(neuron_type, current), color=OTHER, label="Step()")
right.set(ylabel="Step", ylim=(0, 3), yticks=[0, 1])
figure.legend(frameon=False, loc="upper right", bbox_to_anchor=(0.9, 1))
for panel in (axes, right):
    panel.spines["top"].set_visible(False)
