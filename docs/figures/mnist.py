"""Figure 6 of the paper, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.classification_curves, "mnist-rate", "figure6")
