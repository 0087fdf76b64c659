"""A visitor chooses a task."""

from pathlib import Path

MODEL = Path(__file__).parent.parent.parent / "models" / "tasks.py"


def test_task_is_chosen_by_its_slider(open_model):
    gui = open_model(MODEL)
    gui.run(0.2)  # what is set before is dropped
    gui.set_slider("learning", 0)
    gui.run(0.3)
    product = gui.views
    assert product["The task"].data["task"] == "product"
    gui.run(0.3)
    # decoders do not change, and neither does the task
    fields = gui.views["Learned: error that teaches"].data["checksum"]
    assert fields == product["Learned: error that teaches"].data["checksum"]

    gui.set_slider("task", 2)
    gui.run(0.3)
    mean = gui.views
    assert mean["The task"].data["task"] == "mean"
    assert fields != mean["Learned: error that teaches"].data["checksum"]
    assert gui.console_error == ""
    assert gui.javascript_errors == []
    assert "Traceback" not in gui.log
