"""The arm experiment: learned encoders reduce the error, and claims follow the data."""

import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.experiments import arm
from nengo_fa.experiments.arm import (
    ArmExperiment,
    check_claims,
    make_movement,
    report,
    tune,
)
from nengo_fa.experiments.sweep.claims import find_lower


def test_trials(monkeypatch):
    monkeypatch.setattr(arm, "LOADS", (2.0,))
    experiment = ArmExperiment(2, 1, decoder_rates=(1e-3,), n_neurons=10)
    data = experiment.run_here()
    assert np.isfinite(data["rmse"]).all()
    assert len(np.unique(data["rmse"])) == data["rmse"].size
    # a trial is the same whichever run with it
    again = experiment.run([1])["rmse"]
    assert np.array_equal(again[..., 0], data["rmse"].sel(trial=1))


def test_learned_encoders_track_better(monkeypatch):
    """Over seeds."""
    monkeypatch.setattr(arm, "LOADS", (2.0,))
    experiment = ArmExperiment(8, 3, decoder_rates=(1e-3,))
    fixed, learned = experiment.run(range(8))["rmse"][:, 0, 0]
    assert find_lower("2 kg", learned, fixed).verdict == "held"
    assert np.median(learned / fixed) < 0.8


def test_movement_has_the_velocities_of_its_angles(rng, allclose):
    move = make_movement(rng)
    h = 1e-6
    for t in (0.0, 1.3):
        change = (move(t + h)[:2] - move(t - h)[:2]) / (2 * h)
        assert allclose(move(t)[2:], change, atol=1e-6)


@pytest.mark.parametrize("name", ["n_trials", "seconds", "n_neurons"])
def test_refuses(name):
    with pytest.raises(ValidationError, match=name):
        ArmExperiment(**{name: 0})


@pytest.fixture
def data(rng):
    """Fixed encoders do best at the second rate; learned ones gain more with a load."""
    template = ArmExperiment(n_trials=9).make_template()
    load = np.arange(1, 5)[:, np.newaxis]
    fixed = np.array([0.02, 0.01, 0.03])[:, np.newaxis, np.newaxis]
    fixed = fixed * load * rng.uniform(0.95, 1.05, (3, 4, 9))
    learned = fixed * (1 - 0.2 * load) * rng.uniform(0.95, 1.05, fixed.shape)
    return template.assign(rmse=(template["rmse"].dims, [fixed, learned]))


def test_claims(data):
    assert tune(data) == 3e-3
    better, more = check_claims(data)
    assert better.verdict == more.verdict == "held"
    assert (len(better.findings), len(more.findings)) == (12, 3)
    swapped = data.assign(rmse=(data["rmse"].dims, data["rmse"].values[::-1]))
    assert {claim.verdict for claim in check_claims(swapped)} == {"opposite"}
    # the order of dimensions is not what decides
    assert [c.verdict for c in check_claims(data.transpose())] == ["held"] * 2


def test_report(data):
    lines = report(data).splitlines()
    assert "PES at 0.003" in lines[0]
    rate, fixed, learned, ratio, low, high = map(float, lines[3].split())
    assert rate == 3e-3
    assert np.allclose([fixed, learned], [0.025, 0.01], atol=0.002)
    assert np.allclose([low, ratio, high], [0.35, 0.5, 0.65], atol=0.1)
