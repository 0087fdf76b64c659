"""What ``nengo-fa timescales`` measures, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.timescales, "timescales", "timescales")
