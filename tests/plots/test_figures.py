import io

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

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


# What the figures show; small, of the shapes and the gaps of the real thing.

EPOCHS = 21
RULES = ["FeedbackAlignment", "Backprop"]
NORMALIZATIONS = ["none", "forced", "augmented"]
CONDITIONS = [
    ((rule, normalization), f"{name}, {how}")
    for rule, name in zip(RULES, ["feedback alignment", "backpropagation"])
    for normalization, how in zip(
        NORMALIZATIONS,
        ["no normalization", "forced normalization", "augmented gradient"],
    )
]


@pytest.fixture
def fields():
    """A neuron on the way to a diagonal, and what it learns from."""
    axis = np.linspace(-1, 1, 31)
    x1, x2 = np.meshgrid(axis, axis)
    outside = np.hypot(x1, x2) > 1
    angle = np.array([1.5, 1.2, 1.0, 0.9])
    encoders = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    projected = np.einsum("id,dyx->iyx", encoders[:-1], np.stack([x1, x2]))
    activities = np.maximum(projected - 0.2, 0)
    error = np.array([1, 0.6, 0.4])[:, None, None] * (0.3 * projected**2 - x1 * x2)
    grid = ("iteration", "x2", "x1")
    vectors = ("iteration", "dimension")
    return xr.Dataset(
        {
            "activities": (grid, np.where(outside, np.nan, activities)),
            "projected_error": (grid, np.where(outside, np.nan, error)),
            "gated_error": (grid, np.where(outside, np.nan, error * (activities > 0))),
            "encoders": (vectors, encoders[:-1]),
            "update": (vectors, np.diff(encoders, axis=0)),
        },
        {"x1": axis, "x2": axis, "iteration": [1, 2, 3]},
    )


@pytest.fixture
def neurons(fields):
    """Two tuning curves, in hertz."""
    return xr.Dataset(
        {
            "rates": (("neuron", "x2", "x1"), 120 * fields["activities"].values[:2]),
            "preferred_directions": (
                ("neuron", "dimension"),
                [[np.sqrt(0.5), -np.sqrt(0.5)], [0.6, 0.8]],
            ),
            "gain": ("neuron", [np.sqrt(2), 5.0]),
            "bias": ("neuron", [1.0, -1.5]),
        },
        {name: fields[name] for name in ("x1", "x2")},
    )


@pytest.fixture
def movement(rng):
    encoders = rng.randn(4, 6, 2)
    encoders /= np.linalg.norm(encoders, axis=-1, keepdims=True)
    return xr.Dataset(
        {
            "encoders": (("epoch", "neuron", "dimension"), encoders),
            "angle": ("epoch", [0.39, 0.3, 0.2, 0.123]),
        },
        {"epoch": [0, 10, 30, 100]},
    )


def make_measures(rng, dimension, values):
    """Measures of 9 trials, of which one has not been run."""
    dims = "rule", "normalization", "trial", dimension
    noise = rng.uniform(0.9, 1.1, size=(2, 3, 9, len(values)))
    noise[:, :, 4] = np.nan
    decay = np.linspace(1, 0.5, len(values))
    length = np.ones_like(noise) + 0 * noise
    length[:, 0] *= np.linspace(1, 2, len(values)) ** 0.5
    return xr.Dataset(
        {
            "rmse": (dims, 0.1 * noise * decay),
            "angle": (dims, 0.39 * noise * decay),
            "encoder_length": (dims, length),
        },
        {"rule": RULES, "normalization": NORMALIZATIONS, dimension: values},
    )


@pytest.fixture
def curves(rng):
    return make_measures(rng, "epoch", np.arange(EPOCHS))


@pytest.fixture
def by_rate(rng):
    return make_measures(rng, "learning_rate", [0.3, 1.0, 3.0, 10.0, 30.0])


FIGURES = [
    (plots.tuning_curves, "neurons"),
    (plots.iterations, "fields"),
    (plots.encoder_movement, "movement"),
    (plots.learning_curves, "curves"),
    (plots.sensitivity, "by_rate"),
]


