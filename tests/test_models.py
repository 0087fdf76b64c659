"""The models open in Nengo GUI, and run as scripts."""

import ast
import collections
import re
import runpy
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import nengo
import numpy as np
import pytest

from nengo_fa.experiments import online

MODELS = Path(__file__).parent.parent / "models"


@pytest.mark.parametrize(
    "path", sorted(MODELS.glob("*.py")), ids=lambda path: path.stem
)
def test_model_at_top_level(Simulator, path):
    """Nengo GUI runs the file under another name, and simulates what is in ``model``."""
    names = runpy.run_path(str(path), run_name="builtins")
    with Simulator(names["model"]) as sim:
        sim.run(0.01)
        assert sim.n_steps == 10


@pytest.mark.parametrize(
    "neurons, neuron_type",
    [("spiking", nengo.LIF()), ("rate", nengo.LIFRate()), (None, nengo.LIF())],
)
def test_multiplication_as_a_script(
    monkeypatch, tmp_path, capsys, neurons, neuron_type
):
    def run(model, seconds, run=online.run):
        assert model.learned.hidden.neuron_type == neuron_type
        return run(model, seconds=seconds / 100)

    script = str(MODELS / "multiplication.py")
    monkeypatch.setattr(sys, "argv", [script, neurons][: 1 + (neurons is not None)])
    monkeypatch.setattr(online, "run", run)
    monkeypatch.chdir(tmp_path)
    runpy.run_path(script, run_name="__main__")
    assert "learned / fixed" in capsys.readouterr().out
    assert (tmp_path / "multiplication.png").stat().st_size > 10_000


def test_wrong_use_of_a_script():
    command = [sys.executable, MODELS / "multiplication.py", "spike"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("usage: ")


@pytest.fixture(params=sorted(MODELS.glob("*.cfg")), ids=lambda path: path.stem)
def layout(request):
    """What a model defines, and what its layout says of each of these."""
    names = runpy.run_path(str(request.param.with_suffix("")), run_name="builtins")
    places = collections.defaultdict(dict)
    for line in request.param.read_text().splitlines():
        shown = re.fullmatch(r"(\w+) = nengo_gui\.components\.\w+\((.*)\)", line)
        if shown is not None:
            places[shown[1]]["shows"] = shown[2]
        else:
            name, key, value = re.fullmatch(
                r"_viz_config\[(.+)\]\.(\w+) = (.+)", line
            ).groups()
            places[name][key] = ast.literal_eval(value)
    return names, places


def test_layout_names_what_is_in_the_model(layout):
    """Nengo GUI skips a line with an unknown name without a word."""
    names, places = layout
    for name, place in places.items():
        name = place.get("shows", name)
        if name and not name.startswith("_viz"):
            thing = eval(name, names)
            assert isinstance(thing, (nengo.Network, nengo.base.NengoObject))


def test_layout_has_a_place_for_everything(layout):
    """Otherwise Nengo GUI finds one, on top of what is there."""
    names, places = layout
    placed = [eval(name, names) for name, place in places.items() if "pos" in place]
    model = names["model"]
    for thing in (*model.networks, *model.nodes, *model.ensembles):
        assert any(thing is other for other in placed), thing


def test_nothing_overlaps(layout):
    names, places = layout
    boxes = {}
    for name, place in places.items():
        if "x" in place:
            centre, half = (place["x"], place["y"]), (place["width"], place["height"])
        elif "pos" in place and name != "model":
            centre, half = place["pos"], place["size"]
        else:
            continue
        boxes[name] = np.subtract(centre, half), np.add(centre, half)
        assert np.all(boxes[name][0] >= 0) and np.all(boxes[name][1] <= 1), name
    for (a, (low, high)), (b, (other_low, other_high)) in combinations(
        boxes.items(), 2
    ):
        overlap = np.minimum(high, other_high) - np.maximum(low, other_low)
        assert np.any(overlap <= 0.001), (a, b)
