import numpy as np
import pytest
from looking import arrow_tips, as_image, image, lines_by_label
from matplotlib.colors import to_rgb

from nengo_fa import plots


def test_tuning_curves(neurons):
    *panels, bar = plots.tuning_curves(neurons).axes
    assert len(panels) == 2
    assert bar.get_ylabel() == "Firing rate (Hz)"
    for i, axes in enumerate(panels):
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("$x_1$", "$x_2$")
        shown, rates = image(axes).get_array(), neurons["rates"].values[i]
        known = ~np.isnan(rates)
        assert np.array_equal(shown[known], rates[known])
        assert image(axes).get_clim() == (0, neurons["rates"].max())
        (tip,) = arrow_tips(axes)
        assert np.array_equal(tip, neurons["preferred_directions"][i])
    first, second = (axes.get_title() for axes in panels)
    assert "0.71" in first and "-0.71" in first
    assert r"\alpha = 1.41" in first and r"\beta = 1" in first
    assert r"\alpha = 5" in second and r"\beta = -1.5" in second

    silent, full = image(panels[0]).cmap([0.0, 1.0])[:, :3]
    assert np.all(silent == 1)
    assert full[2] > full[0] and full.mean() < 0.3


@pytest.mark.parametrize("n_neurons", [1, 3, 5])
def test_tuning_curves_of_other_numbers(neurons, n_neurons):
    data = neurons.isel(neuron=np.arange(n_neurons) % 2)
    figure = plots.tuning_curves(data)
    as_image(figure)
    assert len(figure.axes) == n_neurons + 1


def test_fields_reach_the_rim(neurons):
    """There is no gap if the disc ends between two points of the grid."""
    neurons["rates"] = neurons["rates"] * 0 + 100
    axes = plots.tuning_curves(neurons).axes[0]
    # all four points around each point of the disc have a value
    grid, values = neurons["x1"].values, image(axes).get_array()
    for angle in np.linspace(0, 2 * np.pi, 100):
        column = np.searchsorted(grid, np.cos(angle)) - 1
        row = np.searchsorted(grid, np.sin(angle)) - 1
        around = values[max(row, 0) : row + 2, max(column, 0) : column + 2]
        assert np.all(around == 100)


def test_iterations(fields):
    figure = plots.iterations(fields)
    panels, bars = np.reshape(figure.axes[:9], (3, 3)), figure.axes[9:]
    names = "activities", "projected_error", "gated_error"
    for name, column in zip(names, panels.T):
        for axes, values in zip(column, fields[name].values):
            known = ~np.isnan(values)
            assert np.array_equal(image(axes).get_array()[known], values[known])
        assert len({image(axes).get_clim() for axes in column}) == 1
        assert column[0].get_title() and column[-1].get_xlabel() == "$x_1$"
    for column in panels.T[1:]:
        low, high = image(column[0]).get_clim()
        assert low == -high
        assert image(column[0]).cmap(0.5) == (1, 1, 1, 1)
    assert len(bars) == 3 and all(bar.get_xlabel() for bar in bars)
    for number, axes in enumerate(panels[:, 0], 1):
        assert axes.get_ylabel().startswith(f"Iteration {number}")
    for axes in panels.flat:  # diagonals
        assert [line.get_linestyle() for line in axes.lines] == [":", ":"]

    (encoders,) = zip(*(arrow_tips(axes) for axes in panels[:, 0]))
    assert np.array_equal(encoders, fields["encoders"])
    assert not any(arrow_tips(axes) for axes in panels[:, 1])
    (update,) = zip(*(arrow_tips(axes) for axes in panels[:, 2]))
    scale = np.array(update) / fields["update"].values
    assert np.allclose(scale, scale[0, 0]) and scale[0, 0] > 0
    assert 0.5 < np.linalg.norm(update, axis=1).max() <= 1
    for axes, change in zip(panels[:, 2], fields["update"].values):
        length = f"{np.linalg.norm(change):.2g}"
        assert any(length in text.get_text() for text in axes.texts)


def test_iterations_with_a_peak(fields):
    """A single large error does not take the colours from all others."""
    plain = plots.iterations(fields).axes
    assert image(plain[2]).get_clim()[1] == np.abs(fields["gated_error"]).max()
    assert image(plain[8]).colorbar.extend == "neither"
    fields["gated_error"][0, 20, 15] = 50.0
    peak = plots.iterations(fields).axes
    assert image(peak[2]).get_clim()[1] < 1
    assert image(peak[8]).colorbar.extend in ("max", "both")


def test_iterations_of_a_neuron_that_does_not_learn(fields):
    fields["update"][:] = 0
    fields["gated_error"] = 0 * fields["gated_error"]
    figure = plots.iterations(fields)
    as_image(figure)
    assert not any(arrow_tips(axes) for axes in figure.axes[2:9:3])


def test_encoder_movement(movement):
    panels = plots.encoder_movement(movement).axes
    assert len(panels) == 4
    for i, axes in enumerate(panels):
        lines = lines_by_label(axes)
        encoders = movement["encoders"].values
        assert np.array_equal(lines["at this epoch"].get_xydata(), encoders[i])
        if i == 0:
            assert "start" not in lines
        else:
            assert np.array_equal(lines["start"].get_xydata(), encoders[0])
            red, green, blue = to_rgb(lines["start"].get_color())
            assert red == green == blue
        angle = float(movement["angle"][i])
        assert f"Epoch {int(movement['epoch'][i])}\n" in axes.get_title()
        assert f"= {angle:.2f}$ rad" in axes.get_title()
        assert axes.get_xlabel() == "$x_1$"
        assert axes.get_xlim() == panels[0].get_xlim()
    assert panels[0].get_ylabel() == "$x_2$"
