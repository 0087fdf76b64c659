"""What the compartments do, and what is learned from bursts, in several seeds."""

import numpy as np
import pytest
import xarray as xr

import nengo_fa
from nengo_fa.experiments import pyramidal
from nengo_fa.experiments.claims import find_lower


@pytest.fixture(scope="module")
def responses():
    return [pyramidal.measure_responses(seconds=1.0, seed=seed) for seed in range(3)]


def test_apical_input_leaves_events_almost_unchanged(responses):
    for data in responses:
        rates = data.event_rate.transpose("basal", "apical").values
        change = np.ptp(rates, axis=1)[data.basal.values > 1.2]
        # over the whole range of bursts, from two in a hundred events to 98
        assert np.all(change < 7) and change.mean() < 4
        assert rates[-1].min() > 5 * rates[data.basal.values > 1.1][0].max()


def test_bursts_follow_the_apical_input_alone(responses):
    for data in responses:
        firing = data.isel(basal=data.basal > 1.2)
        for basal in slice(0, 2.5), slice(2.5, 9):
            part = firing.sel(basal=basal)
            fraction = part.burst_rate.sum("basal") / part.event_rate.sum("basal")
            expected = nengo_fa.Pyramidal().burst_probabilities(data.apical)
            assert np.abs(fraction - expected).max() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_angle_to_eq_3_falls_with_time(seed):
    data = pyramidal.measure_angles(n_neurons=20, seconds=16.0, seed=seed)
    angle = data.angle.sel(weight=3).values
    assert np.all(np.diff(angle) < 0)
    assert angle[-1] < 0.35 and angle[-1] < angle[0] / 3


def test_rates_have_a_small_angle_at_once():
    data = pyramidal.measure_angles(
        nengo_fa.PyramidalRate(), n_neurons=20, seconds=8.0, seed=0
    )
    assert data.angle.sel(weight=3).max() < 0.2


def test_bursts_teach_multiplication():
    """Over seeds: better than fixed encoders, and not as well as feedback alignment."""
    trials = [pyramidal.learn(seconds=4.0, seed=seed).rmse for seed in range(12)]
    last_quarter = xr.concat(trials, "trial").isel(time=slice(15, None))
    rmse = np.sqrt((last_quarter**2).mean("time"))
    fixed, bursts, aligned = (rmse.sel(rule=rule) for rule in pyramidal.RULES)
    for finding in (
        find_lower("bursts, fixed", bursts, fixed),
        find_lower("feedback alignment, bursts", aligned, bursts),
    ):
        assert finding.verdict == "held", finding


def test_trials():
    data = pyramidal.run(n_trials=2, seconds=1.0, seed=3, progress_bar=False)
    assert data.sizes["trial"] == 2 and not data.isnull().any().to_array().any()
    for name in data:
        assert np.any(data[name][0] != data[name][1]), name
    claims = pyramidal.check_claims(data)
    assert [claim.verdict for claim in claims] == ["not shown"] * 5


def test_claims_of_neurons_over_seeds():
    """Of the compartments and the update; learning takes longer."""
    trials = []
    for seed in range(7):
        parts = [
            pyramidal.measure_responses(seconds=0.5, seed=seed),
            pyramidal.measure_angles(n_neurons=20, seconds=1.0, seed=seed),
        ]
        trials.append(xr.merge(parts))
    data = xr.concat(trials, "trial")
    rmse = np.ones((7, 3, 20))
    data["rmse"] = xr.DataArray(
        rmse,
        {"rule": list(pyramidal.RULES), "time": np.arange(20)},
        ("trial", "rule", "time"),
    )
    events, fraction, angle, *learning = pyramidal.check_claims(data)
    assert events.verdict == fraction.verdict == angle.verdict == "held", events
    assert {claim.verdict for claim in learning} == {"not shown"}
    # were apical input to drive the soma, and less time to average better
    data["event_rate"] = data["event_rate"] * (1 + 0.05 * data["apical"])
    data["angle"] = data["angle"].copy(data=data["angle"].values[..., ::-1])
    verdicts = [claim.verdict for claim in pyramidal.check_claims(data)[:3]]
    assert verdicts[0] == verdicts[2] == "opposite" and verdicts[1] != "held"