@pytest.fixture(params=FIGURES, ids=lambda figure: figure[0].__name__)
def drawn(request):
    plot, name = request.param
    return plot, request.getfixturevalue(name)


def as_image(figure):
    file = io.BytesIO()
    figure.savefig(file, format="rgba", dpi=60)
    return file.getvalue()


def texts(axes):
    shown = [text for text in axes.findobj(Text) if text.get_text().strip()]
    return [text for text in shown if text.get_visible()]


def lines_by_label(axes):
    return {line.get_label(): line for line in axes.lines}


def image(axes):
    (image,) = axes.images
    return image


def arrow_tips(axes):
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    return [text.xy for text in arrows]


def test_figures_fit_a_page(drawn):
    plot, data = drawn
    figure = plot(data)
    assert isinstance(figure, Figure)
    assert figure.get_figwidth() in (3.5, 7)
    as_image(figure)
    assert min(text.get_fontsize() for text in texts(figure)) >= 8
    box, page = figure.get_tightbbox(), figure.bbox_inches
    assert page.x0 <= box.x0 < box.x1 <= page.x1
    assert page.y0 <= box.y0 < box.y1 <= page.y1


def test_figures_take_dimensions_by_name(drawn):
    plot, data = drawn
    swapped = data.transpose(*reversed(list(data.sizes)))
    assert as_image(plot(swapped)) == as_image(plot(data))


def test_figures_leave_data_and_style_alone(drawn):
    plot, data = drawn
    before, style = data.copy(deep=True), dict(matplotlib.rcParams)
    plot(data)
    xr.testing.assert_identical(data, before)
    assert dict(matplotlib.rcParams) == style


@pytest.mark.parametrize("figure", [FIGURES[0], FIGURES[3]], ids=["image", "lines"])
def test_save(figure, request, tmp_path, capfd):
    plot, data = figure[0], request.getfixturevalue(figure[1])
    paths = plots.save(plot(data), tmp_path / "rate-0.3")
    assert paths == (tmp_path / "rate-0.3.pdf", tmp_path / "rate-0.3.png")
    pdf, png = (path.read_bytes() for path in paths)
    assert pdf.startswith(b"%PDF") and b"CreationDate" not in pdf
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 200 * plot(data).get_figwidth()

    again = plots.save(plot(data), str(tmp_path / "again"))
    assert [path.read_bytes() for path in again] == [pdf, png]
    assert capfd.readouterr() == ("", "")


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
    """Where the disc ends between two points of the grid, no gap is left."""
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
        assert np.array_equal(lines["current"].get_xydata(), encoders[i])
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


def check_medians(axes, data, name):
    """Lines are medians, and bands quartiles, over the trials without NaN."""
    lines = lines_by_label(axes)
    for i, ((rule, normalization), label) in enumerate(CONDITIONS):
        values = data[name].sel(rule=rule, normalization=normalization)
        values = values.dropna("trial", how="any")
        values = values.transpose("trial", ...).values
        assert np.allclose(lines[label].get_ydata(), np.median(values, axis=0))
        band = axes.collections[i].get_paths()[0].vertices
        for quantile in (0.25, 0.75):
            for expected in np.quantile(values, quantile, axis=0):
                assert np.isclose(band[:, 1], expected).any()


def test_learning_curves(curves):
    figure = plots.learning_curves(curves)
    legend, *panels = figure.axes
    assert [axes.get_ylabel() for axes in panels] == [
        "RMSE of the product",
        "Mean angle (rad)",
        r"Mean $|\vec p|$",
    ]
    for name, axes in zip(("rmse", "angle", "encoder_length"), panels):
        check_medians(axes, curves, name)
        assert axes.get_xlabel() == "Epoch"
        assert axes.get_title(loc="left").startswith("(")
    entries = [text.get_text() for text in legend.get_legend().get_texts()]
    assert len(entries) == 6 and "quartiles of 8 trials" in entries
    as_image(figure)
    box = legend.get_legend().get_window_extent()
    assert all(not axes.get_window_extent().overlaps(box) for axes in panels)


