"""What ``nengo-fa products`` measures, from the stored results."""

from stored import draw

from nengo_fa import plots

draw(plots.products, "products", "products")
