"""Recurrent networks offline equal Nengo's, and claims describe how they learn."""

from dataclasses import replace

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.experiments.sweep.claims import find_lower
from nengo_fa.experiments.through_time import (
    DT,
    RULES,
    TASKS,
    TAU,
    RateNetwork,
    ThroughTime,
    check_claims,
    choose_rates,
    make_task,
    report,
)

EXPERIMENT = ThroughTime(n_trials=2, presentations=1, n_neurons=6)


def test_network_is_that_of_a_simulator(rng):
    network = RateNetwork(20, rng)
    (u,), *_ = make_task(None, rng)()
    with nengo.Network() as model:
        hidden = nengo.Ensemble(
            20,
            20,
            neuron_type=network.neuron_type,
            encoders=network.weights,
            normalize_encoders=False,
            gain=np.ones(20),
            bias=network.bias,
        )
        inputs = nengo.Node(lambda t: u[round(t / DT) - 1])
        nengo.Connection(
            inputs, hidden.neurons, transform=network.input_weights, synapse=None
        )
        nengo.Connection(hidden.neurons, hidden, synapse=TAU)
        filtered, current = nengo.Probe(hidden, "input"), nengo.Probe(hidden.neurons)
    with nengo.Simulator(model, dt=DT) as sim:
        sim.run(0.2)
    x, _ = network.run(u[np.newaxis, : sim.n_steps])
    np.testing.assert_allclose(x[0, :-1], sim.data[filtered], atol=1e-9)
    assert np.ptp(sim.data[current]) > 0.1


@pytest.mark.parametrize("rule", RULES)
def test_only_the_exact_gradient_is_that_of_the_error(rule, rng):
    """Along a random direction, by finite differences."""
    network = RateNetwork(10, rng)
    network.bias += 4  # far from the threshold, where the derivative is bounded
    network.input_weights *= 0.2
    u, target, counts = make_task(50, rng)()
    network.decoders = rng.randn(1, 10)
    direction, start = rng.randn(10, 10), network.weights

    def move(step):
        network.weights = start + step * direction
        x, current = network.run(u)
        return x, current, (x[:, 1:] @ network.decoders.T - target) * counts

    losses = [np.mean(move(step)[2] ** 2) / 2 for step in (1e-5, -1e-5)]
    x, current, error = move(0)
    gradient = network.find_gradient(error, x[:, :-1], current, rule)
    expected = (losses[0] - losses[1]) / 2e-5
    is_exact = np.isclose(np.sum(gradient * direction), expected, rtol=1e-4)
    assert is_exact == (rule == "through time")


def test_values_are_recalled_after_the_delay(rng):
    u, target, counts = make_task(100, rng)()
    when = np.flatnonzero(counts) * DT
    assert np.isclose(when[0], 0.2) and np.isclose(when[-1], 0.3 - DT)
    np.testing.assert_array_equal(u[:, 0, :1], target[:, -1])
    assert np.all(u[:, 20:, 0] == 0) and np.all(u[:, -1, 1] == 1)


def test_parts_are_the_whole():
    data = EXPERIMENT.run_here()
    part = EXPERIMENT.run(range(1, 2))["rmse"]
    np.testing.assert_array_equal(part, data["rmse"].isel(trial=[1]))
    longer = replace(EXPERIMENT, n_trials=1).with_epochs(2)
    assert longer.epochs == longer.configuration["presentations"] == 2
    spread = (
        data["rmse"].max("learning_rate") - data["rmse"].min("learning_rate")
    ).max("trial")
    assert np.all((spread > 0) == (spread["rule"] != "fixed"))


def test_rates_are_chosen_on_other_trials():
    data = ThroughTime(n_trials=3).make_template().fillna(1.0)
    rates = data["learning_rate"].values
    data["rmse"].loc[{"trial": 0, "learning_rate": rates[0]}] = 0.1
    data["rmse"].loc[{"trial": [1, 2], "learning_rate": rates[2]}] = 0.5
    chosen = choose_rates(data)
    of_each = chosen["learning_rate"].isel(task=0, rule=1)
    np.testing.assert_array_equal(of_each, rates[[2, 0, 0]])
    np.testing.assert_array_equal(chosen["rmse"], 1)  # the best of a trial is less


def test_claims_and_report():
    data = ThroughTime(n_trials=8).make_template()
    noise = np.random.RandomState(0).uniform(0, 0.01, size=data["rmse"].shape)
    data["rmse"][...] = 0.5 + noise
    for i, rule in enumerate(RULES):
        data["rmse"].loc[{"rule": rule}] -= 0.1 * i
    data["rmse"].loc[{"task": list(TASKS)[-1], "rule": "random feedback"}] += 0.2
    better, exact, truncated = check_claims(data)
    assert better.verdict == "held in 4 of 5"
    assert exact.verdict == truncated.verdict == "held"
    assert len(report(data).splitlines()) == 2 + len(TASKS)


def test_counts_are_checked():
    with pytest.raises(ValidationError, match="presentations"):
        ThroughTime(presentations=0)


def find_errors(seed, rates):
    """The error of a pattern after 30 updates, for each rule and rate."""
    errors = []
    for rule, rate in rates.items():
        rng = np.random.RandomState(seed)
        network = RateNetwork(30, rng)
        presentation = make_task(None, rng)()
        for _ in range(30 if rate else 1):
            network.learn(*presentation, rule, rate)
        errors.append(network.find_error(*presentation))
    return errors


def test_random_feedback_is_between_fixed_weights_and_the_exact_gradient():
    rates = {"fixed": 0, "random feedback": 1, "through time": 1}
    fixed, random, exact = np.transpose([find_errors(seed, rates) for seed in range(8)])
    assert find_lower("random", random, fixed).verdict == "held"
    assert find_lower("exact", exact, random).verdict == "held"
    assert np.median(random) < 0.8 * np.median(fixed)
