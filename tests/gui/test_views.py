"""Views draw their elements at the places in the arrays."""

import base64
import io
import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nengo.exceptions import ValidationError
from PIL import Image

from nengo_fa.geometry import angle_to_axes, disc
from nengo_fa.gui import views

LIMIT = 5000  # bytes
NAMESPACE = "{http://www.w3.org/2000/svg}"
# the most that escaping makes of a character
HARMFUL = "&" * 100


def read(html):
    """Return the document as XML, after checks that apply to all views."""
    assert len(html.encode()) < LIMIT
    root = ElementTree.fromstring(html)
    assert root.tag == NAMESPACE + "svg"
    assert root.get("viewBox").startswith("0 0 300 ")
    assert all("id" not in element.attrib for element in root.iter())
    assert float(root.get("font-size")) >= 9
    for size in (element.get("font-size") for element in root.iter()):
        assert size is None or float(size) >= 9
    return root


def read_json(root, name):
    return json.loads(root.get(f"data-{name}"))


def find(root, part):
    return [e for e in root.iter() if e.get("data-part") == part]


def words(root):
    return [element.text for element in root.iter(NAMESPACE + "text")]


def frame(root, index=0):
    """Left, right, lower and upper side of a frame in pixels."""
    rect = find(root, "frame")[index]
    x, y, width, height = (float(rect.get(k)) for k in ("x", "y", "width", "height"))
    return x, x + width, y + height, y


def coordinates(root, path):
    """The points of a path, as one reads them off the numbers at the axes."""
    pixels = re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path.get("d"))
    below, beside = (
        [e for e in group if re.fullmatch(r"−?[\d.]+", e.text)]
        for group in root.findall(NAMESPACE + "g")[:2]
    )
    columns = []
    for pixel, ticks, name in zip(zip(*pixels), (below, beside), "xy"):
        at = [float(tick.get(name)) for tick in ticks]
        numbers = [float(tick.text.replace("−", "-")) for tick in ticks]
        # numbers stand a little below what they name
        shift = 3.5 if name == "y" else 0
        slope, offset = np.polyfit(np.array(at) - shift, numbers, 1)
        columns.append(slope * np.array(pixel, dtype=float) + offset)
    return np.transpose(columns)


def read_image(element):
    """Red, green, blue and opacity (n_rows, n_columns, 4), lowest row first."""
    data = element.get("href").partition("base64,")[2]
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    return np.array(image.convert("RGBA"))[::-1].astype(int)


def make_encoders(rng, n_neurons=50):
    angle = rng.uniform(0, 2 * np.pi, n_neurons)
    return np.transpose([np.cos(angle), np.sin(angle)])


def draw_directions(rng, n_neurons=50, **changes):
    arguments = {
        "start": make_encoders(rng, n_neurons),
        "now": make_encoders(rng, n_neurons),
        "chosen": 2,
        "error_direction": [-0.5],
        "point": (0.3, -0.6),
        **changes,
    }
    return arguments, read(views.preferred_directions(**arguments))


PIXEL = 2.8 / 220


def test_encoders_are_drawn_where_they_are(rng, allclose):
    arguments, root = draw_directions(rng)
    for part in ("start", "now"):
        (path,) = find(root, part)
        others = np.delete(arguments[part], 2, axis=0)
        assert allclose(coordinates(root, path), others, atol=PIXEL / 5)
        (chosen,) = find(root, f"chosen-{part}")
        origin, end = coordinates(root, chosen)
        assert allclose(origin, 0, atol=PIXEL / 5)
        assert allclose(end, arguments[part][2], atol=PIXEL / 5)
    start, now = (find(root, part)[0] for part in ("start", "now"))
    assert start.get("stroke") != now.get("stroke")


def test_rays_end_at_encoders(rng, allclose):
    _, root = draw_directions(rng)
    (rays,) = [e for e in root.iter() if e.get("d", "").count("z") == 49]
    x, y, *ends = map(float, re.findall(r"-?[\d.]+", rays.get("d")))
    (dots,) = find(root, "now")
    dots = re.findall(r"M([-\d.]+) ([-\d.]+)h0", dots.get("d"))
    expected = np.array(dots, dtype=float) - (x, y)
    assert allclose(np.reshape(ends, (-1, 2)), expected, atol=0.11)


