from dataclasses import replace

import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.experiments.illustrations import (
    make_encoder_movement,
    make_iterations,
    make_tuning_curves,
)
from nengo_fa.experiments.learning_rates import (
    LearningRateExperiment,
    find_best_rates,
    find_common_rate,
    report,
)
from nengo_fa.experiments.multiplication import (
    NORMALIZATIONS,
    RULES,
    VARIABLES,
    MultiplicationExperiment,
    check_claims,
)
from nengo_fa.geometry import angle_to_axes

EXPERIMENT = MultiplicationExperiment(n_trials=40)


def run(experiment):
    template = experiment.make_template()
    parts = {name: range(template.sizes[name]) for name in experiment.chunks}
    results = experiment.run(**parts)
    return template.assign({k: (template[k].dims, v) for k, v in results.items()})


@pytest.fixture(scope="module")
def data():
    return run(EXPERIMENT)


@pytest.fixture(scope="module", params=["rate", "spiking"])
def short(request):
    """A short experiment, and its results."""
    experiment = MultiplicationExperiment(
        neurons=request.param,
        n_trials=2,
        epochs=3,
        n_samples=100,
        presentation_time=0.02,
    )
    return experiment, experiment.run(range(2))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("rule", RULES)
def test_is_what_train_does(short, rule, normalization):
    """Each trial is a declared network that is trained, to the last bit."""
    experiment, results = short
    trial = experiment.declare(1, rule, normalization)
    history = nengo_fa.train(
        trial.decode,
        trial.x,
        trial.y,
        epochs=3,
        seed=trial.seed,
        presentation_time=0.02 if experiment.neurons == "spiking" else None,
        progress_bar=False,
        network=trial.network,
    )
    (rule_types,) = {
        type(connection.learning_rule_type).__name__
        for connection in trial.network.connections
        if connection.learning_rule_type
    }
    assert rule_types == rule
    index = RULES.index(rule), NORMALIZATIONS.index(normalization), 1
    np.testing.assert_array_equal(results["rmse"][index], history.rmse)
    np.testing.assert_array_equal(results["angle"][index], history.angle)
    np.testing.assert_array_equal(
        results["encoder_length"][index], history.encoder_length
    )


def test_conditions_of_a_trial_begin_alike(data):
    start = data.isel(epoch=0)
    for name in VARIABLES:
        one = start[name].isel(rule=0, normalization=0)
        assert bool((start[name] == one).all())
    assert len(np.unique(start.rmse.isel(rule=0, normalization=0))) == 40


@pytest.mark.parametrize(
    "parameter", [{"neurons": "wet"}, {"n_trials": 0}, {"epochs": 1.5}], ids=str
)
def test_bad_parameters(parameter):
    (name,) = parameter
    with pytest.raises(ValidationError, match=name):
        MultiplicationExperiment(**parameter)


def test_seed_decides(data):
    again = run(replace(EXPERIMENT, n_trials=1))
    other = run(replace(EXPERIMENT, n_trials=1, seed=1))
    assert bool((again.rmse == data.rmse.isel(trial=[0])).all())
    assert not np.any(other.rmse.values == again.rmse.values)


def test_claims_that_hold_here(data):
    """Forty trials are enough to show these claims of the paper."""
    claims = check_claims(data)
    assert len(claims) == 7
    verdicts = {claim.statement: claim.verdict for claim in claims}
    for part in (
        "Learning with normalization ends with a lower error",
        "Without normalization, encoders become longer than one",
        "mean length of encoders within 5 % of one",
        "turns encoders to the diagonals faster",
    ):
        (statement,) = [statement for statement in verdicts if part in statement]
        assert verdicts[statement] == "held", statement


def test_claims_are_checked_on_the_data(data):
    """Claims that hold do not hold if names are exchanged."""
    exchanged = data.assign_coords(normalization=["forced", "none", "augmented"])
    claims = {claim.statement: claim for claim in check_claims(exchanged)}
    assert (
        claims["Without normalization, encoders become longer than one"].verdict
        != "held"
    )
    exchanged = data.assign_coords(rule=list(RULES[::-1]))
    *_, angle = check_claims(exchanged)
    assert "diagonals" in angle.statement and angle.verdict == "opposite"


