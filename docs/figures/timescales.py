"""A figure of the stored results of ``nengo-fa timescales``."""

from stored import draw

from nengo_fa import plots

draw(plots.timescales, "timescales", "timescales")