def test_input_is_a_cross_within_the_axes(rng, allclose):
    for point, expected in (((0.3, -0.6), (0.3, -0.6)), ((9, -0.6), (1.4, -0.6))):
        _, root = draw_directions(rng, point=point)
        (cross,) = find(root, "point")
        x, y = map(float, re.match(r"M([\d.]+) ([\d.]+)", cross.get("d")).groups())
        left, right, lower, upper = frame(root)
        middle = (x + 4 - left) / (right - left), (lower - y - 4) / (lower - upper)
        assert allclose(2.8 * np.array(middle) - 1.4, expected, atol=PIXEL)
        assert allclose(read_json(root, "point"), point)
    _, root = draw_directions(rng, point=(np.nan, 0))
    assert not find(root, "point")


@pytest.mark.parametrize("factor", [1.5, 1e9])
def test_long_encoders_are_drawn_at_a_limit(rng, allclose, factor):
    encoders = make_encoders(rng)
    _, root = draw_directions(rng, now=factor * encoders)
    (path,) = find(root, "now")
    expected = 1.4 * np.delete(encoders, 2, axis=0)
    assert allclose(coordinates(root, path), expected, atol=PIXEL / 5)
    assert allclose(read_json(root, "length"), factor)


def test_neurons_without_direction_are_left_out(rng):
    encoders = make_encoders(rng, 4)
    encoders[1], encoders[2] = np.nan, 0
    _, root = draw_directions(rng, 4, start=encoders, now=encoders)
    assert find(root, "now")[0].get("d").count("M") == 2
    assert not find(root, "chosen-now") and not find(root, "error-sign")
    assert read_json(root, "length") == 1
    _, root = draw_directions(rng, 4, now=np.full((4, 2), np.nan))
    assert read_json(root, "angle") is None


@pytest.mark.parametrize(
    "weights, sign, described",
    [
        ([0.5], "+", "+0.50"),
        ([-0.5], "−", "−0.50"),
        ([0], "0", "+0.00"),
        ([-2e-5], "−", "−2e−05"),
        ([0.6, -0.8], None, "(+0.60, −0.80)"),
        ([0.06, -1], None, "(+0.06, −1.00)"),
        ([0.1] * 10, None, "(+0.10, +0.10, …)"),
    ],
)
def test_preferred_error_direction(rng, weights, sign, described):
    _, root = draw_directions(rng, error_direction=weights)
    assert [e.text for e in find(root, "error-sign")] == ([sign] if sign else [])
    assert f"neuron 2, preferred error direction {described}" in words(root)
    assert read_json(root, "error-direction") == weights[:8]


def test_what_is_known_of_the_error_has_a_name(rng):
    _, root = draw_directions(rng, error_name="apical potential")
    assert "neuron 2, apical potential −0.50" in words(root)


def test_arrow_points_ahead(rng, allclose):
    now = np.array([[1, 0], [0, 1], [0.6, 0.8]])
    arguments = dict(n_neurons=3, now=now)
    _, root = draw_directions(rng, ahead=(0.9, 0.4), **arguments)
    (arrow,) = find(root, "ahead")
    start, end, *head = coordinates(root, arrow)
    assert allclose(start, (0.6, 0.8), atol=PIXEL / 5)
    assert allclose(end, (0.9, 0.4), atol=PIXEL / 5)
    assert allclose(head[-1], end)
    # its head is behind its end, with a side on either side of it
    assert np.all(np.dot(head[:2] - end, end - start) < 0)
    assert allclose(
        np.mean(head[:2], axis=0),
        end - 5 * PIXEL * np.array([0.6, -0.8]),
        atol=PIXEL / 5,
    )
    assert read_json(root, "ahead") == [0.9, 0.4]
    for ahead in (None, (np.nan, 0), (0.61, 0.8)):
        _, root = draw_directions(rng, ahead=ahead, **arguments)
        assert not find(root, "ahead")
    _, root = draw_directions(rng, ahead=(1e9, 0), **arguments)
    assert allclose(coordinates(root, find(root, "ahead")[0])[1], (1.4, 0), atol=PIXEL)


