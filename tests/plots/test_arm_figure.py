import numpy as np

from nengo_fa import plots


def test_lines_are_medians(tracked):
    panels = plots.arm(tracked).axes
    titles = [axes.get_title() for axes in panels]
    assert titles == ["load 0 kg", "load 1 kg", "load 2 kg", "load 3 kg"]
    for i, axes in enumerate(panels):
        for lines, values in zip(axes.containers, tracked["rmse"].isel(load=i)):
            found = lines.lines[0].get_ydata()
            np.testing.assert_allclose(found, values.median("trial"))
