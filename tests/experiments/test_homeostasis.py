from dataclasses import replace

import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.experiments.classification import ClassificationExperiment
from nengo_fa.experiments.homeostasis import (
    FAR,
    NORMALIZATIONS,
    HomeostasisExperiment,
    check_claims,
    find_factors,
    report,
)
from nengo_fa.experiments.homeostasis_online import OnlineHomeostasisExperiment
from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.experiments.phase_portrait import (
    make_phase_portrait,
    predict_change,
)
from nengo_fa.experiments.sweep.claims import find_lower


def run(experiment):
    template = experiment.make_template()
    results = experiment.run(range(template.sizes["trial"]))
    return template.assign({k: (template[k].dims, v) for k, v in results.items()})


@pytest.fixture(scope="module")
def data():
    return run(HomeostasisExperiment(MultiplicationExperiment(n_trials=8, epochs=50)))


def test_sign_of_error_times_drive_decides(data):
    """Over seeds: whether a length is attracted, and by how much."""
    for rule in data["rule"].values:
        measured, predicted = find_factors(data, rule)
        same = np.sign(measured) == np.sign(predicted)
        assert np.median(same.mean(axis=1)) > 0.95
        assert (predicted > 0).sum() > 10 and (predicted < 0).sum() > 100
        slow = np.abs(predicted) < 1
        assert np.median(np.abs(measured - predicted)[slow]) < 0.1


def test_claims_over_seeds(data):
    claims = check_claims(data)
    assert len(claims) == 5
    attracted, predicted, fewer, farthest, _ = claims
    verdicts = {finding.condition: finding.verdict for finding in attracted.findings}
    for rule in data["rule"].values:
        assert verdicts[f"{rule}, augmented"] != "held"
        for normalization in ("homeostatic", "stabilized"):
            assert verdicts[f"{rule}, {normalization}"] == "held"
    assert predicted.verdict == farthest.verdict == "held"
    exchanged = ["none", "augmented", "stabilized", "homeostatic"]
    _, _, fewer, farthest, _ = check_claims(data.assign_coords(normalization=exchanged))
    assert "held" not in {fewer.verdict, farthest.findings[0].verdict}


def test_report(data):
    """The numbers of a line are of its condition, at the end."""
    *lines, _, far, positive = report(data).splitlines()
    assert far.startswith("far: ") and positive.startswith("s > 0: ")
    assert len(lines) == 1 + 8
    (line,) = (line for line in lines if line.startswith("FeedbackAlignment, none"))
    chosen = data.sel(rule="FeedbackAlignment", normalization="none").isel(epoch=-1)
    lengths = np.sort(chosen["encoder_length"].values.ravel())
    rmse, median, low, high, longest, far, positive = map(float, line.split()[2:])
    assert rmse == pytest.approx(chosen["rmse"].median().item(), rel=1e-3)
    assert longest == pytest.approx(lengths[-1], rel=1e-3)
    assert (lengths < low).mean() == pytest.approx(0.05, abs=0.01)
    assert (lengths > high).mean() == pytest.approx(0.05, abs=0.01)
    assert low < median < high and 0 < positive < 50
    assert far == pytest.approx(100 * np.mean(np.abs(lengths - 1) > 0.5), rel=1e-3)
    diverged = data.copy(deep=True)
    for name in ("radial", "encoder_length"):
        diverged[name][..., 40:, :] = np.inf
    *_, longest, far, positive = map(
        float, report(diverged).splitlines()[1].split()[2:]
    )
    assert np.isinf(longest) and far == 100 and positive < 50


def test_one_runs_away_and_none_when_stabilized(data):
    longest = data["encoder_length"].sel(rule="FeedbackAlignment").max()
    stabilized = data["encoder_length"].sel(normalization="stabilized")
    assert longest > 3
    assert stabilized.isel(epoch=-1).max() < 1.15


@pytest.fixture(scope="module")
def digits():
    """In small steps, each of them with all of the samples."""
    inner = ClassificationExperiment(
        "digits", n_trials=8, epochs=12, learning_rate=0.1, n_neurons=30, n_batches=1
    )
    return run(HomeostasisExperiment(inner))


def test_sign_of_error_times_drive_decides_on_digits(digits):
    """This is true over seeds, for most neurons and for neurons of either sign."""
    _, predicted, *_ = check_claims(digits)
    assert predicted.verdict == "held", predicted
    # most signs are negative: that all lengths come closer would be right about these
    measured, factors = find_factors(digits, "FeedbackAlignment")
    attracted, repelled = (
        np.ma.median(np.ma.masked_array(measured, ~chosen), axis=1)
        for chosen in (factors < 0, factors > 0)
    )
    for finding in (
        find_lower("s < 0", attracted, np.zeros(8)),
        find_lower("s > 0", np.zeros(8), repelled),
    ):
        assert finding.verdict == "held", finding


