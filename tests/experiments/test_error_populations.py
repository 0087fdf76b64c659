"""Errors come with the given delay from the given carrier, and delays have a cost."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.experiments import error_populations
from nengo_fa.experiments.error_populations import (
    ErrorPopulationExperiment,
    LateMultiplication,
    check_claims,
    make_delay,
    make_trace,
    report,
    solve,
)
from nengo_fa.experiments.sweep.claims import find_lower
from nengo_fa.rules.learning_rules import FeedbackAlignment


@pytest.mark.parametrize("delay", [10, 100])
def test_trace_has_the_delay_as_its_mean(delay):
    impulse = np.zeros((20 * delay, 1))
    impulse[0] = 1
    response = make_trace(delay).filt(impulse, dt=0.001, y0=0)[:, 0]
    assert np.isclose(response.sum(), 1, atol=1e-3)
    assert np.isclose(response @ np.arange(len(response)), delay, rtol=0.02, atol=1)


def test_without_delay_there_is_no_synapse():
    assert make_delay(0) is None and make_trace(0) is None


def simulate(carrier, delay, seconds=0.6, learning=1.0, **options):
    """The error that decoders see, that which encoders see, and the true one."""
    rule = FeedbackAlignment(1, learning_rate=0)
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(
            nengo.processes.WhiteSignal(2, high=2, rms=0.5, seed=1), size_out=2
        )
        product = LateMultiplication(
            carrier, delay, rule, seed=1, learning=learning, **options
        )
        nengo.Connection(stimulus, product.input, synapse=None)
        sources = [
            (product.decode.learning_rule, "error"),
            (product.encode.learning_rule, "error"),
            (product.gated_error, "output"),
        ]
        probes = [nengo.Probe(*source) for source in sources]
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run(seconds)
    return [sim.data[probe] for probe in probes]


@pytest.mark.parametrize("delay", [0, 1, 300])
def test_only_encoders_get_the_error_late(delay):
    decoders, encoders, error = simulate("node", delay)
    assert np.array_equal(decoders, error)
    assert np.ptp(error) > 0.1
    assert np.allclose(encoders[delay:], error[: len(error) - delay], atol=1e-12)
    assert np.allclose(encoders[:delay], 0)


def test_population_carries_the_error_in_spikes():
    _, exact, _ = simulate("node", 30)
    expected = nengo.Lowpass(0.005).filt(exact, dt=0.001, y0=0)
    noise = []
    for n_neurons in (25, 400):
        _, spiking, _ = simulate("population", 30, n_error_neurons=n_neurons)
        # beyond its radius, which is rare, the population saturates
        noise.append(np.median(np.abs(spiking - expected)))
    assert 2 * noise[1] < noise[0] < 0.05
    assert np.corrcoef(expected[:, 0], spiking[:, 0])[0, 1] > 0.97


@pytest.mark.parametrize(
    "options",
    [
        {"n_trials": 0},
        {"seconds": 0},
        {"delays": (0,)},
        {"delays": (10, 30)},
        {"delays": (0, 30, 10)},
        {"delays": (0, 0.5)},
    ],
    ids=str,
)
def test_refuses(options):
    (name,) = options
    with pytest.raises(ValidationError, match=name):
        ErrorPopulationExperiment(**options)


@pytest.mark.parametrize("options", [{"carrier": "nodes"}, {"delay": -1}], ids=str)
def test_refuses_a_network(options):
    (name,) = options
    given = {"carrier": "node", "delay": 10, "encoder_rule": None, "n_neurons": 5}
    with pytest.raises(ValidationError) as info:
        LateMultiplication(**{**given, **options})
    assert info.value.attr == name


def test_trials():
    experiment = ErrorPopulationExperiment(n_trials=2, seconds=0.1, delays=(0, 20))
    data = experiment.run_here()
    assert not data.isnull().any().to_array().any()
    # a trial is the same whichever run with it
    again = experiment.run(trial=[1])
    assert np.array_equal(again["rmse"][..., 0], data["rmse"].sel(trial=1))
    assert np.all(data["rmse"].sel(trial=0) != data["rmse"].sel(trial=1))
    prompt = data["rmse"].sel(delay=0)
    assert np.array_equal(prompt.sel(trace="none"), prompt.sel(trace="matched"))
    late = data["rmse"].sel(delay=20).stack(condition=("carrier", "trace"))
    for values in late.transpose("measure", "trial", ...).values.reshape(4, 4):
        assert len(np.unique(values)) == 4
    assert np.all(data["rmse_fixed"].sel(trial=0) != data["rmse_fixed"].sel(trial=1))
    verdicts = {claim.verdict for claim in check_claims(data)}
    assert verdicts == {"not shown"}


def test_solved_decoders_show_how_good_encoders_are():
    """Encoders along the diagonals are best for a product (Gosmann, 2015)."""
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) / np.sqrt(2)
    sides = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    with nengo.Network(seed=1) as model:
        diagonals, axes = (
            nengo.Ensemble(40, 2, encoders=np.tile(vectors, (10, 1)), seed=1)
            for vectors in (corners, sides)
        )
    with nengo.Simulator(model, progress_bar=False) as sim:
        assert solve(sim, diagonals) < 0.2 * solve(sim, axes)


def test_delay_costs_accuracy(monkeypatch):
    """Over seeds, online and with the best decoders. Fast encoders show it soon."""
    # the other conditions would take three times as long
    monkeypatch.setattr(error_populations, "CARRIERS", ("node",))
    monkeypatch.setattr(error_populations, "TRACES", ("none",))
    experiment = ErrorPopulationExperiment(9, 3, (0, 100), learning_rate=30.0)
    for rmse in experiment.run(range(9))["rmse"]:
        prompt, late = rmse[0, 0]
        cost = find_lower("100 ms", prompt, late)
        assert cost.verdict == "held", cost


@pytest.fixture
def late(rng):
    """Each delay costs, and the trace recovers half of the cost."""
    experiment = ErrorPopulationExperiment(n_trials=9)
    fixed = rng.uniform(0.9, 1.1, size=9)
    cost = np.array([0, 0.06, 0.2, 0.4])
    ratio = 0.5 + np.array([1.0, 0.5])[:, np.newaxis] * cost
    noise = rng.uniform(0.99, 1.01, size=(2, 2, 1, 1, 9))
    rmse = ratio[:, :, np.newaxis] * noise * fixed
    data = experiment.make_template()
    return data.assign(
        rmse=(data["rmse"].dims, rmse),
        rmse_fixed=(data["rmse_fixed"].dims, [fixed, fixed]),
    )


def test_claims_hold_where_they_are_true(late):
    assert [claim.verdict for claim in check_claims(late)] == ["held"] * 3
    # noise and order of dimensions are not what decides
    assert [c.verdict for c in check_claims(late.transpose())] == ["held"] * 3


def test_claims_do_not_hold_where_they_are_false(late):
    other = late.copy(deep=True)
    other["rmse"] = (
        late["rmse"]
        .isel(delay=slice(None, None, -1))
        .assign_coords(delay=late["delay"])
    )
    other["rmse"].loc[{"carrier": "population"}] *= 1.5
    costs, _, same = check_claims(other)
    assert costs.verdict == "opposite" and same.verdict == "opposite"


def test_report(late):
    *lines, cost, recovered = report(late).splitlines()
    assert cost.startswith("cost: ") and recovered.startswith("recovered: ")
    (line,) = [line for line in lines if line.split()[:3] == ["online", "node", "100"]]
    none, matched, cost, won = line.split()[3:]
    assert np.isclose(float(none), 0.7, atol=0.01)
    assert np.isclose(float(matched), 0.6, atol=0.01)
    assert np.isclose(float(cost), 0.2, atol=0.005)
    assert won == "50%"


@pytest.mark.parametrize("traced, words", [(0.1, "all"), (0.9, "none")], ids=str)
def test_share_of_the_cost_is_a_share(late, traced, words):
    """With a trace the error may be lower than without any delay, or higher than ever."""
    at = {"carrier": "node", "delay": 100, "trace": "matched", "measure": "online"}
    late["rmse"].loc[at] = late["rmse_fixed"].sel(measure="online") * traced
    rows = [line.split() for line in report(late).splitlines()]
    (row,) = [row for row in rows if row[:3] == ["online", "node", "100"]]
    assert row[-1] == words
