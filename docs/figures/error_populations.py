"""What ``nengo-fa error-populations`` measures, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.error_populations, "error-populations", "error_populations")
