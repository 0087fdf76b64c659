"""A visitor sees two arms learn, and hands them a load."""

from pathlib import Path

MODEL = Path(__file__).parent.parent.parent / "models" / "arm.py"


def see_errors(gui):
    return [float(word) for word in gui.views["arms"].data["errors"].split()]


def test_a_load_pulls_both_arms_down(open_model, screenshots):
    gui = open_model(MODEL)
    gui.run(0.2)  # what is set before is dropped
    gui.set_slider("learning", 0)
    gui.run(0.8)
    before = see_errors(gui)
    gui.set_slider("load (kg)", 3)
    gui.run(0.5)
    after = see_errors(gui)
    assert all(new > old for new, old in zip(after, before))
    gui.screenshot(screenshots / "arm_with_load.png")
    assert gui.console_error == ""
    assert gui.javascript_errors == []
    assert "Traceback" not in gui.log
