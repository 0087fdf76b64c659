import numpy as np
from looking import lines_by_label

from nengo_fa import plots


def test_pyramidal_shows_the_data(two_compartments):
    data = two_compartments
    figure = plots.pyramidal(data)
    rates, bursts, angles, errors = figure.axes
    for letter, axes in zip("abcd", figure.axes):
        assert axes.get_title("left").startswith(f"({letter})")
        assert axes.get_xlabel() and axes.get_ylabel()

    for label, value in ("none", 0), ("\N{MINUS SIGN}4", -4), ("+4", 4):
        line = lines_by_label(rates)[f"apical input: {label}"]
        expected = data["event_rate"].sel(apical=value).median("trial")
        assert np.array_equal(line.get_ydata(), expected)
    (line,) = bursts.lines
    assert np.allclose(line.get_ydata(), [0.1, 0.5, 0.9])
    for line, weight in zip(angles.lines, data["weight"].values):
        assert f"{weight:g}" in line.get_label()
        expected = data["angle"].sel(weight=weight).median("trial")
        assert np.array_equal(line.get_ydata(), expected)
    ratio = data["rmse"] / data["rmse"].sel(rule="fixed encoders")
    for rule in ("burst learning", "feedback alignment"):
        line = lines_by_label(errors)[rule]
        assert np.allclose(line.get_ydata(), ratio.sel(rule=rule).median("trial"))
