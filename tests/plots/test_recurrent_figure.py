import numpy as np

from nengo_fa import plots


def test_recurrent_shows_the_data(patterns):
    left, right = plots.recurrent(patterns).axes
    after = patterns["rmse"].sel(measure="after")
    fixed, learned = (
        part.isel(condition=np.argmin(part.median("trial").values))
        for part in (after.isel(condition=[0, 1]), after.isel(condition=[2, 3]))
    )
    trial = np.argsort((learned / fixed).values)[2]
    shown = patterns.isel(trial=trial)
    expected = [
        shown["target"],
        *(shown["output"].sel(condition=it["condition"]) for it in (fixed, learned)),
    ]
    assert len(left.lines) == len(expected)
    for line, values in zip(left.lines, expected):
        np.testing.assert_array_equal(line.get_ydata(), values)

    names = [label.get_text() for label in right.get_yticklabels()]
    assert names == list(patterns["condition"].values)
    medians = [curve[0].get_xdata() for curve in right.containers]
    expected = patterns["rmse"].median("trial").values
    np.testing.assert_allclose(np.concatenate(medians), expected.ravel())


def test_through_time_shows_the_data(exact_gradients):
    (axes,) = plots.through_time(exact_gradients).axes
    medians = exact_gradients["rmse"].median("trial").transpose("rule", "task").values
    shown = [container[0].get_ydata() for container in axes.containers]
    np.testing.assert_allclose(shown, medians)
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == list(exact_gradients["task"].values)
