"""A figure of the stored results of ``nengo-fa error-populations``."""

from stored import draw

from nengo_fa import plots

draw(plots.error_populations, "error-populations", "error_populations")
