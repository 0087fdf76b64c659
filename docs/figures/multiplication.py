"""Figure 5 of the paper, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.learning_curves, "multiplication-rate", "figure5")