@pytest.mark.parametrize("n_neurons", [60, 61, 1000])
def test_many_neurons(rng, n_neurons):
    """Some neurons are drawn, with the chosen one; the numbers include all neurons."""
    chosen = n_neurons - 2
    arguments, root = draw_directions(rng, n_neurons, chosen=chosen)
    assert len(views.preferred_directions(**arguments)) < LIMIT
    assert read_json(root, "neurons") == n_neurons
    angles = angle_to_axes(arguments["now"])
    assert np.isclose(read_json(root, "angle"), angles.mean(), atol=1e-5)
    of_all = f"Preferred directions (60 of {n_neurons})"
    assert (of_all in words(root)) == (n_neurons > 60)
    end = arguments["now"][chosen]
    assert np.allclose(read_json(root, "direction"), end, atol=1e-5)


def test_colour_of_directions(rng):
    _, root = draw_directions(rng, colour="#123456")
    (now,) = find(root, "now")
    assert now.get("stroke") == "#123456"
    (start,) = find(root, "start")
    assert start.get("stroke") != "#123456"


def test_numbers_of_directions(rng, allclose):
    diagonal = np.sqrt(0.5)
    now = [[1, 0], [diagonal, -diagonal], [-2, 0.0]]
    _, root = draw_directions(rng, 3, now=now)
    assert root.get("data-view") == "preferred_directions"
    assert read_json(root, "neurons") == 3
    assert read_json(root, "chosen") == 2
    assert allclose(read_json(root, "angle"), np.pi / 6, atol=1e-5)
    assert allclose(read_json(root, "length"), 4 / 3, atol=1e-5)
    assert read_json(root, "direction") == [-2, 0]


def test_smallest_change_of_encoders_shows(rng):
    encoders = make_encoders(rng)
    arguments = {"start": encoders, "now": encoders}
    _, before = draw_directions(rng, **arguments)
    _, equal = draw_directions(rng, **arguments)
    assert ElementTree.tostring(before) == ElementTree.tostring(equal)
    moved = encoders.copy()
    moved[40, 1] = np.nextafter(moved[40, 1], 2)
    _, after = draw_directions(rng, start=encoders, now=moved)
    assert after.get("data-checksum") != before.get("data-checksum")


def test_axes_of_directions(rng):
    _, root = draw_directions(rng)
    assert {"Preferred directions", "x₁", "x₂", "−1", "1", "start", "now"} < set(
        words(root)
    )
    (circle,) = root.iter(NAMESPACE + "circle")
    left, right, _, _ = frame(root)
    assert abs(float(circle.get("r")) - (right - left) / 2.8) < 0.1


def make_fields(n_points=32):
    points, inside = disc(n_points)
    return points[..., 0], points[..., 1], inside


def luminance(image):
    return image[..., :3].mean(axis=-1)


def test_tuning_curves_darken_with_rates():
    x1, x2, _ = make_fields()
    before, now = 100 * (x1 + 1), 50 * (x2 + 1)
    root = read(views.tuning_curves(before, now, 7))
    maps = list(root.iter(NAMESPACE + "image"))[:2]
    for element, field, index in zip(maps, (before, now), (0, 1)):
        image = read_image(element)
        assert image.shape == (32, 32, 4)
        assert (image[..., 3] == 255).all()
        order = np.argsort(field, axis=None)
        assert (np.diff(luminance(image).ravel()[order]) <= 0).all()
        # the image fills its frame
        left, _, _, upper = frame(root, index)
        assert (float(element.get("x")), float(element.get("y"))) == (left, upper)
    # one scale for both
    assert read_image(maps[0])[..., :3].min() < read_image(maps[1])[..., :3].min()
    assert (read_image(maps[0])[:, 0, :3] == 255).all()
    assert {"Tuning curves, neuron 7", "Firing rate (Hz)", "200", "now"} < set(
        words(root)
    )
    assert read_json(root, "highest") == [200, 100]
    assert read_json(root, "limit") == 200
    assert np.isclose(read_json(root, "change"), np.abs(now - before).mean())


