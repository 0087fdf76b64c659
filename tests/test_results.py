"""Stored results on the page of results belong to the named commands."""

import importlib.util
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nengo_fa import cli
from nengo_fa.cli import in_seconds, shared
from nengo_fa.experiments import illustrations, learning_rates
from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.experiments.sweep import run_trials, summary
from nengo_fa.experiments.sweep.provenance import get_configuration, to_json
from nengo_fa.experiments.sweep.store import Store

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
    assert path.with_suffix(".txt").read_text() == MAKE.describe(path.stem, result)
    assert f"results/{path.stem}.txt" in (ROOT / "docs" / "results.rst").read_text()


class _Done(Exception):
    """All experiments of a command have been asked for."""


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_results_are_of_their_commands(path, tmp_path, monkeypatch):
    """A command asks for experiments with the configurations that are stored."""
    if path.stem.startswith(("mnist", "depth")) and "NENGO_FA_DATA" not in os.environ:
        pytest.skip("NENGO_FA_DATA does not say where MNIST is")
    result = json.loads(path.read_text())
    stores = dict(result["stores"])
    assert stores and set(stores) <= set(MAKE.RESULTS[path.stem].stores)

    def sweep(experiment, options, path):
        stored = stores.pop(path.stem)
        configuration = json.loads(to_json(get_configuration(experiment)))
        assert configuration == stored["configuration"]
        assert experiment.n_trials == stored["n_asked"] >= stored["n_trials"]
        if not stores:
            raise _Done
        return summary.restore(stored)

    own = result["stores"].get("own_turns", {"configuration": {}})["configuration"]
    monkeypatch.setattr(learning_rates, "choose_turns", lambda data, by: own["turn"])
    monkeypatch.setattr(shared, "sweep", sweep)
    monkeypatch.setattr(in_seconds, "sweep", sweep)
    for module, name in (
        (shared, "draw"),
        (shared, "store"),
        (illustrations, "make_iterations"),
        (illustrations, "make_encoder_movement"),
    ):
        monkeypatch.setattr(module, name, lambda *args: None)
    assert result["command"] == ["nengo-fa", *MAKE.RESULTS[path.stem].command.split()]
    with pytest.raises(_Done):
        cli.main([*result["command"][1:], "--folder", str(tmp_path)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three of the five trials of an experiment are complete."""
    folder = tmp_path_factory.mktemp("results")
    path = folder / "multiplication-rate" / "figure5.zarr"
    small = {"epochs": 3, "n_samples": 50, "n_neurons": 8, "chunk_size": 1}
    with ThreadPoolExecutor(1) as executor:
        experiment = MultiplicationExperiment(n_trials=3, turn=0.1, **small)
        run_trials(experiment, path, executor, progress_bar=False)
    with Store(path, replace(experiment, n_trials=5)):
        return folder


def test_trials_that_are_complete_are_kept(folder):
    result = MAKE.collect("multiplication-rate", folder, workers=1)
    assert list(result["stores"]) == ["figure5"]
    kept = result["stores"]["figure5"]
    assert (kept["n_trials"], kept["n_asked"]) == (3, 5)
    rmse = summary.restore(kept)["rmse"]
    assert np.isfinite(rmse).all() and rmse.sizes["epoch"] == 4
    words = MAKE.describe("multiplication-rate", result)
    assert "One turn for all six, the first 3 of 5 trials" in words
    assert "not tested" in words


def test_interruptions_do_not_count_as_time(folder):
    path = folder / "multiplication-rate" / "figure5.zarr"
    files = [file for file in path.rglob("*") if file.is_file()]
    for file in files:
        os.utime(file, (0, 1000))
    parts = sorted(file for file in files if re.search("finished.*[0-9]$", str(file)))
    assert len(parts) == 3
    for part, time in zip(parts, (1010, 1020, 1500)):
        os.utime(part, (0, time))
    assert MAKE.measure_time(path) == 20


@pytest.mark.parametrize(
    "name, script, fixed",
    [
        ("mnist_1000", "mnist_1000", {"n_neurons": 1000}),
        (
            "online_digits",
            "online_digits",
            {"dataset": "digits", "neurons": "Pyramidal"},
        ),
        ("online_mnist", "online_digits", {"dataset": "mnist", "neurons": "LIF"}),
    ],
)
def test_errors_are_of_the_script(name, script, fixed, monkeypatch):
    """It takes the parameters of all runs, and no others."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    script = load_script(ROOT / "benchmarks" / f"{script}.py")
    runs = json.loads((ROOT / "docs" / "results" / f"{name}.json").read_text())
    for run in runs:
        arguments = [
            f"--{parameter.replace('_', '-')}={value}"
            for parameter, value in run["configuration"].items()
            if parameter != "presentation_time" and value is not None
        ]
        options = script.parse_options(arguments)
        n_passes = getattr(options, "passes", [])
        assert script.get_configuration(options, *n_passes) == run["configuration"]
        assert {**vars(options), **fixed} == vars(options)
        assert getattr(options, "epochs", 0) <= 30