def test_rules_have_colours_and_normalizations_lines(curves):
    lines = lines_by_label(plots.learning_curves(curves).axes[1])
    styles = {
        condition: (lines[label].get_color(), lines[label]._dash_pattern)
        for condition, label in CONDITIONS
    }
    for rule, color in zip(RULES, (plots.LEARNED, plots.FIXED)):
        for normalization in NORMALIZATIONS:
            assert styles[rule, normalization][0] == color
    assert len({(c, str(dash)) for c, dash in styles.values()}) == 6


def test_coinciding_lines_show_all_of_their_markers(curves):
    curves["encoder_length"][:] = 1
    axes = plots.learning_curves(curves).axes[3]
    markers = [line for line in axes.lines if line.get_marker() != "None"]
    lines = [line for line in axes.lines if line.get_marker() == "None"]
    places = [
        set(range(m.get_markevery()[0], EPOCHS, m.get_markevery()[1])) for m in markers
    ]
    assert len(places) == 6 and not set.intersection(*places)
    assert min(map(len, places)) >= 3
    lowest_marker = min(line.get_zorder() for line in markers)
    assert lowest_marker > max(line.get_zorder() for line in lines)


@pytest.mark.parametrize("growth, scale", [(1.2, "linear"), (50.0, "log")])
def test_scale_of_lengths(curves, growth, scale):
    curves["encoder_length"] = curves["encoder_length"] * xr.where(
        curves["normalization"] == "none", growth, 1.0
    )
    figure = plots.learning_curves(curves)
    as_image(figure)
    assert figure.axes[3].get_yscale() == scale
    assert figure.axes[1].get_yscale() == "linear"


def test_trials_that_end_early_do_not_count(curves):
    whole = plots.learning_curves(curves.isel(trial=slice(1, None))).axes[1]
    for name in curves.data_vars:
        curves[name][{"trial": 0, "epoch": slice(5, None)}] = np.nan
    figure = plots.learning_curves(curves)
    for label, line in lines_by_label(whole).items():
        drawn = lines_by_label(figure.axes[1])[label]
        assert np.array_equal(drawn.get_ydata(), line.get_ydata())
    entries = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert "quartiles of 7 trials" in entries


@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")
@pytest.mark.parametrize("missing", [{}, {"rule": 0}, {"normalization": 1}])
def test_nothing_to_draw_yet(curves, by_rate, missing):
    for plot, data in (plots.learning_curves, curves), (plots.sensitivity, by_rate):
        for name in data.data_vars:
            data[name][missing] = np.nan
        figure = plot(data)
        as_image(figure)
        entries = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        number = "0 to 8" if missing else "0"
        assert f"quartiles of {number} trials" in entries


def test_sensitivity(by_rate):
    # the lowest is not at an end
    by_rate["rmse"][{"learning_rate": 2}] *= 0.5
    legend, *panels = plots.sensitivity(by_rate).axes
    assert [axes.get_ylabel() for axes in panels] == [
        "RMSE of the product",
        "Mean angle (rad)",
    ]
    for name, axes, lowest in zip(("rmse", "angle"), panels, (2, 4)):
        check_medians(axes, by_rate, name)
        assert axes.get_xscale() == "log"
        assert axes.get_xlabel() == "Learning rate (per update)"
        markers = [line for line in axes.lines if line.get_marker() != "None"]
        assert [line.get_markevery() for line in markers] == 6 * [[lowest]]
        for marker, (_, label) in zip(markers, CONDITIONS):
            line = lines_by_label(axes)[label]
            assert np.array_equal(marker.get_xydata(), line.get_xydata())
            assert np.argmin(line.get_ydata()) == lowest
    entries = [text.get_text() for text in legend.get_legend().get_texts()]
    assert "lowest median" in entries


def test_sensitivity_counts_what_there_is(by_rate):
    """A trial that has no result at one learning rate counts at the others."""
    by_rate["rmse"][{"learning_rate": -1, "trial": slice(0, 2)}] = np.nan
    axes = plots.sensitivity(by_rate).axes[1]
    for (rule, normalization), label in CONDITIONS:
        values = by_rate["rmse"].sel(rule=rule, normalization=normalization)
        median = lines_by_label(axes)[label].get_ydata()
        assert np.allclose(median, values.median("trial"))