def test_circle_and_ticks_fit_the_points_of_a_field():
    """The outer points of a field are at 1, in the middle of an outer pixel."""
    field = np.zeros((5, 5))
    root = read(views.tuning_curves(field, field, 0))
    left, right, _, _ = frame(root)
    pixel = (right - left) / 5
    circle = next(root.iter(NAMESPACE + "circle"))
    assert abs(float(circle.get("cx")) - (left + right) / 2) < 0.1
    assert abs(float(circle.get("r")) - 2 * pixel) < 0.1
    tick = next(e for e in root.iter(NAMESPACE + "text") if e.text == "−1")
    assert abs(float(tick.get("x")) - (left + pixel / 2)) < 0.1


def test_errors_have_colours_on_either_side_of_white():
    x1, x2, inside = make_fields(31)
    projected = np.where(inside, 0.9 * x1, np.nan)
    gated = 300 * projected * (x2 > 0)
    root = read(views.error_fields(projected, gated, 0))
    maps = list(root.iter(NAMESPACE + "image"))
    for element, field in zip((maps[0], maps[2]), (projected, gated)):
        image = read_image(element)
        red, blue = image[..., 0], image[..., 2]
        assert (image[..., 3] == np.where(inside, 255, 0)).all()
        strong = np.abs(field) > 0.1 * np.nanmax(field)
        assert (red > blue)[strong & (field > 0)].all()
        assert (red < blue)[strong & (field < 0)].all()
        assert (image[field == 0] == 255).all()
    titles = {"Error that teaches, neuron 0", "projected error", "gated by derivative"}
    labels = {"Error × feedback", "Error × feedback × f′", "−1", "400"}
    assert titles | labels < set(words(root))
    assert np.allclose(read_json(root, "largest"), [0.9, 252])
    assert read_json(root, "limits") == [1, 400]


def test_errors_outside_of_the_circle_do_not_fade_those_inside():
    _, _, inside = make_fields()
    field = np.where(inside, 0.2, 50)
    root = read(views.error_fields(field, field, 0))
    assert read_json(root, "limits") == [0.2, 0.2]


def test_colour_bars_go_from_limit_to_limit():
    x1, x2, _ = make_fields()
    root = read(views.error_fields(x1, x2, 0))
    bar = read_image(list(root.iter(NAMESPACE + "image"))[1])[0]
    image = read_image(next(root.iter(NAMESPACE + "image")))[0]
    assert (bar == image).all()


@pytest.mark.parametrize("field", [np.zeros((2, 2)), np.full((32, 32), np.nan)])
def test_fields_without_values(field):
    root = read(views.error_fields(field, field, 0))
    assert read_json(root, "largest") == [0, 0]
    root = read(views.tuning_curves(field, field, 0))
    assert read_json(root, "highest") == [0, 0]


@pytest.mark.parametrize("scale", [1e-7, 1, 1e7])
def test_noise_stays_below_the_limit(rng, scale):
    first, second = scale * rng.uniform(-1, 1, size=(2, 32, 32))
    read(views.error_fields(first, second, 0))
    read(views.tuning_curves(np.abs(first), np.abs(second), 49))


def draw_history(times, curves, title="Error", label="RMSE"):
    return read(views.history(times, curves, title, label))


def test_curves_are_drawn_where_they_are(allclose):
    times = np.linspace(0, 5, 81)
    first, second = 0.5 * np.exp(-times), np.full(81, 0.25)
    root = draw_history(times, {"learned": first, "fixed": second})
    assert {"Error", "RMSE", "Time (s)", "learned", "fixed", "0.25"} < set(words(root))
    # the first lies on the others
    assert len(find(root, "curve")) == 2
    for path, values in zip(find(root, "curve"), (second, first)):
        points = coordinates(root, path)
        assert allclose(points, np.transpose([times, values]), atol=0.005)
    assert allclose(read_json(root, "last"), [first[-1], 0.25], atol=1e-6)
    assert read_json(root, "samples") == 81


