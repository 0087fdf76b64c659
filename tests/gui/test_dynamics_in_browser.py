"""A user switches the teacher off, and both networks continue on their own."""

from pathlib import Path

MODEL = Path(__file__).parent.parent.parent / "models" / "dynamics.py"


def test_teacher_is_taken_away(open_model):
    gui = open_model(MODEL)
    gui.run(0.2)  # what is set before is dropped
    while gui.views["Output in the plane"].data["alone"] == "1":
        gui.run(0.2)  # on a busy machine, the first part of a round may have passed
    gui.set_slider("teacher", 0)
    gui.run(0.1)
    assert gui.views["Output in the plane"].data["alone"] == "1"

    directions = "Learned: preferred directions"
    checksum = gui.views[directions].data["checksum"]
    gui.run(0.3)
    # without a teacher there is no error
    assert gui.views[directions].data["checksum"] == checksum
    assert gui.console_error == ""
    assert gui.javascript_errors == []
    assert "Traceback" not in gui.log