def test_without_spread_it_is_the_experiment():
    inner = MultiplicationExperiment(n_trials=2, epochs=3, n_samples=100)
    ours = run(HomeostasisExperiment(inner, spread=0)).sel(normalization="augmented")
    theirs = inner.run(range(2))
    np.testing.assert_allclose(ours["rmse"], theirs["rmse"][:, 2], rtol=1e-9)
    lengths = ours["encoder_length"].mean("neuron")
    np.testing.assert_allclose(lengths, theirs["encoder_length"][:, 2], rtol=1e-9)
    assert len(check_claims(run(HomeostasisExperiment(inner, spread=0)))) == 3


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_is_what_train_does_in_batches(normalization):
    inner = ClassificationExperiment(
        "digits", n_trials=1, epochs=2, n_neurons=30, baseline="differences"
    )
    ours = run(HomeostasisExperiment(inner, spread=0))
    network = inner.declare(0, "Backprop", normalization)
    data = nengo_fa.datasets.load("digits").centered()
    history = nengo_fa.train(
        network.decode,
        data.x_train,
        data.one_hot()[0],
        2,
        inner.batch_size,
        seed=network.seed,
        progress_bar=False,
        network=network,
    )
    chosen = ours.sel(rule="Backprop", normalization=normalization).isel(trial=0)
    lengths = np.linalg.norm(history.encoders, axis=-1)
    # one is of batches that follow one another in another precision
    np.testing.assert_allclose(chosen["encoder_length"][-1], lengths, rtol=1e-6)


def test_online():
    """In each of several seeds, lengths end closer to one than they began."""
    experiment = OnlineHomeostasisExperiment(n_trials=3, seconds=1)
    data = run(experiment).isel(rule=0)
    assert data["encoder_length"].dims == ("normalization", "trial", "epoch", "neuron")
    start = data["encoder_length"].isel(epoch=0)
    assert bool((start == start.isel(normalization=0)).all())
    distance = np.abs(data["encoder_length"].sel(normalization="stabilized") - 1)
    distance = distance.median("neuron")
    assert bool((distance.isel(epoch=-1) < 0.8 * distance.isel(epoch=0)).all())
    again = run(replace(experiment, n_trials=1)).isel(rule=0)
    np.testing.assert_array_equal(again["rmse"][:, 0], data["rmse"][:, 0])


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_online_lengths_run_away_unless_stabilized():
    """Over seeds, at the learning rate of the command."""
    experiment = OnlineHomeostasisExperiment(seconds=5)
    start, homeostatic, stabilized = [], [], []
    for trial in range(12):
        for farthest, normalization in (
            (homeostatic, "homeostatic"),
            (stabilized, "stabilized"),
        ):
            # the other two are not needed
            length = experiment._learn(trial, normalization)["encoder_length"]
            distance = np.abs(length - 1).max(axis=1)
            farthest.append(distance.max())
        start.append(distance[0])
    for finding in (
        find_lower("homeostatic", np.full(12, FAR), homeostatic),
        find_lower("stabilized", stabilized, 1.1 * np.array(start)),
        find_lower("both", stabilized, homeostatic),
    ):
        assert finding.verdict == "held", finding


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_what_diverges_online_is_infinite():
    experiment = OnlineHomeostasisExperiment(n_trials=1, seconds=3, learning_rate=1e3)
    lengths = run(experiment)["encoder_length"].sel(normalization="homeostatic")
    assert not bool(lengths.isnull().any())
    assert bool(np.isinf(lengths.isel(epoch=-1)).all())
    assert bool(np.isfinite(lengths.isel(epoch=0)).all())


@pytest.mark.parametrize(
    "make",
    [
        lambda: HomeostasisExperiment(MultiplicationExperiment(), spread=1.0),
        lambda: OnlineHomeostasisExperiment(spread=-0.1),
        lambda: OnlineHomeostasisExperiment(seconds=0.5),
    ],
)
def test_bad_parameters(make):
    with pytest.raises(ValidationError, match="spread|seconds"):
        make()


def test_phase_portrait_is_as_predicted():
    data = make_phase_portrait(duration=4.0)
    for rule in data["rule"].values:
        for s in data["s"].values:
            predicted = predict_change(rule, data["u"].values, s)
            velocity = data["velocity"].sel(rule=rule, s=s)
            np.testing.assert_allclose(velocity, predicted, atol=1e-9)
    stays = np.isfinite(data["predicted"]).all("time").values
    assert list(stays) == [True, True, True, True, False]
    np.testing.assert_allclose(
        data["homeostatic"][stays], data["predicted"][stays], atol=0.02
    )
    assert data["homeostatic"][4].max() > 100
    ends = data.isel(time=-1)
    assert bool((np.abs(ends["stabilized"] - 1) < 0.02).all())
