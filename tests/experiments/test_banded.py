from dataclasses import replace

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.experiments.banded import (
    CONNECTIVITIES,
    TAUGHT,
    VARIABLES,
    BandedExperiment,
    check_claims,
    make_inputs,
    make_targets,
)
from nengo_fa.experiments.banded_fields import make_fields, make_points
from nengo_fa.rules.teach_chain import VARIANTS

EXPERIMENT = BandedExperiment(n_trials=2, epochs=2, n_samples=60, n_batches=3)
OTHERS = [variant for variant in VARIANTS if variant != "backprop"]


@pytest.fixture(scope="module")
def data():
    template = EXPERIMENT.make_template()
    results = EXPERIMENT.run(range(5), range(2), range(2))
    return template.assign(
        {name: (template[name].dims, values) for name, values in results.items()}
    )


def test_results(data):
    """All variants begin with the same errors, which differ after learning."""
    for name in VARIABLES:
        assert np.isfinite(data[name]).all()
    for name in ("rmse", "test_error"):
        start = data[name].isel(epoch=0)
        assert (start == start.isel(variant=0, taught=0)).all()
        assert len(np.unique(start)) == 4
    assert len(np.unique(data.rmse.isel(epoch=-1, taught=0))) == 20
    assert np.allclose(data.alignment.sel(variant="backprop"), 1)
    assert (data.alignment.sel(variant=OTHERS) < 0.99).all()


def test_parts_are_the_whole(data):
    part = EXPERIMENT.run(range(3, 4), range(1, 2), range(1, 2))
    for name in VARIABLES:
        chosen = data[name].isel(variant=3, connectivity=1, trial=1)
        np.testing.assert_array_equal(part[name][0, 0, :, 0], chosen)


@pytest.fixture(scope="module")
def one_batch():
    """Of "global" in one trial, for each connectivity and each layer that is taught."""
    experiment = replace(EXPERIMENT, n_batches=1, epochs=2)
    results = experiment.run([list(VARIANTS).index("global")], range(2), [0])
    return experiment, results["rmse"][0, ..., 0, :]


@pytest.mark.parametrize("taught", TAUGHT)
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_training(one_batch, connectivity, taught):
    """Training is that of `train`; only taught layers learn, from the inputs that they see."""
    experiment, results = one_batch
    rmse = results[CONNECTIVITIES.index(connectivity), list(TAUGHT).index(taught)]
    network = experiment.declare(0, "global", connectivity, taught)
    start = np.array(network.ensembles[0].encoders)
    samples = experiment.make_data(0)
    history = nengo_fa.train(
        network.decode,
        make_inputs(samples.x_train),
        make_targets(samples.labels_train),
        epochs=2,
        solver=nengo.solvers.LstsqL2(reg=0.01),
        progress_bar=False,
        network=network,
    )
    np.testing.assert_allclose(rmse, history.rmse)
    first, second = (layer.encoders for layer in history.layers)
    assert np.allclose(first, start) == (taught == "second")
    lengths = np.linalg.norm(second, axis=1)
    assert np.allclose(lengths, 1) == (taught == "first")
    seen = np.count_nonzero(first[:, :2], axis=1)
    assert np.all(seen == (1 if connectivity == "limited" else 2))
    assert np.all(first[:, 2] != 0)


def test_only_backpropagation_learns_with_limited_connectivity():
    """Direct feedback alignment hardly changes the errors."""
    experiment = BandedExperiment(epochs=60)

    def find_fall(variant):
        results = [
            experiment._train(
                trial, experiment.declare(trial, variant, "limited", "first")
            )
            for trial in range(3)
        ]
        return np.median([1 - one["rmse"][-1] / one["rmse"][0] for one in results])

    assert find_fall("backprop") > 0.15
    assert find_fall("direct") < 0.08


