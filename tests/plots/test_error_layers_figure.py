import numpy as np

from nengo_fa import plots


def test_error_layers_shows_the_data(layered_errors):
    data = layered_errors
    panels = plots.error_layers(data).axes
    assert len(panels) == 4
    ratio = data["rmse"] / data["rmse_fixed"]
    places = [(c, m) for c in ("node", "population") for m in ("online", "solved")]
    for letter, (carrier, measure), axes in zip("abcd", places, panels):
        title = axes.get_title("left")
        assert title.startswith(f"({letter})") and carrier in title
        curves = {curve.get_label(): curve for curve in axes.containers}
        for name, way in (
            ("only last layer learns", "last layer"),
            ("direct", "direct"),
            ("relayed", "relayed"),
            ("relayed, traces", "traces"),
        ):
            line, _, (bars,) = curves.pop(name)
            values = ratio.sel(measure=measure, carrier=carrier, way=way)
            assert np.allclose(line.get_ydata(), values.median("trial"))
            ends = np.array([bar[:, 1] for bar in bars.get_segments()])
            assert np.allclose(ends[:, 0], values.quantile(0.25, "trial"))
            assert np.allclose(ends[:, 1], values.quantile(0.75, "trial"))
        assert not curves
    for axes in panels[2:]:
        assert axes.get_xlabel().endswith("(ms)")
        ticks = [text.get_text() for text in axes.get_xticklabels()]
        assert ticks == [f"{delay}" for delay in data["delay"].values]
