"""The second experiment, with a turn of its own for each condition."""

from stored import draw

from nengo_fa import plots

draw(plots.classification_curves, "mnist-rate", "own_turns")
