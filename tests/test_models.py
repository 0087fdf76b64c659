"""The models open in Nengo GUI, and run as scripts."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import nengo
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


@pytest.mark.parametrize(
    "path", sorted(MODELS.glob("*.cfg")), ids=lambda path: path.stem
)
def test_layout_names_what_is_in_the_model(path):
    """Nengo GUI skips a line with an unknown name without a word."""
    names = runpy.run_path(str(path.with_suffix("")), run_name="builtins")
    layout = path.read_text()
    placed = set(re.findall(r"config\[(?!_viz)([\w.]+)\]", layout))
    shown = set(re.findall(r"components\.\w+\(([\w.]+)\)", layout))
    assert placed and shown
    for name in placed | shown:
        assert isinstance(eval(name, names), (nengo.Network, nengo.base.NengoObject))
