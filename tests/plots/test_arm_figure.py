import numpy as np

from nengo_fa import plots


def test_lines_are_medians(tracked):
    panels = plots.arm(tracked).axes
    assert [axes.get_title() for axes in panels] == ["0 kg", "1 kg", "2 kg", "3 kg"]
    for i, axes in enumerate(panels):
        for lines, values in zip(axes.containers, tracked["rmse"].isel(load=i)):
            found = lines.lines[0].get_ydata()
            np.testing.assert_allclose(found, values.median("trial"))