def test_an_hour_is_drawn_from_its_means(rng, allclose):
    times = 0.05 * np.arange(1, 72001)
    values = 1 + np.sin(times / 300) + rng.uniform(-0.1, 0.1, size=len(times))
    curves = {"learned": values, "fixed": np.full_like(values, 0.5)}
    root = draw_history(times, curves)
    path = find(root, "curve")[1]
    points = coordinates(root, path)
    assert 45 <= len(points) <= 90
    assert allclose(points[:, 1], 1 + np.sin(points[:, 0] / 300), atol=0.05)
    assert points[0, 0] < 60 and points[-1, 0] > 3540


def test_the_past_does_not_move_when_the_history_grows(rng):
    values = rng.rand(1990)
    drawn = []
    for n_samples in (1900, 1990):
        curve = np.append(np.full(16, 3.9), values[:n_samples])  # one axis
        root = draw_history(np.arange(len(curve)), {"learned": curve})
        points = coordinates(root, find(root, "curve")[0])
        drawn.append(points[:118, 1])
    assert np.array_equal(*drawn)


def test_worst_history_stays_below_the_limit(rng):
    times = 0.05 * np.arange(72000)
    curves = {
        f"{HARMFUL}{i}": np.where(rng.rand(72000) < 0.5, np.nan, rng.randn(72000))
        for i in range(6)
    }
    draw_history(times, curves, HARMFUL, HARMFUL)
    for n_samples in (40, 41, 80):
        short = {name: values[:n_samples] for name, values in curves.items()}
        draw_history(times[:n_samples], short, HARMFUL, HARMFUL)


def test_worst_directions_stay_below_the_limit(rng):
    encoders = -0.7071 * np.abs(make_encoders(rng))
    encoders = encoders / 0.7071
    draw_directions(
        rng,
        now=1e6 * encoders,
        error_direction=-rng.rand(100),
        point=(-0.12345678,) * 2,
        ahead=(-0.12345678e-6,) * 2,
    )


def test_gaps_and_points_without_neighbours():
    values = [np.nan, 0.1, np.nan, 0.2, 0.3, np.inf, 0.4]
    root = draw_history(np.arange(7), {"learned": values})
    d = find(root, "curve")[0].get("d")
    assert re.sub(r"[\d. ]+", " ", d) == "M h M L M h "
    assert d.count("h0") == 2
    assert read_json(root, "last") == [0.4]


@pytest.mark.parametrize("values", [[], [np.nan], [0.3]])
def test_short_histories(values):
    times = 0.05 * np.arange(len(values))
    root = draw_history(times, {"learned": values, "fixed": values})
    assert {"learned", "fixed", "Time (s)"} < set(words(root))
    assert read_json(root, "last") == [0.3 if values == [0.3] else None] * 2


def test_names_do_not_overlap():
    names = [f"curve {i}" for i in range(6)]
    for value in (0, 0.5, 1):
        root = draw_history([0, 1], {name: [1, value] for name in names})
        y = [
            float(element.get("y"))
            for element in root.iter(NAMESPACE + "text")
            if element.text in names
        ]
        _, _, lower, upper = frame(root)
        assert (np.diff(np.sort(y)) >= 22).all()
        # the value stands below the last name
        assert min(y) > upper and max(y) + 11 <= lower + 1
        assert len(y) == 6


def test_curves_have_colours_of_their_own():
    root = draw_history([0, 1], {str(i): [0, i] for i in range(6)})
    assert len({path.get("stroke") for path in find(root, "curve")}) == 6


def test_names_are_escaped():
    name = "<b x='1'>&\"\0"
    root = draw_history([0, 1], {name: [0, 1]}, name, name)
    # title, label and name
    assert words(root).count(name.replace("\0", " ")) == 3
    assert not list(root.iter(NAMESPACE + "b"))


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(
        st.one_of(
            st.floats(-1e9, 1e9), st.sampled_from([np.nan, np.inf, -np.inf, 1e-300])
        ),
        max_size=300,
    ),
    name=st.text(min_size=1),
)
def test_any_history_can_be_drawn(values, name):
    root = draw_history(np.arange(len(values)), {name: values}, name, name)
    left, right, lower, upper = frame(root)
    for path in find(root, "curve"):
        for x, y in re.findall(r"[ML]([-\d.e]+) ([-\d.e]+)", path.get("d")):
            assert left <= float(x) <= right and upper <= float(y) <= lower


