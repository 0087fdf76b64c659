"""Errors in the banded task, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.variants, "banded", "learning")
