import numpy as np
from looking import as_image, lines_by_label

from nengo_fa import plots

LABELS = {
    "backprop": "backpropagation",
    "direct": "direct feedback alignment",
    "last layer": "only the last layer",
}


def test_errors_and_angles_by_depth(by_depth):
    figure = plots.depth(by_depth)
    legend, errors, angles = figure.axes
    measured = by_depth.dropna("trial").transpose("trial", ...)
    for axes, name, factor in (
        (errors, "test_error", 100),
        (angles, "alignment", 1),
    ):
        lines = lines_by_label(axes)
        for variant, label in LABELS.items():
            if name == "alignment" and variant == "last layer":
                assert label not in lines
                continue
            expected = factor * measured[name].sel(variant=variant).median("trial")
            assert np.allclose(lines[label].get_ydata(), expected)
            assert np.array_equal(lines[label].get_xdata(), by_depth["depth"])
        shown = [text.get_text() for text in axes.get_xticklabels()]
        assert shown == ["1", "2", "3", "5", "8"]
    untaught = lines_by_label(errors)["before learning"]
    expected = 100 * measured["untaught_error"].median("trial")
    assert np.allclose(untaught.get_ydata(), expected)
    entries = [text.get_text() for text in legend.get_legend().get_texts()]
    assert len(entries) == 8 and "quartiles of 8 trials" in entries
    as_image(figure)
    box = legend.get_legend().get_window_extent()
    assert all(not axes.get_window_extent().overlaps(box) for axes in (errors, angles))
