import numpy as np
import pytest
from looking import as_image, image, lines_by_label
from matplotlib.patches import Rectangle

from nengo_fa import palette, plots


@pytest.fixture
def panels(shown):
    """Return the panels by their content."""
    error, images, raster, output, bar = plots.presentation(shown).axes
    return {
        "error": error,
        "images": images.child_axes,
        "raster": raster,
        "output": output,
        "bar": bar,
    }


def test_error_over_presentation_time(panels, shown):
    axes = panels["error"]
    (line,) = axes.lines
    assert np.allclose(line.get_xdata(), np.arange(1, 21))
    assert np.allclose(line.get_ydata(), 100 * shown["error"])
    assert axes.get_xlabel() == "Time after onset (ms)"
    assert axes.get_ylabel() == "Misclassified images (%)"
    assert "91 images" in axes.get_title(loc="left")
    (text,) = axes.texts
    assert text.get_text() == "12.5 %"
    assert text.xy[1] == max(y for x, y in line.get_xydata() if x > 12)


def test_rates_are_compared_with_rates(shown):
    """The panel contains learned errors in spikes and in rates, and the baseline in rates."""
    data = shown.assign(rate_error=0.1, baseline_error=0.3)
    axes = plots.presentation(data).axes[0]
    for line, label, percent, colour in zip(
        axes.lines[1:],
        ("learned, in rates", "well-chosen, fixed, in rates"),
        (10, 30),
        (palette.LEARNED, palette.FIXED),
    ):
        assert line.get_label().replace("\n", " ") == label
        assert np.allclose(line.get_ydata(), percent) and line.get_color() == colour


def test_images_stand_above_their_time(shown):
    figure = plots.presentation(shown)
    as_image(figure)
    _, row, raster, *_ = figure.axes
    assert len(row.child_axes) == 3
    for i, axes in enumerate(row.child_axes):
        assert np.array_equal(image(axes).get_array(), shown["images"][i])
        box, below = axes.get_window_extent(), raster.transData
        left, right = (below.transform((t, 0))[0] for t in (20 * i, 20 * i + 20))
        assert left - 1 <= box.x0 < box.x1 <= right + 1
        assert box.y0 >= raster.get_window_extent().y1


def test_wrong_predictions_stand_out(panels):
    titles = [axes.title for axes in panels["images"]]
    assert [title.get_text() for title in titles] == ["2 → 2", "0 → 3", "1 → 1"]
    assert [title.get_color() for title in titles] == [
        "black",
        palette.HIGHLIGHT,
        "black",
    ]
    assert [title.get_weight() for title in titles] == ["normal", "bold", "normal"]


def test_raster(panels, shown):
    axes = panels["raster"]
    spikes = axes.lines[0]
    assert spikes.get_linestyle() == "None"
    assert np.allclose(spikes.get_xdata(), 1000 * shown["spike_time"])
    assert np.array_equal(spikes.get_ydata(), shown["spike_neuron"])
    assert [line.get_xdata()[0] for line in axes.lines[1:]] == [20, 40]
    assert axes.get_ylabel() == "Neuron"
    assert axes.get_xlim() == panels["output"].get_xlim() == (0, 60)


def test_output(panels, shown):
    axes, bar = panels["output"], panels["bar"]
    (mesh,) = [each for each in axes.collections if each.get_array() is not None]
    assert np.array_equal(mesh.get_array().reshape(4, 60), shown["output"].T)
    assert mesh.get_clim() == (0, 1)
    assert axes.get_ylim() == (3.5, -0.5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Time (ms)", "Class")
    assert bar.get_ylabel() == "Output"
    frames = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    corners = [(*frame.get_xy(), frame.get_width()) for frame in frames]
    assert np.allclose(corners, [(0, 1.5, 20), (20, -0.5, 20), (40, 0.5, 20)])


def test_a_single_image_without_spikes(shown):
    data = shown.isel(digit=[0], spike=[], sample=slice(20))
    figure = plots.presentation(data)
    as_image(figure)
    assert figure.axes[3].get_xlim() == (0, 20)
    assert len(lines_by_label(figure.axes[2])) == 1
