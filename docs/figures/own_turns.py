"""The first experiment, with a turn of its own for each condition."""

from stored import draw

from nengo_fa import plots

draw(plots.learning_curves, "multiplication-rate", "own_turns")
