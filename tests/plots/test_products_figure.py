"""The content of the figure of products."""

import numpy as np

from nengo_fa import plots


def test_products_shows_the_medians(multiplied):
    panels = plots.products(multiplied).axes
    assert len(panels) == 3
    for axes, noise in zip(panels, multiplied["noise"].values):
        error = multiplied["error"].sel(noise=noise).median("trial")
        for container, kind in zip(axes.containers, multiplied["kind"].values):
            line = container.lines[0]
            assert np.allclose(line.get_xdata(), error.sel(kind=kind))
            assert np.array_equal(np.round(line.get_ydata()), [0, 1])
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert labels == list(multiplied["task"].values)
