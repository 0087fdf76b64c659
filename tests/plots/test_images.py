import numpy as np
import pytest
from looking import as_image, image
from matplotlib.colors import to_rgb

from nengo_fa import plots


def lightness(colour):
    return np.mean(to_rgb(colour))


def test_confusion_matrix(shown):
    figure = plots.confusion_matrix(shown)
    axes, bar = figure.axes
    counts = shown["confusion"].values
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Prediction", "Label")
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {
        (column, row): str(counts[row, column]) for row, column in np.argwhere(counts)
    }

    percent, mask = image(axes).get_array(), ~np.eye(4, dtype=bool)
    totals = np.array([31, 10, 50, 1])  # no image of the last class
    assert np.allclose(percent[mask], (100 * counts / totals[:, None])[mask])
    # what is correct has no part in the colours: one mistake in five is the largest
    assert np.all(np.isnan(np.ma.filled(percent.diagonal(), np.nan)))
    assert image(axes).get_clim() == (0, 20)
    red, green, blue, _ = axes.get_facecolor()
    assert red == green == blue > 0.8
    assert bar.get_ylabel() == "Images in the row (%)"


def test_mistakes_of_each_class(shown):
    (right,) = plots.confusion_matrix(shown).axes[0].child_axes
    assert right.get_ylabel() == "Misclassified"
    labels = [label.get_text() for label in right.get_yticklabels()]
    assert labels == ["3.2 %", "20.0 %", "20.0 %", ""]


def test_counts_can_be_read(shown):
    axes = plots.confusion_matrix(shown).axes[0]
    shades = image(axes).cmap(image(axes).norm(image(axes).get_array()))
    for text in axes.texts:
        column, row = text.get_position()
        if row != column:
            ground = np.mean(shades[row, column, :3])
            assert abs(ground - lightness(text.get_color())) > 0.3


def test_confusion_without_mistakes(shown):
    shown["confusion"][:] = 3 * np.eye(4, dtype=int)
    figure = plots.confusion_matrix(shown)
    as_image(figure)
    assert [text.get_text() for text in figure.axes[0].texts] == 4 * ["3"]


@pytest.mark.parametrize("n_neurons", [1, 3, 8, 11])
def test_encoder_images(shown, n_neurons):
    data = shown.isel(neuron=slice(n_neurons))
    figure = plots.encoder_images(data)
    as_image(figure)
    *panels, bar = figure.axes
    assert len(panels) == 2 * n_neurons
    before = [axes for axes in panels if axes.get_title()]
    after = [axes for axes in panels if axes.get_xlabel()]
    for i in range(n_neurons):
        assert before[i].get_title() == f"neuron {100 + i}"
        pair = data["encoders_before"].values[i], data["encoders_after"].values[i]
        largest = np.abs(pair).max()
        assert after[i].get_xlabel() == f"±{largest:.2g}"
        for axes, encoder in zip((before[i], after[i]), pair):
            assert np.array_equal(image(axes).get_array(), encoder)
            assert image(axes).get_clim() == (-largest, largest)
        top, bottom = before[i].get_position(), after[i].get_position()
        assert top.y0 > bottom.y1 and np.isclose(top.x0, bottom.x0)
    assert before[0].get_ylabel() == "before" and after[0].get_ylabel() == "after"
    assert bar.get_ylabel().startswith("Weight") and bar.get_ylim() == (-1, 1)


def test_signs_of_weights_stand_out_equally(shown):
    colours = image(plots.encoder_images(shown).axes[0]).cmap
    assert lightness(colours(0.5)) > 0.95
    below, above = lightness(colours(0.2)), lightness(colours(0.8))
    assert abs(below - above) < 0.15
    assert colours(0.2)[2] > colours(0.2)[0] and colours(0.8)[0] > colours(0.8)[2]


def test_encoders_without_weights(shown):
    data = shown * 0
    data.attrs = shown.attrs
    figure = plots.encoder_images(data)
    as_image(figure)
    assert image(figure.axes[0]).get_clim() == (-1, 1)
