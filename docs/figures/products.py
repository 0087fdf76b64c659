"""A figure of the stored results of ``nengo-fa products``."""

from stored import draw

from nengo_fa import plots

draw(plots.products, "products", "products")