def test_spiking_gains_as_rate_does():
    """Learning from measured spikes lowers the error by a like margin."""
    gains = {}
    for neurons in ("rate", "spiking"):
        experiment = MultiplicationExperiment(
            neurons=neurons,
            n_trials=10,
            epochs=12,
            n_samples=300,
            presentation_time=0.1,
            learning_rate=30.0,
        )
        index = RULES.index("Backprop"), NORMALIZATIONS.index("augmented")
        rmse = experiment.run(range(10))["rmse"][index]
        gains[neurons] = 1 - rmse[:, -1] / rmse[:, 0]
    assert np.median(gains["rate"]) > 0.1 and np.median(gains["spiking"]) > 0.1
    assert abs(np.median(gains["rate"]) - np.median(gains["spiking"])) < 0.1


def test_learning_rates():
    experiment = LearningRateExperiment(
        MultiplicationExperiment(n_trials=2, epochs=5, n_samples=100),
        learning_rates=(1.0, 10.0),
    )
    data = run(experiment)
    assert data.rmse.dims == ("learning_rate", "rule", "normalization", "trial")
    assert data.rmse.shape == (2, 2, 3, 2)
    alone = run(replace(experiment.experiment, learning_rate=10.0)).isel(epoch=-1)
    for name in VARIABLES:
        np.testing.assert_array_equal(data[name].sel(learning_rate=10), alone[name])
    assert "learning_rate" not in experiment.configuration
    assert find_common_rate(data) in (1, 10)
    assert "each with the best rate" in report(data)


def test_common_rate_weighs_conditions():
    """A rate that is good for all wins over one that is best for some."""
    experiment = LearningRateExperiment(
        MultiplicationExperiment(n_trials=3), learning_rates=(1.0, 2.0, 3.0)
    )
    data = experiment.make_template()
    data["rmse"][:] = 1.1
    data["rmse"].loc[{"learning_rate": 1.0}] = 2.0
    data["rmse"].loc[{"learning_rate": 1.0, "rule": "Backprop"}] = 1.0
    data["rmse"].loc[{"learning_rate": 3.0}] = 1.2
    assert find_common_rate(data) == 2
    data["rmse"].loc[{"learning_rate": 3.0}] = 0.1
    data["rmse"].loc[{"learning_rate": 3.0, "trial": [1, 2]}] = np.inf  # diverged
    assert find_common_rate(data) == 2
    best = find_best_rates(data)
    assert np.all(best.sel(rule="Backprop") == 1)
    assert np.all(best.sel(rule="FeedbackAlignment") == 2)


def test_tuning_curves():
    data = make_tuning_curves(n_points=21)
    assert data.rates.shape == (2, 21, 21)
    p = data.preferred_directions.values
    assert np.allclose(p, [[0.5**0.5, -(0.5**0.5)], [0.6, 0.8]])
    assert np.allclose(data.gain, [2**0.5, 5])
    assert data.bias[0] > 0 > data.bias[1]
    for i in range(2):
        top = data.rates[i].argmax(("x2", "x1"))
        at = np.array([data.x1[top["x1"]], data.x2[top["x2"]]])
        assert at @ p[i] > 0.9
    assert bool(np.isnan(data.rates[:, 0, 0]).all())


def test_iterations():
    data = make_iterations(EXPERIMENT, n_points=21)
    assert data.activities.shape == (3, 21, 21)
    moved = data.encoders.values[:-1] + data["update"].values[:-1]
    assert np.allclose(moved, data.encoders.values[1:])
    silent = data.activities.values == 0
    assert silent.any() and np.all(data.gated_error.values[silent] == 0)
    firing = data.activities.values > 0
    assert np.all(
        np.sign(data.gated_error.values[firing])
        == np.sign(data.projected_error.values[firing])
    )


def test_encoder_movement():
    data = make_encoder_movement(EXPERIMENT, parts=(0, 0.2, 0.6))
    assert data.encoders.shape == (3, 20, 2)
    angle = angle_to_axes(data.encoders.values).mean(axis=-1)
    np.testing.assert_array_equal(data.angle, angle)
    assert np.all(np.diff(angle) < 0)
