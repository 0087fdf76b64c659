"""The models for Nengo GUI do what their descriptions say."""

import json
import re
import runpy
from pathlib import Path

import nengo
import numpy as np
import pytest

MODELS = Path(__file__).parent.parent.parent / "models"


@pytest.fixture
def load():
    """A function that runs the file of a model, and returns its variables."""
    return lambda name: runpy.run_path(str(MODELS / f"{name}.py"))


def see(view, name):
    return re.search(f'data-{name}="([^"]*)"', view.output._nengo_html_)[1]


@pytest.fixture
def neurons(load):
    """Return the two neurons, and an input at which both fire."""
    neurons = load("tuning_curves")
    neurons["x"].output = np.array([0.5, 0.4])
    return neurons


def test_neurons_fire_as_their_maps_say(neurons, Simulator):
    with neurons["model"]:
        probe = nengo.Probe(neurons["neurons"].neurons)
    with Simulator(neurons["model"]) as sim:
        sim.run(0.5)
    n_spikes = np.sum(sim.data[probe] > 0, axis=0)
    # gain * <p, x> + bias
    drive = np.array([1.41 * (0.5 - 0.4) / np.sqrt(2) + 1, 5 * (0.3 + 0.32) - 1])
    rates = nengo.LIF().rates(drive, 1, 0).ravel()
    assert np.all(np.abs(n_spikes - 0.5 * rates) <= 1)
    # those of the last steps are not drawn yet
    for view, n in zip((neurons["first"], neurons["second"]), n_spikes):
        assert 0 < n - 5 <= int(see(view, "spikes")) <= n


@pytest.mark.parametrize(
    "name, values",
    [("direction", [0, 53.13]), ("gain", [3, 5]), ("bias", [0.9, -1])],
)
def test_sliders_shape_one_map(neurons, Simulator, name, values):
    documents = []
    for _ in range(2):
        with Simulator(neurons["model"]) as sim:
            sim.run(0.002)
        views = neurons["first"], neurons["second"]
        documents.append([view.output._nengo_html_ for view in views])
        neurons[name].output = np.array(values, dtype=float)
    (first, second), (first_after, second_after) = documents
    assert first != first_after and second == second_after


def run_race(race, Simulator, seconds=0.3):
    """Encoders at the start and later, and decoders later, of all three networks."""
    networks = race["networks"]
    with Simulator(race["model"]) as sim:
        start, encoders, decoders = {}, {}, {}
        signals = {
            name: (sim.model.sig[net.hidden]["encoders"], sim.model.sig[net.decode])
            for name, net in networks.items()
        }
        for name, (signal, _) in signals.items():
            start[name] = sim.signals[signal].copy()
        sim.run(seconds)
        for name, (signal, decode) in signals.items():
            encoders[name] = sim.signals[signal].copy()
            decoders[name] = sim.signals[decode["weights"]].copy()
    return start, encoders, decoders


def test_race_is_between_rules_alone(load, Simulator):
    race = load("race")
    start, encoders, decoders = run_race(race, Simulator)
    assert np.array_equal(start["alignment"], start["backprop"])
    assert np.array_equal(start["alignment"], start["fixed"])
    assert np.array_equal(start["fixed"], encoders["fixed"])
    for name in ("alignment", "backprop"):
        assert np.abs(encoders[name] - start[name]).max() > 1e-3
        assert np.any(decoders[name] != decoders["fixed"])


@pytest.mark.parametrize("slider, decoders_learn", [("learning", 0), ("rate", 1)])
def test_race_at_rest(load, Simulator, allclose, slider, decoders_learn):
    race = load("race")
    race["learning_rate" if slider == "rate" else slider].output = np.zeros(1)
    start, encoders, decoders = run_race(race, Simulator)
    for name in race["networks"]:
        assert np.array_equal(start[name], encoders[name])
        assert np.any(decoders[name]) == decoders_learn
        # but for rounding, as sums are not always in the same order
        assert allclose(decoders[name], decoders["fixed"], atol=1e-12)


@pytest.mark.parametrize("index", range(3))
def test_task_is_what_is_learned_and_shown(load, Simulator, allclose, index):
    tasks = load("tasks")
    model, word = tasks["model"], list(tasks["TASKS"])[index]
    function = tasks["TASKS"][word]
    x = np.array([0.6, 0.3])
    tasks["pair"].stimulus.output = x
    tasks["task"].output = np.array([float(index)])
    tasks["controls"].learning.output = np.zeros(1)
    with model:
        errors = [nengo.Probe(tasks[name].error) for name in ("learned", "fixed")]
    with Simulator(model) as sim:
        sim.run(0.11)
    # decoders are still zero
    for error in errors:
        assert allclose(sim.data[error][-1], -function(x))
    assert see(tasks["name"], "task") == word
    fields = tasks["fields"]
    assert allclose(fields.targets[:, 0], [function(point) for point in fields.points])
    assert "error_fields" in fields.output._nengo_html_


def test_errors_of_dynamics_are_of_the_time_alone(load, Simulator, allclose):
    dynamics = load("dynamics")
    networks = [dynamics[name] for name in ("learned", "fixed")]
    with dynamics["model"]:
        probes = [nengo.Probe(network.output) for network in networks]
    with Simulator(dynamics["model"]) as sim:
        sim.run(3.6)
    biases = [sim.data[network.state].bias for network in networks]
    assert np.array_equal(*biases)
    time = sim.trange()
    is_alone = (time > 2.5) & (time <= 3.5)
    teacher = np.transpose(dynamics["teach"](time))
    errors = [np.sum((sim.data[probe] - teacher) ** 2, axis=1) for probe in probes]
    rmse = [np.sqrt(np.mean(error[is_alone])) for error in errors]
    assert allclose(json.loads(see(dynamics["errors"], "last")), rmse, atol=0.01)
