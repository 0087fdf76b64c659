"""A figure of the stored results of ``nengo-fa recurrent``."""

from stored import draw

from nengo_fa import plots

draw(plots.recurrent, "recurrent", "recurrent")
