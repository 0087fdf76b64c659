import numpy as np

from nengo_fa import plots


def test_error_populations_shows_the_data(late_errors):
    data = late_errors
    panels = plots.error_populations(data).axes
    assert len(panels) == 2
    ratio = data["rmse"] / data["rmse_fixed"]
    for letter, measure, axes in zip("ab", ("online", "solved"), panels):
        assert axes.get_title("left").startswith(f"({letter})")
        assert axes.get_xlabel().endswith("(ms)")
        ticks = [text.get_text() for text in axes.get_xticklabels()]
        assert ticks == [f"{delay}" for delay in data["delay"].values]

        curves = {curve.get_label(): curve for curve in axes.containers}
        for carrier in ("node", "population"):
            for trace, name in ("none", "no trace"), ("matched", "trace"):
                line, _, (bars,) = curves.pop(f"{carrier}, {name}")
                values = ratio.sel(measure=measure, carrier=carrier, trace=trace)
                assert np.allclose(line.get_ydata(), values.median("trial"))
                ends = np.array([bar[:, 1] for bar in bars.get_segments()])
                assert np.allclose(ends[:, 0], values.quantile(0.25, "trial"))
                assert np.allclose(ends[:, 1], values.quantile(0.75, "trial"))
        assert not curves
