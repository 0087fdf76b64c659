import numpy as np
import pytest
from looking import as_image

from nengo_fa import plots
from nengo_fa.experiments.hebbian import HebbianExperiment
from nengo_fa.experiments.homeostasis import HomeostasisExperiment
from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.experiments.phase_portrait import make_phase_portrait


def fill(data, rng):
    """Something like results."""
    shape = data["encoder_length"].shape
    data["encoder_length"].values[:] = 1 + 0.1 * rng.uniform(-1, 1, size=shape)
    data["radial"].values[:] = 0.01 * rng.randn(*shape)
    data["rmse"].values[:] = 0.1
    return data


@pytest.fixture
def data(rng):
    experiment = HomeostasisExperiment(
        MultiplicationExperiment(n_trials=3, epochs=5, n_neurons=4)
    )
    return fill(experiment.make_template(), rng)


def test_homeostasis(data):
    data["radial"].values[:, :, :, :, 0] = 0.01
    data["radial"].values[:, :, :, :, 1:] = -0.01
    figure = plots.homeostasis(data)
    radial, lengths, factors = figure.axes[:3]
    shares = [text.get_text() for text in radial.get_legend().get_texts()]
    assert shares == ["attracted: 75 %", "repelled: 25 %"]
    lines = {line.get_label(): line for line in lengths.lines}
    median = data["encoder_length"].sel(normalization="stabilized").isel(rule=0)
    median = median.median(["trial", "neuron"])
    np.testing.assert_allclose(lines["stabilized"].get_ydata(), median)
    assert len(factors.lines[-1].get_xdata()) == 12
    assert len(figure.axes) == 6


def test_what_is_beyond_is_counted(data):
    data["radial"].values[:] = -100
    factors = plots.homeostasis(data).axes[2]
    assert len(factors.lines[-1].get_xdata()) == 0
    assert factors.texts[0].get_text() == "12 of 12\nneurons\nare beyond"


def test_homeostasis_of_what_has_diverged(data):
    before = as_image(plots.homeostasis(data))
    chosen = {"normalization": "homeostatic", "trial": 1, "epoch": slice(3, None)}
    for name in ("encoder_length", "radial"):
        data[name].loc[chosen] = np.inf
    assert as_image(plots.homeostasis(data)) != before


def test_curves_end_where_the_axis_does(data):
    """Encoders that run away do not squeeze all others."""
    lengths = data["encoder_length"]
    lengths.loc[{"normalization": "homeostatic", "epoch": 5}] = np.inf
    axes = plots.homeostasis(data).axes[1]
    assert axes.get_ylim()[1] < 11
    median = {line.get_label(): line for line in axes.lines}["homeostatic"].get_ydata()
    assert np.isnan(median).tolist() == [False] * 5 + [True]


def test_phase_portrait():
    data = make_phase_portrait(n_points=5, duration=2.0)
    figure = plots.phase_portrait(data)
    assert len(figure.axes) == 3
    negative = figure.axes[0]
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[:3] == ["homeostatic", "Taylor", "stabilized"]
    assert labels[3:] == ["line: predicted", "marker: simulated"]
    lines = {line.get_label(): line for line in negative.lines}
    expected = data["velocity"].sel(rule="Taylor").isel(s=0)
    np.testing.assert_array_equal(lines["Taylor"].get_ydata(), expected)
    as_image(figure)


def test_hebbian(rng):
    data = HebbianExperiment(n_trials=2, seconds=1, n_neurons=3).make_template()
    data["angle"].values[:] = rng.uniform(-3, 3, size=data["angle"].shape)
    data["fixed_point"].values[:] = np.inf
    data["fixed_point"].values[..., 0] = 0.5
    data["principal"].values[:] = -0.2
    figure = plots.hebbian(data, trial=1)
    assert len(figure.axes) == 10
    axes = figure.axes[0]
    assert axes.get_title() == "constant error"
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines["predicted final direction"].get_ydata()) == {np.rad2deg(0.5)}
    as_image(figure)
