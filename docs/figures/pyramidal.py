"""What ``nengo-fa pyramidal`` measures, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.pyramidal, "pyramidal", "pyramidal")
