"""What ``nengo-fa depth`` measures, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.depth, "depth", "depth")
