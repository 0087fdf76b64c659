"""A figure of the stored results of ``nengo-fa arm``."""

from stored import draw

from nengo_fa import plots

draw(plots.arm, "arm", "arm")
