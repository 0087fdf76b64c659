import numpy as np
from looking import lines_by_label

from nengo_fa import plots
from nengo_fa.experiments.online import OnlineResult


def test_online_shows_the_data(rng, tmp_path):
    encoders = rng.randn(50, 7, 2)
    result = OnlineResult(
        seconds=20.0,
        window=10.0,
        time=np.arange(20) + 0.5,
        rmse_learned=rng.rand(20),
        rmse_fixed=rng.rand(20),
        encoder_time=np.linspace(0, 20, 50),
        encoders=encoders,
    )
    figure = plots.online(result)
    errors, directions, angle = figure.axes

    lines = {line.get_label(): line.get_xydata() for line in errors.lines}
    assert np.array_equal(lines["fixed encoders"][:, 1], result.rmse_fixed)
    assert np.array_equal(lines["learned encoders"][:, 1], result.rmse_learned)
    points = {line.get_label(): line.get_xydata() for line in directions.lines}
    assert np.array_equal(points["start"], encoders[0])
    assert np.array_equal(points["end"], encoders[-1])
    assert directions.get_xlim()[1] > np.abs(encoders[[0, -1]]).max()
    assert np.array_equal(angle.lines[0].get_ydata(), result.angle)

    for axes in figure.axes:
        assert axes.get_title() and axes.get_xlabel() and axes.get_ylabel()
    figure.savefig(tmp_path / "online.pdf")
    assert (tmp_path / "online.pdf").stat().st_size > 5_000


def test_stream(streamed):
    (axes,) = plots.stream(streamed).axes
    lines = lines_by_label(axes)
    for name, label in ("error", "learned encoders"), ("error_fixed", "fixed encoders"):
        assert np.array_equal(lines[label].get_xdata(), streamed["time"])
        percent = 100 * streamed[name].values
        assert np.array_equal(lines[label].get_ydata(), percent, equal_nan=True)
    assert lines["learned encoders"].get_color() == plots.LEARNED
    assert lines["fixed encoders"].get_color() == plots.FIXED
    assert axes.get_xlabel() == "Time (s)"
    assert axes.get_ylabel() == "Misclassified images (%)"
    assert axes.get_ylim()[0] == 0


def test_stream_of_one_network(streamed):
    (axes,) = plots.stream(streamed.drop_vars("error_fixed")).axes
    assert list(lines_by_label(axes)) == ["learned encoders"]
