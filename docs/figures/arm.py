"""What ``nengo-fa arm`` measures, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.arm, "arm", "arm")
