"""The function of the compartments, and learning from bursts, over seeds."""

import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.experiments import pyramidal
from nengo_fa.experiments.pyramidal import APICAL, BASAL, WEIGHTS, PyramidalExperiment
from nengo_fa.experiments.sweep.claims import find_lower


@pytest.fixture(scope="module")
def responses():
    """Event and burst rates, in several seeds."""
    return [pyramidal.measure_responses(seconds=1.0, seed=seed) for seed in range(3)]


def test_apical_input_leaves_events_almost_unchanged(responses):
    for rates, _ in responses:
        change = np.ptp(rates, axis=0)[BASAL > 1.2]
        # over the whole range of bursts, from two in a hundred events to 98
        assert np.all(change < 7) and change.mean() < 4
        assert rates[:, -1].min() > 5 * rates[:, BASAL > 1.1][:, 0].max()


def test_bursts_follow_the_apical_input_alone(responses):
    for events, bursts in responses:
        for basal in (BASAL > 1.2) & (BASAL <= 2.5), BASAL > 2.5:
            fraction = bursts[:, basal].sum(axis=1) / events[:, basal].sum(axis=1)
            expected = nengo_fa.Pyramidal().burst_probabilities(APICAL)
            assert np.abs(fraction - expected).max() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_angle_to_eq_3_falls_with_time(seed):
    angles = pyramidal.measure_angles(n_neurons=20, seconds=16.0, seed=seed)
    angle = angles[list(WEIGHTS).index(3)]
    assert np.all(np.diff(angle) < 0)
    assert angle[-1] < 0.35 and angle[-1] < angle[0] / 3


def test_rates_have_a_small_angle_at_once():
    angles = pyramidal.measure_angles(
        nengo_fa.PyramidalRate(), n_neurons=20, seconds=8.0, seed=0
    )
    assert angles[list(WEIGHTS).index(3)].max() < 0.2


def test_bursts_teach_multiplication():
    """Over seeds: better than fixed encoders, and not as well as feedback alignment."""
    trials = np.array([pyramidal.learn(seconds=4.0, seed=seed) for seed in range(12)])
    fixed, bursts, aligned = np.sqrt(np.mean(trials[..., 15:] ** 2, axis=-1)).T
    for finding in (
        find_lower("bursts, fixed", bursts, fixed),
        find_lower("feedback alignment, bursts", aligned, bursts),
    ):
        assert finding.verdict == "held", finding


def test_trials():
    experiment = PyramidalExperiment(n_trials=2, seconds=1, seed=3)
    data = experiment.run_here()
    assert not data.isnull().any().to_array().any()
    for name, values in experiment.run(trial=[1]).items():
        assert np.any(data[name][0] != data[name][1]), name
        assert np.array_equal(values[0], data[name][1]), name
    claims = pyramidal.check_claims(data)
    assert [claim.verdict for claim in claims] == ["not shown"] * 5


@pytest.mark.parametrize("name", ["n_trials", "seconds", "n_neurons"])
def test_bad_parameters(name):
    with pytest.raises(ValidationError, match="at least 1") as info:
        PyramidalExperiment(**{name: 0})
    assert info.value.attr == name


def test_claims_of_neurons_over_seeds():
    """Of the compartments and the update; learning takes longer."""
    data = PyramidalExperiment(seconds=1, n_neurons=20).run_here()
    data["rmse"] = data["rmse"].copy(data=np.ones(data["rmse"].shape))
    events, fraction, angle, *learning = pyramidal.check_claims(data)
    assert events.verdict == fraction.verdict == angle.verdict == "held", events
    assert {claim.verdict for claim in learning} == {"not shown"}
    # were apical input to drive the soma, and less time to average better
    data["event_rate"] = data["event_rate"] * (1 + 0.05 * data["apical"])
    data["angle"] = data["angle"].copy(data=data["angle"].values[..., ::-1])
    verdicts = [claim.verdict for claim in pyramidal.check_claims(data)[:3]]
    assert verdicts[0] == verdicts[2] == "opposite" and verdicts[1] != "held"
