from dataclasses import replace

import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.experiments.classification import load_centered
from nengo_fa.experiments.depth import (
    VARIABLES,
    VARIANTS,
    DepthExperiment,
    check_claims,
    choose_rates,
    report,
)
from nengo_fa.experiments.learning_rates import LearningRateExperiment

EXPERIMENT = DepthExperiment(
    dataset="digits",
    n_trials=2,
    epochs=10,
    learning_rate=0.01,
    depths=(1, 3),
    n_neurons=50,
    n_samples=800,
    batch_size=50,
)


def run(experiment):
    template = experiment.make_template()
    parts = {name: range(len(template[name])) for name in experiment.chunks}
    results = experiment.run(**parts)
    return template.assign({k: (template[k].dims, v) for k, v in results.items()})


@pytest.fixture(scope="module")
def data():
    return run(EXPERIMENT)


def test_learning(data):
    """All begin with the same networks; and these three go through three layers."""
    for name in VARIABLES:
        assert np.isfinite(data[name]).all()
    start, end = data.rmse.isel(epoch=0), data.rmse.isel(epoch=-1)
    assert (start == start.isel(variant=0)).all()
    assert len(np.unique(start)) == 4
    taught = ["backprop", "local", "direct"]
    assert (end.sel(variant=taught) < 0.9 * start).all()
    assert (data.test_error.sel(variant=taught) < data.untaught_error).all()
    last = data.test_error.sel(variant="last layer", depth=3)
    assert (data.test_error.sel(variant=taught, depth=3) < last).all()
    angle = data.alignment
    assert np.allclose(angle.sel(variant="backprop"), 0, atol=1e-4)
    assert np.allclose(angle.sel(variant="last layer", depth=3), np.pi / 2)
    assert (angle.sel(variant="global", depth=1) < 1.4).all()


def test_one_layer_has_one_feedback_alignment(data):
    one = data.sel(depth=1)
    for same in (["direct", "local", "global", "last layer"], list(VARIANTS[:2])):
        assert (one.rmse.sel(variant=same) == one.rmse.sel(variant=same[0])).all()


def test_parts_are_the_whole(data):
    part = EXPERIMENT.run(variant=range(4, 5), trial=range(1, 2))
    for name in VARIABLES:
        chosen = data[name].isel(trial=[1])
        chosen = chosen.isel(variant=[4]) if "variant" in chosen.dims else chosen
        np.testing.assert_array_equal(part[name], chosen)


@pytest.mark.parametrize("variant", ["global", "local backprop", "last layer"])
def test_the_first_update_is_of_that_length(variant):
    """The first update has this length for all samples at once, in each layer that learns."""
    experiment = replace(
        EXPERIMENT, n_samples=500, epochs=1, learning_rate=0.02, depths=(3,)
    )
    rates = []
    declare = DepthExperiment.declare

    class Recorded(DepthExperiment):
        def declare(self, variant, depth, seed, learning_rate=1.0):
            rates.append((seed, learning_rate))
            return declare(self, variant, depth, seed, learning_rate)

    Recorded(**vars(experiment)).run([VARIANTS.index(variant)], trial=[0])
    seed, rates = rates[-1]
    model, network = experiment.declare(variant, 3, seed, rates)
    samples = load_centered("digits")
    rng = np.random.RandomState([experiment.seed, 0])
    rng.randint(2)
    chosen = rng.permutation(len(samples.x_train))[:500]
    x, y = samples.x_train[chosen], samples.one_hot()[0][chosen]
    history = nengo_fa.train(
        network.decode, x, y, 1, snapshots=[0], network=model, progress_bar=False
    )
    lengths = [
        np.linalg.norm(layer.encoders - layer.snapshots[0])
        / np.linalg.norm(layer.snapshots[0])
        for layer in history.layers
    ]
    taught = slice(-1, None) if variant == "last layer" else slice(None)
    expected = np.zeros(3)
    expected[taught] = 0.02
    np.testing.assert_allclose(lengths, expected, rtol=1e-4, atol=1e-9)


