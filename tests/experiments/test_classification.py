from dataclasses import replace

import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.experiments.classification import (
    BASELINES,
    VARIABLES,
    ClassificationExperiment,
    check_claims,
    load_centered,
)
from nengo_fa.experiments.sweep.conditions import NORMALIZATIONS, RULES

EXPERIMENT = ClassificationExperiment(
    dataset="digits", n_trials=2, epochs=6, n_neurons=60, learning_rate=5.0
)


def run(experiment):
    template = experiment.make_template()
    parts = {name: range(len(template[name])) for name in experiment.chunks}
    results = experiment.run(**parts)
    return template.assign({k: (template[k].dims, v) for k, v in results.items()})


@pytest.fixture(scope="module")
def data():
    return run(EXPERIMENT)


@pytest.mark.parametrize("neurons", ["rate", "relu"])
@pytest.mark.parametrize("rule, normalization", [(0, 2), (1, 0), (1, 1)])
def test_is_what_train_does(neurons, rule, normalization):
    """Each part is a declared network that is trained, to the last bit."""
    experiment = replace(EXPERIMENT, neurons=neurons, epochs=2, n_trials=3)
    network = experiment.declare(2, RULES[rule], NORMALIZATIONS[normalization])
    samples = load_centered("digits")
    y_train, y_test = samples.one_hot()
    history = nengo_fa.train(
        network.decode,
        samples.x_train,
        y_train,
        epochs=2,
        batch_size=experiment.batch_size,
        seed=network.seed,
        progress_bar=False,
        network=network,
        test=(samples.x_test, y_test),
    )
    results = experiment.run(
        rule=range(rule, rule + 1),
        normalization=range(normalization, normalization + 1),
        trial=range(2, 3),
    )
    np.testing.assert_array_equal(results["rmse"][0, 0, 0], history.rmse)
    np.testing.assert_array_equal(
        results["encoder_length"][0, 0, 0], history.encoder_length
    )


def test_parts_are_the_whole(data):
    part = EXPERIMENT.run(
        rule=range(1, 2), normalization=range(2, 3), trial=range(1, 2)
    )
    for name in VARIABLES:
        chosen = data[name].isel(rule=1, normalization=2, trial=1)
        np.testing.assert_array_equal(part[name][0, 0, 0], chosen)
    for name in BASELINES:
        np.testing.assert_array_equal(part[name], data[name].isel(trial=[1]))


def test_learning(data):
    """All six learn, from the same neurons, and do better than chance by far."""
    for name in VARIABLES:
        assert np.isfinite(data[name]).all()
        # each trial begins in one way, and no two of them in the same
        start = data[name].isel(epoch=0)
        assert (start == start.isel(rule=0, normalization=0)).all()
    assert len(np.unique(data.rmse.isel(epoch=0))) == 2
    assert (data.rmse.isel(epoch=-1) < 0.9 * data.rmse.isel(epoch=0)).all()
    assert (data.test_error.isel(epoch=-1) < 0.2).all()
    assert (data.baseline_error < 0.3).all()
    length = data.encoder_length.isel(epoch=-1)
    assert np.allclose(length.sel(normalization="forced"), 1)
    assert (length.sel(normalization="none") > 1.1).all()


def test_the_test_error_counts_what_is_misclassified():
    experiment = replace(EXPERIMENT, epochs=3, n_batches=1)
    network = experiment.declare(0, "FeedbackAlignment", "augmented")
    rule = RULES.index("FeedbackAlignment")
    results = experiment.run([rule], [NORMALIZATIONS.index("augmented")], trial=[0])
    samples = load_centered("digits")
    y_train, _ = samples.one_hot()
    history = nengo_fa.train(
        network.decode, samples.x_train, y_train, 3, progress_bar=False, network=network
    )
    path = nengo_fa.offline.walk_back.find_path(network.decode, network)
    built = path.model.params[network.hidden]
    current = samples.x_test @ built.scaled_encoders.T + built.bias
    ones, zeros = np.ones_like(built.bias), np.zeros_like(built.bias)
    activities = network.hidden.neuron_type.rates(current, ones, zeros)
    answers = (activities @ history.decoders.T).argmax(axis=1)
    expected = np.mean(answers != samples.labels_test)
    assert results["test_error"][0, 0, 0, -1] == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("encoders", ["gabor", "patches"])
