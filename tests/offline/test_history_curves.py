"""Plots and texts of a history."""

import matplotlib.pyplot as pyplot
import nengo
import numpy as np
import pytest
from matplotlib.figure import Figure
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa import palette


def make_history(n_layers=1, dimensions=2, test=True, epochs=4, **others):
    rng = np.random.RandomState(0)
    x = rng.uniform(-1, 1, size=(60, dimensions))
    y = x[:, :1] * x[:, -1:]
    with nengo.Network(seed=1) as model:
        pre = nengo.Node(size_in=dimensions)
        for _ in range(n_layers):
            layer = nengo.Ensemble(20, dimensions)
            rule = nengo_fa.FeedbackAlignment(1)
            nengo.Connection(pre, layer, learning_rule_type=rule)
            pre = layer
        decode = nengo.Connection(pre, nengo.Node(size_in=1), function=lambda x: x[0])
    options = {"test": (x[:9], y[:9])} if test else {}
    return nengo_fa.train(decode, x, y, epochs, network=model, **options, **others)


def get_data(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def test_curves_are_what_was_recorded():
    history = make_history(2)
    errors, angles, lengths, turns = history.plot(ax=Figure().subplots(1, 4))
    np.testing.assert_array_equal(get_data(errors)["training"], history.rmse)
    np.testing.assert_array_equal(get_data(errors)["test"], history.test_rmse)
    others = {"angle": angles, "encoder_length": lengths, "turn": turns}
    for name, axes in others.items():
        assert axes.get_ylabel() and axes.get_xlabel() == "Epoch"
        for k, layer in enumerate(history.layers):
            curve = get_data(axes)[f"layer {k + 1}"]
            np.testing.assert_array_equal(curve, getattr(layer, name))


def test_colours_are_those_of_the_figures():
    """Each layer has its own colour, from the colour of learned encoders to a lighter one."""
    history = make_history(2, validation=0.2)
    errors, angles, *_ = history.plot(ax=Figure().subplots(1, 4))
    assert errors.lines[0].get_color() == palette.LEARNED
    known = {value for value in vars(palette).values() if isinstance(value, str)}
    assert {line.get_color() for line in [*errors.lines, *angles.lines]} <= known


def test_the_best_epoch_is_marked():
    history = make_history(validation=0.2)
    (axes,) = history.plot(Figure().subplots())
    data = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(
        data["validation"].get_ydata(), history.validation_rmse
    )
    assert set(data["best epoch"].get_xdata()) == {history.best_epoch}


def test_one_pair_of_axes_has_the_errors():
    axes = Figure().subplots()
    assert make_history(test=False).plot(axes) == [axes]
    assert len(axes.lines) == 1 and axes.get_legend() is None


@pytest.mark.parametrize("dimensions, n_panels", [(2, 4), (3, 3)])
def test_new_figure_has_axes_for_all(dimensions, n_panels):
    axes = make_history(dimensions=dimensions).plot()
    assert axes[0].figure is pyplot.gcf()
    assert axes[0].figure.axes == axes and len(axes) == n_panels
    pyplot.close(axes[0].figure)


def test_history_without_epochs_shows_a_point():
    (axes,) = make_history(epochs=0).plot(Figure().subplots())
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]


@pytest.mark.parametrize("ax", [3, "axes", []])
def test_what_is_not_axes(ax):
    with pytest.raises(ValidationError, match="axes of a Matplotlib figure"):
        make_history(epochs=0).plot(ax)


def test_repr_is_one_line():
    history = make_history(2)
    first, last = (f"{history.rmse[i]:.3g}" for i in (0, -1))
    assert repr(history).startswith(f"<History of 4 epochs, rmse {first} to {last}, ")
    assert "test_rmse" in repr(history) and "2 layers" in repr(history)
    assert repr(history.layers[0]) == "<LayerHistory of 20 neurons, 2 dimensions>"