def test_rates_are_chosen_by_variant_and_depth():
    other = replace(EXPERIMENT, n_trials=1, epochs=1, n_samples=200)
    experiment = LearningRateExperiment(other, (0.01, 0.03))
    data = run(experiment)
    at_one = run(replace(other, learning_rate=0.03))
    for name in ("rmse", "test_error", "alignment"):
        expected = at_one[name]
        expected = expected.isel(epoch=-1) if "epoch" in expected.dims else expected
        assert (data[name].sel(learning_rate=0.03) == expected).all()
    assert "learning_rate" not in data.untaught_error.dims

    data["rmse"].loc[{"learning_rate": 0.01}] = 1.0
    data["rmse"].loc[{"learning_rate": 0.03}] = 2.0
    data["rmse"].loc[{"learning_rate": 0.03, "variant": "local", "depth": 3}] = 0.5
    data["rmse"].loc[{"learning_rate": 0.01, "variant": "global"}] = np.inf
    chosen = choose_rates(data)
    assert chosen["local"] == {1: 0.01, 3: 0.03}
    assert chosen["global"] == {1: 0.03, 3: 0.03}
    assert set(chosen) == set(VARIANTS)


def test_each_has_its_own_rate(data):
    same = {variant: {1: 0.01, 3: 0.01} for variant in VARIANTS}
    same["direct"] = {1: 0.01, 3: 0.03}
    experiment = replace(EXPERIMENT, learning_rate=same)
    results = experiment.run(variant=range(4, 5), trial=range(1))["rmse"][0, :, 0]
    expected = data.rmse.sel(variant="direct", trial=0)
    np.testing.assert_array_equal(results[0], expected.sel(depth=1))
    assert not np.array_equal(results[1], expected.sel(depth=3))


def test_divergence():
    """The error is infinite from then on, and the answers are always the same."""
    experiment = replace(EXPERIMENT, neurons="relu", learning_rate=1e20, depths=(2,))
    results = experiment.run(variant=range(1), trial=range(1))
    values = results["rmse"].ravel()
    assert np.isfinite(values[0]) and np.isposinf(values[1:]).all()
    assert 0.85 < results["test_error"].item() < 0.95
    assert np.isfinite(results["alignment"])


def test_claims(data):
    """Each claim compares the named quantities, and changes with the data."""
    claims = check_claims(data)
    assert [len(claim.findings) for claim in claims] == [10, 5, 6]
    many = data.isel(trial=np.zeros(10, dtype=int)).copy(deep=True)
    noise = np.random.RandomState(0).uniform(1, 1.01, size=10)
    many["untaught_error"][...] = 0.8 * noise
    many["test_error"][...] = 0.2
    many["test_error"].loc[{"variant": "last layer"}] = 0.3 * noise
    many["test_error"].loc[{"variant": "global", "depth": 3}] = 0.9
    many["rmse"][...] = np.linspace(1, 0.5, 11)
    many["rmse"].loc[{"variant": "local"}] = 1.0
    learns, before_last, faster = check_claims(many)
    assert learns.verdict == "held in 9 of 10"
    assert before_last.verdict == "held in 4 of 5"
    verdicts = {finding.condition: finding.verdict for finding in faster.findings}
    assert verdicts["local, 3 layers"] == "held"
    assert verdicts["direct, 1 layer"] == "not shown"


def test_report(data):
    """Each number is of the condition in whose line and column it is."""
    errors, angles = (table.splitlines() for table in report(data).split("\n\n"))
    assert errors[1].split() == angles[1].split() == ["1", "3"]
    by_name = {line[:20].strip(): line[20:].split() for line in errors[2:]}
    assert list(by_name) == [*VARIANTS, "before learning"]
    expected = 100 * data.test_error.sel(variant="global").median("trial")
    assert by_name["global"] == [f"{value:.1f}" for value in expected.values]
    untaught = 100 * data.untaught_error.median("trial")
    assert by_name["before learning"] == [f"{value:.1f}" for value in untaught.values]
    assert angles[2].split() == ["backprop", "0.00", "0.00"]
    assert angles[-1].split()[-1] == "1.57"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"neurons": "spiking"}, "rate, relu"),
        ({"epochs": 0}, "at least 1"),
        ({"n_neurons": 1}, "at least 2"),
        ({"depths": (0, 1)}, "at least 1"),
        ({"depths": ()}, "increasing numbers of layers"),
        ({"depths": (3, 1)}, "increasing numbers of layers"),
        ({"device": "abacus"}, "cuda"),
        ({"dataset": "letters"}, "mnist"),
    ],
    ids=str,
)
def test_bad_parameters(change, message):
    with pytest.raises(ValidationError, match=message):
        replace(EXPERIMENT, **change)
