"""The models open in Nengo GUI, and run as scripts."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import nengo
import pytest

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


@pytest.mark.parametrize("neurons", ["spiking", "rate"])
def test_multiplication_as_a_script(tmp_path, neurons):
    script = MODELS / "multiplication.py"
    command = [sys.executable, script, neurons]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "learned / fixed" in result.stdout
    assert (tmp_path / "multiplication.png").stat().st_size > 10_000


def test_multiplication_in_rate_mode(monkeypatch):
    path = str(MODELS / "multiplication.py")
    assert runpy.run_path(path)["neuron_type"] == nengo.LIF()
    monkeypatch.setattr(sys, "argv", [path, "rate"])
    assert runpy.run_path(path)["neuron_type"] == nengo.LIFRate()


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
