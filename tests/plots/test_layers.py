import numpy as np
import pytest
from looking import as_image, texts
from nengo.exceptions import ValidationError

from nengo_fa import History, LayerHistory, plots

NAMES = "alignment", "weight_ratio", "selectivity", "dead"


def make_history(rng, n_layers, n_epochs=12):
    def make_layer():
        metrics = dict(zip(NAMES, rng.uniform(0.1, 1, size=(4, n_epochs + 1))))
        return LayerHistory(None, None, None, {}, **metrics)

    layers = tuple(make_layer() for _ in range(n_layers))
    return History(np.ones(n_epochs + 1), None, None, layers)


@pytest.mark.parametrize("n_layers", [1, 3, 8])
def test_layer_metrics(rng, n_layers):
    history = make_history(rng, n_layers)
    history.layers[0].alignment[4] = np.nan
    figure = plots.layer_metrics(history)
    legend, *panels = figure.axes
    *names, start = [text.get_text() for text in legend.get_legend().get_texts()]
    assert len(names) == n_layers and "random feedback" in start
    assert len({line.get_color() for line in panels[0].lines[:n_layers]}) == n_layers
    for axes, name in zip(panels, NAMES):
        assert axes.get_xlabel() == "Epoch" and axes.get_ylabel()
        for line, layer in zip(axes.lines, history.layers):
            assert np.array_equal(line.get_ydata(), getattr(layer, name), True)
            assert np.array_equal(line.get_xdata(), np.arange(13))
    as_image(figure)
    assert min(text.get_fontsize() for text in texts(figure)) >= 8
    box = legend.get_legend().get_window_extent()
    assert all(not axes.get_window_extent().overlaps(box) for axes in panels)


@pytest.mark.parametrize("low, high", [(0.5, 0.9), (2.1e-4, 2.6e-4), (0.01, 2e3)])
def test_ratios_have_numbers_beside_them(rng, low, high):
    history = make_history(rng, 2)
    history.layers[0].weight_ratio[:] = low
    history.layers[1].weight_ratio[:] = high
    figure = plots.layer_metrics(history)
    as_image(figure)
    axis = figure.axes[2].yaxis
    shown = [axis.get_view_interval()[0] <= at for at in axis.get_majorticklocs()]
    labels = [*axis.get_majorticklabels(), *axis.get_minorticklabels()]
    words = [label.get_text() for label in labels if label.get_text()]
    assert any(shown) and len(words) >= 2
    assert len(set(words)) == len(words)


def test_without_metrics(rng):
    layer = LayerHistory(None, None, None, {})
    history = History(np.ones(3), None, None, (layer,))
    with pytest.raises(ValidationError, match="metrics=True"):
        plots.layer_metrics(history)


@pytest.mark.parametrize("name", ["learning_curves", "variants", "hebbian", "stream"])
def test_figures_of_datasets_say_what_draws_a_history(name, rng):
    with pytest.raises(ValidationError, match=rf"{name} draws .*history\.plot\(\)"):
        getattr(plots, name)(data=make_history(rng, 1))
