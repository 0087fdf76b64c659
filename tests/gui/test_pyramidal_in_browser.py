"""A visitor sees pyramidal neurons learn from bursts."""

import json
from pathlib import Path

import pytest

MODEL = Path(__file__).parent.parent.parent / "models" / "pyramidal.py"
DIRECTIONS = "Learned: preferred directions"


@pytest.fixture
def gui(open_model):
    gui = open_model(MODEL)
    gui.run(0.1)  # what is set before is dropped
    yield gui
    assert gui.console_error == ""
    assert gui.javascript_errors == []
    assert "Traceback" not in gui.log


def see(gui, label, name):
    return json.loads(gui.views[label].data[name])


def test_encoders_turn_to_the_diagonals(gui):
    angle, (_, fixed) = (
        see(gui, DIRECTIONS, "angle"),
        see(gui, "angle over time", "last"),
    )
    gui.run(6)
    assert see(gui, DIRECTIONS, "angle") < angle - 0.05
    assert see(gui, "angle over time", "last")[1] == fixed
    assert see(gui, DIRECTIONS, "ahead") != see(gui, DIRECTIONS, "direction")


def test_learning_can_be_switched_off(gui):
    gui.set_slider("learning", 0)
    gui.run(0.3)
    checksum = gui.views[DIRECTIONS].data["checksum"]
    gui.run(0.5)
    assert gui.views[DIRECTIONS].data["checksum"] == checksum


def test_bursts_are_shown(gui):
    gui.run(1)
    assert see(gui, "Spikes and bursts of the neuron", "bursts") > 0


def test_neuron_is_chosen_by_its_slider(gui):
    directions = []
    for neuron in (7, 30):
        gui.set_slider("neuron", neuron)
        gui.run(0.2)
        view = gui.views[DIRECTIONS]
        assert view.data["chosen"] == str(neuron)
        assert f"neuron {neuron}, apical potential" in view.html
        directions.append(view.data["direction"])
    assert directions[0] != directions[1]
