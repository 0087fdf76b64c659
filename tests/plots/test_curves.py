import numpy as np
import pytest
import xarray as xr
from looking import (
    CONDITIONS,
    EPOCHS,
    NORMALIZATIONS,
    RULES,
    as_image,
    lines_by_label,
)

from nengo_fa import palette, plots


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
    for rule, color in zip(RULES, (palette.LEARNED, palette.BACKPROP)):
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


def get_baseline(axes):
    """Return the value at which the baseline is drawn, and its label."""
    (line,) = [line for line in axes.lines if len(line.get_ydata()) == 2]
    (text,) = axes.texts
    assert text.xy[1] == line.get_ydata()[0] == line.get_ydata()[1]
    return line.get_ydata()[0], text.get_text()


def test_classification_curves(classification):
    figure = plots.classification_curves(classification)
    legend, *panels = figure.axes
    assert [axes.get_ylabel() for axes in panels] == [
        "RMSE of the output",
        "Misclassified images (%)",
        r"Mean $|\vec p|$",
    ]
    percent = classification.assign(test_error=100 * classification["test_error"])
    for name, axes in zip(("rmse", "test_error", "encoder_length"), panels):
        check_medians(axes, percent, name)
        assert axes.get_xlabel() == "Epoch"
    assert [axes.get_yscale() for axes in panels] == ["log", "log", "linear"]

    rmse = classification["baseline_rmse"].median().item()
    error = 100 * classification["baseline_error"].median().item()
    for axes, value, label in zip(panels, (rmse, error), ("{:.3f}", "{:.1f} %")):
        drawn, text = get_baseline(axes)
        assert np.isclose(drawn, value) and text == label.format(value)
        low, high = axes.get_ylim()
        assert low < value < high
    assert not panels[2].texts
    entries = [text.get_text() for text in legend.get_legend().get_texts()]
    assert len(entries) == 7 and "quartiles of 8 trials" in entries
    assert "well-chosen fixed encoders" in entries
    as_image(figure)
    box = legend.get_legend().get_window_extent()
    assert all(not axes.get_window_extent().overlaps(box) for axes in panels)


def test_classification_looks_like_learning(classification, curves):
    """A condition has the same colour, line and marker in both figures."""
    styles = []
    for figure in (
        plots.classification_curves(classification),
        plots.learning_curves(curves),
    ):
        lines = figure.axes[1].lines[:12]  # without the baseline
        styles.append([(n.get_color(), n._dash_pattern, n.get_marker()) for n in lines])
    assert styles[0] == styles[1]


def test_baseline_is_labelled_away_from_the_curves(classification):
    figure = plots.classification_curves(classification)
    as_image(figure)
    for axes, other in zip(figure.axes[1:3], figure.axes[2:4]):
        (text,) = axes.texts
        box = text.get_window_extent()
        assert axes.get_window_extent().x1 <= box.x0
        assert box.x1 <= other.get_window_extent().x0
        low, high = axes.get_ylim()
        assert low < text.xy[1] < high


def test_learning_rates_are_those_that_were_measured(by_rate):
    for axes in plots.sensitivity(by_rate).axes[1:]:
        shown = [float(tick.get_text()) for tick in axes.get_xticklabels()]
        assert np.allclose(shown, by_rate["learning_rate"])
        assert axes.xaxis.get_minorticklocs().size == 0


@pytest.mark.parametrize("low", [0.9, 0.3, 0.04, 0.001])
def test_logarithmic_axes_have_labels_in_plain_numbers(classification, low):
    """Whatever the range; a power of ten need not be among it."""
    decay = xr.DataArray(np.geomspace(0.2, 0.2 * low, EPOCHS), dims="epoch")
    classification["test_error"] = 0 * classification["test_error"] + decay
    figure = plots.classification_curves(classification)
    as_image(figure)
    axes = figure.axes[2]
    bottom, top = axes.get_ylim()
    shown = [
        tick.label1.get_text()
        for tick in axes.yaxis.get_major_ticks()
        if bottom <= tick.get_loc() <= top
    ]
    assert 3 <= len(shown) <= 12
    assert all(float(label) > 0 for label in shown)
    assert axes.yaxis.get_minorticklocs().size == 0


def test_an_error_of_zero_is_shown(classification):
    classification["test_error"][{"epoch": -1}] = 0
    axes = plots.classification_curves(classification).axes[2]
    assert axes.get_yscale() == "linear" and axes.get_ylim()[0] <= 0


def test_classification_in_one_trial(classification):
    figure = plots.classification_curves(classification.isel(trial=[0]))
    check_medians(figure.axes[1], classification.isel(trial=[0]), "rmse")
    value, _ = get_baseline(figure.axes[1])
    assert np.isclose(value, classification["baseline_rmse"][0])
    entries = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert "quartiles of 1 trial" in entries
    as_image(figure)


def test_classification_without_a_trial(classification):
    for name in classification.data_vars:
        classification[name][:] = np.nan
    figure = plots.classification_curves(classification)
    as_image(figure)
    assert not any(axes.texts for axes in figure.axes)


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


def test_sensitivity_of_classification(by_rate):
    data = by_rate.rename(angle="test_error")
    for name, value in (("rmse", 0.02), ("error", 0.5)):
        data[f"baseline_{name}"] = "trial", np.full(data.sizes["trial"], value)
    legend, *panels = plots.sensitivity(data).axes
    assert [axes.get_ylabel() for axes in panels] == [
        "RMSE of the output",
        "Misclassified images (%)",
    ]
    in_percent = data.assign(test_error=100 * data["test_error"])
    for name, axes, low in zip(("rmse", "test_error"), panels, (0.02, 50)):
        check_medians(axes, in_percent, name)
        assert any(np.allclose(line.get_ydata(), low) for line in axes.lines)
    entries = [text.get_text() for text in legend.get_legend().get_texts()]
    assert "well-chosen fixed encoders" in entries


def test_sensitivity_counts_what_there_is(by_rate):
    """A trial that has no result at one learning rate counts at the others."""
    by_rate["rmse"][{"learning_rate": -1, "trial": slice(0, 2)}] = np.nan
    axes = plots.sensitivity(by_rate).axes[1]
    for (rule, normalization), label in CONDITIONS:
        values = by_rate["rmse"].sel(rule=rule, normalization=normalization)
        median = lines_by_label(axes)[label].get_ydata()
        assert np.allclose(median, values.median("trial"))
