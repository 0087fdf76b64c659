import numpy as np
import pytest
import xarray as xr

from nengo_fa import plots

RATES = [0.0, 0.1, 1.0, 10.0]
RULES = ["PES 2e-5", "PES 2e-4", "PES 2e-3", "RLS"]


@pytest.fixture
def data(rng):
    shape = len(RULES), len(RATES), 7
    dims = "decoder_rule", "encoder_rate", "trial"
    return xr.Dataset(
        {
            "rmse": (dims, rng.uniform(0.02, 0.2, size=shape)),
            "angle": (dims, rng.uniform(0.1, 0.4, size=shape)),
        },
        {"decoder_rule": RULES, "encoder_rate": RATES},
    )


def test_lines_are_medians(data):
    figure = plots.timescales(data)
    error, ratio, angle = figure.axes[1:]
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == [*RULES, "quartiles of 7 trials"]
    expected = data.rmse.median("trial").values[:, 1:]
    for line, values in zip(error.lines[::2], expected):
        np.testing.assert_allclose(line.get_ydata(), values)
        np.testing.assert_allclose(line.get_xdata(), RATES[1:])
    relative = (data.rmse / data.rmse.isel(encoder_rate=0)).median("trial")
    np.testing.assert_allclose(ratio.lines[0].get_ydata(), relative.values[0, 1:])
    assert angle.get_ylim()[0] == 0


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
