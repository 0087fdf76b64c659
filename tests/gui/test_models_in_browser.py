"""The models in Nengo GUI, in a real browser."""

from pathlib import Path

import pytest

MODELS = Path(__file__).parent.parent.parent / "models"
EACH_LAYOUT = pytest.mark.parametrize(
    "layout", sorted(MODELS.glob("*.py.cfg")), ids=lambda path: Path(path.stem).stem
)


@EACH_LAYOUT
def test_model_plays(open_model, screenshots, layout):
    model = layout.with_suffix("")
    gui = open_model(model)
    assert gui.console_error == ""
    before = gui.views
    assert len(before) == layout.read_text().count("components.HTMLView(")

    for _ in range(2):
        gui.run(0.5)
        after = gui.views
        for label, view in before.items():
            if view.data.get("view") == "choices":
                continue  # nobody touched the sliders
            assert view.html != after[label].html, f"{label!r} was not redrawn"
        moved = [
            before[label].data.get("checksum") != after[label].data["checksum"]
            for label, view in after.items()
            if view.data.get("view") == "preferred_directions" and "Fixed" not in label
        ]
        assert all(moved), "encoders stand still"
        before = after
    gui.screenshot(screenshots / f"{model.stem}.png")
    assert gui.console_error == ""
    assert gui.javascript_errors == []
    assert "Traceback" not in gui.log


@EACH_LAYOUT
def test_model_resets(open_model, layout):
    gui = open_model(layout.with_suffix(""))
    gui.run(0.1)
    gui.reset()
    gui.run(0.1)
    assert gui.console_error == ""
    assert gui.javascript_errors == []
    assert "Traceback" not in gui.log
