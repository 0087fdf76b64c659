import numpy as np
import pytest
import xarray as xr
from looking import as_image, fits_page

from nengo_fa import plots

RATES = [0.0, 0.1, 1.0, 10.0]
RULES = ["PES 2e-5", "PES 2e-4", "PES 2e-3", "RLS"]


@pytest.fixture
def data(rng):
    shape = len(RULES), len(RATES), 7
    dims = "decoder_rule", "encoder_rate", "trial"
    names = "rmse", "rmse_solved", "ratio"
    return xr.Dataset(
        {name: (dims, rng.uniform(0.02, 0.2, size=shape)) for name in names},
        {"decoder_rule": RULES, "encoder_rate": RATES},
    )


def test_lines_are_medians(data):
    figure = plots.timescales(data)
    as_image(figure)
    assert fits_page(figure)
    online, solved, speeds = figure.axes[1:]
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == [*RULES, "quartiles of 7 trials"]
    for axes, name in [(online, "rmse"), (solved, "rmse_solved")]:
        expected = data[name].median("trial").values
        for line, values in zip(axes.lines[::2], expected):
            np.testing.assert_allclose(line.get_ydata(), values)
        ticks = [label.get_text() for label in axes.get_xticklabels()]
        assert ticks == ["0", "0.1", "1", "10"]
        assert list(axes.get_xticks()) == list(axes.lines[0].get_xdata())
    relative = (data.rmse_solved / data.rmse_solved.isel(encoder_rate=0)).values
    for i, line in enumerate(speeds.lines[: len(RULES)]):
        np.testing.assert_allclose(line.get_ydata(), np.median(relative[i, 1:], axis=1))
        ratio = data.ratio.values[i, 1:]
        np.testing.assert_allclose(line.get_xdata(), np.median(ratio, axis=1))


def test_order_of_dimensions_does_not_matter(data):
    lines, others = (
        [line.get_ydata() for axes in plots.timescales(it).axes for line in axes.lines]
        for it in (data, data.transpose("trial", "encoder_rate", "decoder_rule"))
    )
    for line, other in zip(lines, others):
        np.testing.assert_array_equal(line, other)


def test_what_has_diverged_does_not_spoil_the_axes(data):
    expected = plots.timescales(data).axes[1].get_ylim()
    data.rmse[2, 3, 0] = np.inf
    found = plots.timescales(data).axes[1].get_ylim()
    assert found[1] < 2 * expected[1]


def test_lines_are_told_apart_without_colour(data):
    panel = plots.timescales(data).axes[1]
    styles = {(line.get_linestyle(), line.get_color()) for line in panel.lines[::2]}
    markers = {line.get_marker() for line in panel.lines[1::2]}
    assert len(styles) == len(markers) == len(RULES)