def test_receptive_fields_stay(encoders):
    experiment = replace(EXPERIMENT, encoders=encoders, epochs=2)
    network = experiment.declare(0)
    start = np.array(network.hidden.encoders)
    samples = load_centered("digits")
    history = nengo_fa.train(
        network.decode,
        samples.x_train,
        samples.one_hot()[0],
        2,
        progress_bar=False,
        network=network,
    )
    assert 0.5 < np.mean(start == 0) < 0.9
    assert np.all(history.encoders[start == 0] == 0)
    assert not np.allclose(history.encoders, start, atol=0.1)


def test_claims(data):
    """Each is about the conditions that it names, and changes with the data."""
    claims = check_claims(data)
    assert [len(claim.findings) for claim in claims] == [4, 4, 3, 3, 6]
    many = data.isel(trial=np.zeros(20, dtype=int)).copy(deep=True)
    noise = np.random.RandomState(0).uniform(1, 1.01, size=many.rmse.shape)
    for name in ("rmse", "test_error"):
        many[name][...] = noise
        many[name].loc[{"rule": "Backprop"}] *= 0.5
    many["baseline_error"][...] = 0.7
    verdicts = [claim.verdict for claim in check_claims(many)]
    assert verdicts == ["held", "held", "held", "held", "held in 3 of 6"]
    many["rmse"].loc[{"normalization": "none"}] *= 2
    many["test_error"].loc[{"rule": "Backprop"}] *= 4
    verdicts = [claim.verdict for claim in check_claims(many)]
    assert verdicts == ["opposite", "held", "held", "opposite", "opposite"]


def test_spikes():
    """Measured activities are near the rates, and so is the error."""
    parts = dict(rule=range(1), normalization=range(2, 3), trial=range(1))
    rates = replace(EXPERIMENT, epochs=2).run(**parts)
    spikes = replace(EXPERIMENT, epochs=2, neurons="spiking").run(**parts)
    assert not np.array_equal(rates["rmse"], spikes["rmse"])
    np.testing.assert_allclose(spikes["rmse"], rates["rmse"], rtol=0.2)


def test_divergence_is_infinite():
    experiment = replace(EXPERIMENT, neurons="relu", learning_rate=1e30, epochs=2)
    results = experiment.run(rule=range(1), normalization=range(1), trial=range(1))
    for name in VARIABLES:
        values = results[name].ravel()
        assert np.isfinite(values[0]) and np.isposinf(values[1:]).all()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"neurons": "wet"}, "rate, spiking, relu"),
        ({"encoders": "round"}, "sphere, gabor"),
        ({"epochs": 0}, "at least 1"),
        ({"n_neurons": 2.5}, "integer"),
        ({"n_neurons": 5000}, "too few samples"),
        ({"device": "abacus"}, "cuda"),
        ({"dataset": "letters"}, "mnist"),
    ],
    ids=str,
)
def test_bad_parameters(change, message):
    with pytest.raises(ValidationError, match=message):
        replace(EXPERIMENT, **change)


def test_a_file_may_be_moved(tmp_path, rng):
    """Only the content of the file counts."""
    configurations = []
    for folder, offset in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "rows.npz"
        x = np.random.RandomState(1).uniform(size=(50, 3)) + offset
        y = np.arange(50) % 2
        np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)
        experiment = ClassificationExperiment(
            dataset=str(path), n_neurons=20, baseline="differences"
        )
        configurations.append(experiment.configuration)
    a, b, c = configurations
    assert a == b != c


def test_gabor_filters_need_images(tmp_path, rng):
    path = tmp_path / "rows.npz"
    x, y = rng.uniform(size=(200, 3)), np.arange(200) % 2
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)
    with pytest.raises(ValidationError, match="needs images"):
        ClassificationExperiment(dataset=str(path), n_neurons=20)
    experiment = ClassificationExperiment(
        dataset=str(path), n_neurons=20, baseline="differences", epochs=1, n_trials=1
    )
    assert np.isfinite(run(experiment).test_error).all()
