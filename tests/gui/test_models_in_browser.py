"""The models in Nengo GUI, in a real browser."""

from pathlib import Path

import pytest

MODELS = Path(__file__).parent.parent.parent / "models"


@pytest.fixture(
    scope="module",
    params=sorted(MODELS.glob("*.py.cfg")),
    ids=lambda path: Path(path.stem).stem,
)
def layout(request):
    return request.param


@pytest.fixture(scope="module")
def opened(open_model_once, layout):
    return open_model_once(layout.with_suffix(""))


@pytest.fixture
def gui(opened):
    """A model with a layout, without errors in the browser or the terminal."""
    assert opened.console_error == ""
    yield opened
    assert opened.console_error == ""
    assert opened.javascript_errors == []
    assert "Traceback" not in opened.log


def test_model_says_what_to_look_for_before_play(gui, screenshots, layout):
    """Each view has its place, with its name, and there is a text."""
    labels = gui.browser.find_elements("css selector", ".htmlview")
    labels = [
        view.find_element("xpath", "../*[contains(@class, 'label')]") for view in labels
    ]
    shown = [label.text for label in labels if label.is_displayed()]
    assert len(shown) == len(labels) == len(gui.views)
    assert any(text.startswith("Press play") for text in shown)
    gui.screenshot(screenshots / f"{Path(layout.stem).stem}_before.png")


def test_model_plays(gui, screenshots, layout):
    before = gui.views
    assert len(before) == layout.read_text().count("components.HTMLView(")

    for _ in range(2):
        gui.run(0.5)
        after = gui.views
        for label, view in before.items():
            if view.data.get("view") in ("choices", "note"):
                continue  # nobody touched the sliders
            assert view.html != after[label].html, f"{label!r} was not redrawn"
        moved = [
            before[label].data.get("checksum") != after[label].data["checksum"]
            for label, view in after.items()
            if view.data.get("view") == "preferred_directions" and "Fixed" not in label
        ]
        assert all(moved), "encoders stand still"
        before = after
    gui.screenshot(screenshots / f"{Path(layout.stem).stem}.png")


def test_model_resets(gui):
    gui.run(0.1)
    gui.reset()
    gui.run(0.1)