def test_averages_vanish():
    """Two bands: over the hidden dimension nothing is left, unless gates are live."""
    experiment = BandedExperiment(n_bands=2, epochs=1)
    parts = {
        variant: np.mean(
            [
                experiment._train(
                    trial, experiment.declare(trial, variant, "limited", "first")
                )["visible"][0]
                for trial in range(4)
            ]
        )
        for variant in ("backprop", "direct", "local")
    }
    assert parts["backprop"] > 0.1
    assert abs(parts["direct"]) < 0.05 and abs(parts["local"]) < 0.05


def test_fields():
    """The mean is that of the field; direct feedback alignment has the error itself."""
    fields = make_fields(EXPERIMENT, n_points=30)
    assert list(fields.variant.values) == list(VARIANTS)
    np.testing.assert_allclose(fields["mean"], fields.taught.mean("x2"))
    # the neuron sees x1 only, so it fires in whole columns
    silent = fields.taught.sel(variant="direct") == 0
    assert (silent.all("x2") == silent.any("x2")).all() and not silent.all()
    local, direct = (fields.taught.sel(variant=name) for name in ("local", "direct"))
    cosine = (local * direct).sum() / np.sqrt((local**2).sum() * (direct**2).sum())
    assert abs(cosine) == pytest.approx(1)


def test_points():
    points = make_points(EXPERIMENT)
    assert points.x.shape == (60, 2) and set(points.label.values) == {0, 1}
    assert points.attrs["n_bands"] == 3


def test_parity():
    """More dimensions, each seen by some neuron."""
    experiment = replace(EXPERIMENT, n_bands=2, dimensions=4, n_trials=1)
    network = experiment.declare(0, "backprop", "limited")
    encoders = np.array(network.ensembles[0].encoders)
    assert np.all(np.count_nonzero(encoders, axis=0) == [3, 3, 3, 3, 12])
    results = experiment.run(range(1), range(2), range(1))
    assert all(np.isfinite(values).all() for values in results.values())


def test_claims(data):
    """Each is about the conditions that it names, and changes with the data."""
    assert [len(claim.findings) for claim in check_claims(data)] == [
        *(5, 8),
        *(1, 4, 8),
        *(1, 4),
        *(4, 4),
    ]
    many = data.isel(trial=np.zeros(20, dtype=int)).copy(deep=True)
    many["trial"] = np.arange(20)
    noise = np.random.RandomState(0).uniform(1, 1.01, size=many.rmse.shape)
    for name in VARIABLES:
        many[name][...] = noise
    backprop = {"variant": "backprop", "epoch": slice(1, None)}
    full = {"connectivity": "full", "epoch": slice(1, None)}
    many["test_error"].loc[full] *= 0.8
    many["test_error"].loc[backprop] *= 0.5
    many["test_error"].loc[{**backprop, "taught": "both"}] *= 0.5
    many["visible"].loc[backprop] *= 2
    many["alignment"].loc[{"connectivity": "full", "variant": "direct"}] *= 2
    verdicts = [claim.verdict for claim in check_claims(many)]
    assert verdicts[:6] == ["held"] * 6
    assert verdicts[6] == "not shown"
    assert verdicts[7] == "held" and verdicts[8] == "held in 1 of 4"
    many["rmse"].loc[{"variant": OTHERS, "epoch": 2}] *= 0.5
    many["test_error"].loc[backprop] *= 8
    verdicts = [claim.verdict for claim in check_claims(many)]
    assert verdicts[1:5] == ["opposite"] * 4


def test_divergence_is_infinite():
    experiment = replace(EXPERIMENT, learning_rate=1e300)
    results = experiment.run(range(1), range(1), range(1))
    for name in VARIABLES:
        values = results[name][0, 0, 0, 0]
        assert np.isfinite(values[0]) and np.isposinf(values[1:]).all()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"n_bands": 1}, "at least 2"),
        ({"dimensions": 1}, "at least 2"),
        ({"epochs": 2.5}, "integer"),
        ({"dimensions": 20}, "for each dimension to be seen"),
        ({"n_samples": 10}, "for 20 neurons and 3 batches"),
    ],
    ids=str,
)
def test_bad_parameters(change, message):
    with pytest.raises(ValidationError, match=message):
        replace(EXPERIMENT, **change)
