"""A figure of the stored results of ``nengo-fa pyramidal``."""

from stored import draw

from nengo_fa import plots

draw(plots.pyramidal, "pyramidal", "pyramidal")
