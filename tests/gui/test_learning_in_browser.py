"""Views of a network that learns, and the effects of the sliders, as a user sees them."""

import json
import runpy
from pathlib import Path

import nengo
import pytest

MODEL = Path(__file__).parent.parent.parent / "models" / "multiplication.py"
SPIKING = "Spiking: preferred directions"
RATE = "Rate: preferred directions"
SETTLED = 0.1  # simulated seconds after which a view shows what a slider has changed


@pytest.fixture(scope="module")
def opened(open_model_once):
    return open_model_once(MODEL)


@pytest.fixture
def gui(opened):
    """The model just after it was opened."""
    gui = opened
    gui.reset()
    gui.run(SETTLED)  # what is set before is dropped
    yield gui
    assert gui.console_error == ""
    assert gui.javascript_errors == []
    assert "Traceback" not in gui.log


def see(gui, label, name):
    """Return the content of a view after simulated time has passed."""
    return gui.views[label].data[name]


def see_both(gui, name):
    return [see(gui, label, name) for label in (SPIKING, RATE)]


def see_number(gui, label, name):
    return json.loads(see(gui, label, name))


def test_encoders_turn_to_the_diagonals(gui):
    before = see_both(gui, "checksum")
    directions = see_both(gui, "direction")
    angles = [see_number(gui, label, "angle") for label in (SPIKING, RATE)]
    gui.run(3)
    assert all(a != b for a, b in zip(before, see_both(gui, "checksum")))
    assert all(a != b for a, b in zip(directions, see_both(gui, "direction")))
    for label, angle in zip((SPIKING, RATE), angles):
        assert see_number(gui, label, "angle") < angle - 0.01
    assert see_number(gui, "Spiking: tuning curves", "change") > 0.1


def test_learning_off_freezes_the_encoders(gui):
    gui.set_slider("learning", 0)
    gui.run(SETTLED)
    checksums, points = see_both(gui, "checksum"), see_both(gui, "point")
    gui.run(0.5)
    assert see_both(gui, "checksum") == checksums
    assert see_both(gui, "point") != points
    assert see(gui, "Chosen options", "learning") == "off"

    gui.set_slider("learning", 1)
    gui.run(0.5)
    assert all(a != b for a, b in zip(checksums, see_both(gui, "checksum")))


def test_reset_of_the_encoders(gui):
    gui.run(0.5)
    gui.set_slider("reset", 1)
    gui.run(SETTLED)
    checksums = see_both(gui, "checksum")
    # those that any simulator starts with
    names = runpy.run_path(str(MODEL))
    with nengo.Simulator(names["model"]) as sim:
        sim.step()
    for name, checksum in zip(("spiking_encoders", "rate_encoders"), checksums):
        assert f'checksum="{checksum}"' in names[name].output._nengo_html_
    gui.run(0.3)
    assert see_both(gui, "checksum") == checksums

    gui.set_slider("reset", 0)
    gui.run(0.3)
    assert all(a != b for a, b in zip(checksums, see_both(gui, "checksum")))


def test_rule(gui):
    assert see_both(gui, "errorDirection") in (["[1.0]"] * 2, ["[-1.0]"] * 2)
    gui.set_slider("rule", 1)
    gui.run(SETTLED)
    assert see(gui, "Chosen options", "rule") == "BP"
    before, checksums = see_both(gui, "errorDirection"), see_both(gui, "checksum")
    gui.run(0.5)
    # the decoders, which learn
    assert all(a != b for a, b in zip(before, see_both(gui, "errorDirection")))
    assert all(a != b for a, b in zip(checksums, see_both(gui, "checksum")))
    assert all(abs(json.loads(b)[0]) < 0.5 for b in before)


def test_normalization(gui):
    gui.set_slider("norm.", 1)
    gui.run(SETTLED)
    assert see(gui, "Chosen options", "normalization") == "forced"
    lengths, checksums = see_both(gui, "length"), see_both(gui, "checksum")
    gui.run(0.5)
    assert see_both(gui, "length") == lengths
    assert all(a != b for a, b in zip(checksums, see_both(gui, "checksum")))

    gui.set_slider("norm.", 0)
    gui.run(0.5)
    assert see(gui, "Chosen options", "normalization") == "none"
    assert all(a != b for a, b in zip(lengths, see_both(gui, "length")))

    # for which lengths must be near one
    gui.set_slider("reset", 1)
    gui.run(SETTLED)
    gui.set_slider("norm.", 4)
    gui.set_slider("reset", 0)
    for value, name in ((4, "stabilized"), (3, "homeostatic")):
        gui.set_slider("norm.", value)
        gui.run(SETTLED)
        assert see(gui, "Chosen options", "normalization") == name
        checksums = see_both(gui, "checksum")
        gui.run(0.3)
        assert all(a != b for a, b in zip(checksums, see_both(gui, "checksum")))


def test_neuron(gui):
    gui.set_slider("neuron", 7)
    gui.run(SETTLED)
    for label in (SPIKING, RATE, "Spiking: tuning curves"):
        assert see(gui, label, "chosen") == "7"


def test_reset_of_the_simulation(gui):
    gui.set_slider("rule", 1)
    gui.run(1)
    assert see_number(gui, "error over time", "samples") >= 5
    gui.reset()
    gui.run(SETTLED)
    # no more than there has been time for
    assert see_number(gui, "error over time", "samples") <= gui.time / 0.25 + 2
    assert see(gui, "Chosen options", "rule") == "FA"
