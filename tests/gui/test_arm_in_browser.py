"""A visitor sees two arms learn, and hands them a load."""

from pathlib import Path

import numpy as np

MODEL = Path(__file__).parent.parent.parent / "models" / "arm.py"


def watch_errors(gui):
    """Run for a second, and return the mean errors of both arms at five moments."""
    errors = []
    for _ in range(5):
        gui.run(0.2)
        errors.append(gui.views["arms"].data["errors"].split())
    return np.mean(np.array(errors, dtype=float), axis=0)


def test_a_load_pulls_both_arms_down(open_model, screenshots):
    gui = open_model(MODEL)
    gui.run(0.2)  # what is set before is dropped
    gui.set_slider("learning", 0)
    before = watch_errors(gui)
    gui.set_slider("load (kg)", 3)
    assert np.all(watch_errors(gui) > before)
    gui.screenshot(screenshots / "arm_with_load.png")
    assert gui.console_error == ""
    assert gui.javascript_errors == []
    assert "Traceback" not in gui.log
