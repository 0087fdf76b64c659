"""Properties of all figures."""

import numpy as np
import pytest
import xarray as xr
from looking import as_image, fits_page, texts
from matplotlib import rcParams
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nengo_fa import palette, plots

FIGURES = [
    (plots.tuning_curves, "neurons"),
    (plots.iterations, "fields"),
    (plots.encoder_movement, "movement"),
    (plots.learning_curves, "curves"),
    (plots.sensitivity, "by_rate"),
    (plots.classification_curves, "classification"),
    (plots.depth, "by_depth"),
    (plots.presentation, "shown"),
    (plots.confusion_matrix, "shown"),
    (plots.encoder_images, "shown"),
    (plots.stream, "streamed"),
    (plots.pyramidal, "two_compartments"),
    (plots.error_populations, "late_errors"),
    (plots.error_layers, "layered_errors"),
    (plots.arm, "tracked"),
    (plots.recurrent, "patterns"),
    (plots.through_time, "exact_gradients"),
    (plots.products, "multiplied"),
]


class Drawn:
    """A figure, which tests look at but do not change, and what there was before."""

    def __init__(self, plot, data):
        self.plot, self.data = plot, data
        self.data_before, self.style_before = data.copy(deep=True), dict(rcParams)
        self.figure = plot(data)
        self.style = dict(rcParams)
        self.image = as_image(self.figure)


@pytest.fixture
def rng():
    return np.random.RandomState(1)


@pytest.fixture(scope="module")
def known():
    return {}


@pytest.fixture(params=FIGURES, ids=lambda figure: figure[0].__name__)
def drawn(request, known):
    """Each figure is drawn once, as that takes longest."""
    plot, name = request.param
    if plot not in known:
        known[plot] = Drawn(plot, request.getfixturevalue(name))
    return known[plot]


def test_figures_fit_a_page(drawn):
    figure = drawn.figure
    assert isinstance(figure, Figure)
    assert figure.get_figwidth() in (3.5, 7)
    assert min(text.get_fontsize() for text in texts(figure)) >= 8
    assert fits_page(figure)


def test_figures_take_dimensions_by_name(drawn):
    swapped = drawn.data.transpose(*reversed(list(drawn.data.sizes)))
    assert as_image(drawn.plot(swapped)) == drawn.image


def test_figures_leave_data_and_style_alone(drawn):
    xr.testing.assert_identical(drawn.data, drawn.data_before)
    assert drawn.style == drawn.style_before


def test_colours_are_those_of_the_palette(drawn):
    """Or they are grey."""
    known = {value for value in vars(palette).values() if isinstance(value, str)}
    for line in drawn.figure.findobj(Line2D):
        colour = line.get_color()
        assert to_hex(colour) in known or np.ptp(to_rgb(colour)) < 0.01


def test_curves_fill_their_panels(drawn):
    """Those of all panels that share an axis do."""
    for axes in drawn.figure.axes:
        heights = [
            axes.transAxes.inverted().transform(line.get_transform().transform(xy))
            for other in axes.get_shared_y_axes().get_siblings(axes)
            for line in other.lines
            if len(xy := line.get_xydata()) and line.get_transform() == other.transData
        ]
        if heights:
            heights = np.concatenate(heights)[:, 1]
            assert np.ptp(heights[np.isfinite(heights)]) > 0.25, axes