@pytest.mark.parametrize(
    "draw, attribute",
    [
        (lambda: views.history([0, 1], {"a": [1]}, "", ""), r"curves\['a'\]"),
        (lambda: views.history([0], {}, "", ""), "curves"),
        (
            lambda: views.history([0], {i * "a": [0] for i in range(7)}, "", ""),
            "curves",
        ),
        (lambda: views.history([[0]], {"a": [0]}, "", ""), "times"),
        (lambda: views.tuning_curves(np.ones((3, 4)), np.ones((3, 4)), 0), "before"),
        (lambda: views.tuning_curves(np.ones((1, 1)), np.ones((1, 1)), 0), "before"),
        (lambda: views.tuning_curves(np.ones((3, 3)), np.ones((4, 4)), 0), "now"),
        (
            lambda: views.error_fields(np.ones((33, 33)), np.ones((33, 33)), 0),
            "projected",
        ),
        (lambda: views.error_fields(np.ones((3, 3)), np.ones(3), 0), "gated"),
    ],
)
def test_wrong_shapes(draw, attribute):
    with pytest.raises(ValidationError, match=f"^{attribute}"):
        draw()


@pytest.mark.parametrize(
    "attribute, value",
    [
        ("start", np.ones((50, 3))),
        ("now", np.ones((49, 2))),
        ("chosen", 50),
        ("chosen", -1),
        ("error_direction", 1.0),
        ("point", [0.0]),
        ("ahead", [0.0]),
    ],
)
def test_wrong_shapes_of_directions(rng, attribute, value):
    with pytest.raises(ValidationError, match=f"^{attribute}"):
        draw_directions(rng, **{attribute: value})


def test_views_do_not_need_matplotlib():
    code = "import nengo_fa.gui.views, sys; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_choices():
    options = {"rule": ("FA", "BP"), "normalization": ("none", "a", "b & c")}
    root = read(views.choices("Sliders", options, [1, 2]))
    assert root.get("data-rule") == "BP"
    assert root.get("data-normalization") == "b & c"
    assert words(root) == [
        *("Sliders", "rule", "0 FA", "1 BP"),
        *("normalization", "0 none", "1 a", "2 b & c"),
    ]
    bold = [e.text for e in root.iter(NAMESPACE + "text") if e.get("font-weight")]
    assert bold == ["Sliders", "1 BP", "2 b & c"]
    for chosen in ([2, 0], [-1, 0]):
        with pytest.raises(ValidationError, match="one of 2 options of 'rule'"):
            views.choices("Sliders", options, chosen)


def test_choices_that_need_another_line():
    words_of = {
        "first": ("a", "b"),
        "many": ("none", *("homeostatic",) * 4),
        "last": ("c",),
    }
    drawn = []
    for chosen in range(5):
        root = read(views.choices("Sliders", words_of, [0, chosen, 0]))
        texts = [e for e in root.iter(NAMESPACE + "text")][1:]
        drawn.append([(float(e.get("x")), float(e.get("y"))) for e in texts])
    # nothing moves with the choice
    assert all(places == drawn[0] for places in drawn)
    places = {e.text: place for e, place in zip(texts, drawn[0])}
    lines = sorted({y for _, y in drawn[0]})
    assert np.ptp(np.diff(lines)) == 0
    assert places["0 none"][1] == places["many"][1] == lines[1]
    assert places["last"][1] == places["0 c"][1] == lines[-1]
    assert float(root.get("viewBox").split()[-1]) > lines[-1]
    for i in range(1, 5):
        x, y = places[f"{i} homeostatic"]
        assert lines[1] <= y < lines[-1] and x + 6 * 13 <= 300
    x, y = np.transpose([places[f"{i} homeostatic"] for i in range(1, 5)])
    assert np.all((np.diff(x) >= 6 * 13) | (np.diff(y) > 0))
