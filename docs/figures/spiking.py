"""The first experiment in spikes, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.learning_curves, "multiplication-spiking", "figure5")
