"""The layouts of the models in Nengo GUI are finished."""

import ast
import collections
import re
import runpy
from itertools import combinations
from pathlib import Path

import nengo
import numpy as np
import pytest

import nengo_fa  # noqa: F401  before a model runs in the place of the module builtins

MODELS = Path(__file__).parent.parent.parent / "models"


@pytest.fixture(params=sorted(MODELS.glob("*.cfg")), ids=lambda path: path.stem)
def layout(request):
    """The objects of a model, and their entries in its layout."""
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
    """Without a place, Nengo GUI would put an object on top of others."""
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
