"""What is stored for the page of results belongs to the commands that it names."""

import importlib.util
import json
import os
from pathlib import Path

import pytest

from nengo_fa import cli
from nengo_fa.cli import shared
from nengo_fa.experiments import illustrations, learning_rates
from nengo_fa.experiments.sweep import summary
from nengo_fa.experiments.sweep.provenance import get_configuration, to_json

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "docs" / "results").glob("*.json"))
COMMANDS = [path for path in FILES if "command" in json.loads(path.read_text())]


def load_script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = load_script(ROOT / "docs" / "results" / "make.py")


def test_files_are_small():
    assert len(FILES) > 1 and COMMANDS
    assert sum(path.stat().st_size for path in FILES) < 1e6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_texts_are_those_of_the_results(path):
    result = json.loads(path.read_text())
    assert path.with_suffix(".txt").read_text() == MAKE.describe(result)
    assert f"results/{path.stem}.txt" in (ROOT / "docs" / "results.rst").read_text()


class _Done(Exception):
    """All experiments of a command have been asked for."""


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_results_are_of_their_commands(path, tmp_path, monkeypatch):
    """A command asks for experiments with the configurations that are stored."""
    if path.stem.startswith("mnist") and "NENGO_FA_DATA" not in os.environ:
        pytest.skip("NENGO_FA_DATA does not say where MNIST is")
    result = json.loads(path.read_text())
    stores = dict(result["stores"])

    def sweep(experiment, options, path):
        stored = stores.pop(path.stem)
        configuration = json.loads(to_json(get_configuration(experiment)))
        assert configuration == stored["configuration"]
        assert experiment.n_trials == stored["n_trials"]
        if not stores:
            raise _Done
        return summary.restore(stored)

    own = result["stores"].get("own_turns", {"configuration": {}})["configuration"]
    monkeypatch.setattr(learning_rates, "choose_turns", lambda data, by: own["turn"])
    monkeypatch.setattr(shared, "sweep", sweep)
    for module, name in (
        (shared, "draw"),
        (shared, "store"),
        (illustrations, "make_iterations"),
        (illustrations, "make_encoder_movement"),
    ):
        monkeypatch.setattr(module, name, lambda *args: None)
    program, *arguments = result["command"]
    command, *_ = MAKE.COMMANDS[path.stem]
    assert program == "nengo-fa" and arguments == command
    with pytest.raises(_Done):
        cli.main([*arguments, "--folder", str(tmp_path)])


def test_errors_with_many_neurons_are_of_the_script():
    """It takes the parameters of all runs, within thirty epochs; others are refused."""
    script = load_script(ROOT / "benchmarks" / "mnist_1000.py")
    runs = json.loads((ROOT / "docs" / "results" / "mnist_1000.json").read_text())
    for run in runs:
        arguments = [
            f"--{name.replace('_', '-')}={value}"
            for name, value in run["configuration"].items()
            if name != "presentation_time"
        ]
        options = script.parse_options(arguments)
        assert script.get_configuration(options) == run["configuration"]
        assert options.n_neurons == 1000 and options.epochs <= 30
