"""What ``nengo-fa recurrent`` measures, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.recurrent, "recurrent", "recurrent")
