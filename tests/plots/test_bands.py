import numpy as np
import pytest
import xarray as xr
from looking import as_image, fits_page

from nengo_fa import plots
from nengo_fa.rules.teach_chain import VARIANTS

TAUGHT = ["first", "second", "both"]


@pytest.fixture
def points(rng):
    x = rng.uniform(-1, 1, size=(40, 2))
    label = (x[:, 0] * x[:, 1] < 0).astype(int)
    return xr.Dataset(
        {"x": (("sample", "dimension"), x), "label": ("sample", label)},
        attrs={"n_bands": 2},
    )


@pytest.fixture
def learned(rng):
    """Nine trials, of which one has not been run."""
    shape = len(VARIANTS), 2, 3, 9, 11
    values = rng.uniform(0.1, 0.5, size=shape)
    values[:, :, :, 4] = np.nan
    dims = "variant", "connectivity", "taught", "trial", "epoch"
    return xr.Dataset(
        {"test_error": (dims, values), "alignment": (dims, values - 0.3)},
        {
            "variant": list(VARIANTS),
            "connectivity": ["full", "limited"],
            "taught": TAUGHT,
            "epoch": np.arange(11),
        },
    )


@pytest.fixture
def taught(rng):
    axis = np.linspace(-0.9, 0.9, 10)
    values = rng.randn(len(VARIANTS), 10, 10) * np.arange(5)[:, None, None]
    return xr.Dataset(
        {
            "taught": (("variant", "x2", "x1"), values),
            "mean": (("variant", "x1"), values.mean(axis=1)),
        },
        {"variant": list(VARIANTS), "x1": axis, "x2": axis},
        {"n_bands": 4},
    )


def test_bands(points):
    """Each class is drawn at its place, and can be distinguished without colours."""
    figure = plots.bands(points)
    as_image(figure)
    (axes,) = figure.axes
    full, empty = axes.collections
    for label, drawn in enumerate((full, empty)):
        expected = points.x.values[points.label.values == label]
        np.testing.assert_array_equal(drawn.get_offsets(), expected)
    assert len(full.get_facecolor()) and not len(empty.get_facecolor())
    assert [line.get_xdata()[0] for line in axes.lines] == [0, 0]  # two edges
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["class 0", "class 1"]


@pytest.mark.parametrize("name, factor", [("test_error", 100), ("alignment", 1)])
def test_variants(learned, name, factor):
    figure = plots.variants(learned, name)
    as_image(figure)
    assert fits_page(figure)
    panels = np.reshape(figure.axes, (2, 3))
    styles = set()
    for row, connectivity in zip(panels, learned.connectivity.values):
        assert connectivity in row[0].get_ylabel().lower()
        for axes, which in zip(row, TAUGHT):
            for line in axes.lines[::2]:
                styles.add((line.get_color(), str(line.get_linestyle())))
            for variant in VARIANTS:
                measure = learned[name].sel(
                    variant=variant, connectivity=connectivity, taught=which
                )
                line = axes.lines[2 * list(VARIANTS).index(variant)]
                expected = factor * np.nanmedian(measure, axis=0)
                np.testing.assert_allclose(line.get_ydata(), expected)
    assert len(styles) == len(VARIANTS)
    assert [axes.get_title("left") for axes in panels[0]] == [
        "First layer learns",
        "Second layer learns",
        "Both layers learn",
    ]
    (legend,) = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert len(shown) == len(VARIANTS) + 1
    assert shown[-1] == "quartiles of 8 trials"


def test_taught_fields(taught):
    """In multiples of the root mean square; a variant that teaches nothing is empty."""
    figure = plots.taught_fields(taught)
    as_image(figure)
    above, below = np.reshape(figure.axes[:10], (2, 5))
    for i in range(5):
        (image,) = above[i].images
        field = np.array(image.get_array())
        expected = taught.taught.values[i]
        if i == 0:
            assert not field.any()
        else:
            assert np.sqrt(np.mean(field**2)) == pytest.approx(1)
            assert np.corrcoef(field.ravel(), expected.ravel())[0, 1] > 0.999
        assert image.get_clim() == above[0].images[0].get_clim()
        mean = below[i].lines[1].get_ydata()
        np.testing.assert_allclose(mean, field.mean(axis=0), atol=1e-12)
    assert len({axes.get_title() for axes in above}) == 5
    assert below[0].get_ylabel() == "Mean over $x_2$"
    assert figure.axes[-1].get_ylabel() == "Error / RMS"
