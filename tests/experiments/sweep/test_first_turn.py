"""Learning rates of experiments, given as a first turn, and chosen on held-out samples."""

import json
from dataclasses import replace

import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.experiments import illustrations
from nengo_fa.experiments.classification import ClassificationExperiment, load_centered
from nengo_fa.experiments.homeostasis import HomeostasisExperiment
from nengo_fa.experiments.learning_rates import LearningRateExperiment, choose_turns
from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.experiments.sweep.conditions import NORMALIZATIONS, RULES
from nengo_fa.experiments.sweep.store import Store

PRODUCT = MultiplicationExperiment(n_trials=2, epochs=3, n_samples=100, turn=0.1)
DIGITS = ClassificationExperiment("digits", n_trials=1, epochs=2, n_neurons=30, turn=1)
EACH = {
    rule: {name: 0.1 * (i + 1) + j for j, name in enumerate(NORMALIZATIONS)}
    for i, rule in enumerate(RULES)
}


@pytest.mark.parametrize("turn", [0.1, EACH], ids=["one", "each"])
@pytest.mark.parametrize("rule, normalization", [(0, 0), (0, 1), (1, 2)])
def test_product_is_what_train_does(turn, rule, normalization):
    experiment = replace(PRODUCT, turn=turn)
    names = RULES[rule], NORMALIZATIONS[normalization]
    trial = experiment.declare(1, *names)
    history = nengo_fa.train(
        trial.decode,
        trial.x,
        trial.y,
        epochs=3,
        turn=experiment.get_turn(*names),
        seed=trial.seed,
        progress_bar=False,
        network=trial.network,
    )
    results = experiment.run(range(2))
    index = rule, normalization, 1
    np.testing.assert_array_equal(results["rmse"][index], history.rmse)
    assert not np.array_equal(results["rmse"][index], results["rmse"][rule, -1, 0])


def test_digits_are_what_train_does():
    samples, names = load_centered("digits"), (RULES[1], NORMALIZATIONS[0])
    network = DIGITS.declare(0, *names)
    history = nengo_fa.train(
        network.decode,
        samples.x_train,
        samples.one_hot()[0],
        epochs=2,
        turn=1,
        batch_size=DIGITS.batch_size,
        seed=network.seed,
        progress_bar=False,
        network=network,
    )
    results = DIGITS.run(rule=[1], normalization=[0], trial=[0])
    np.testing.assert_array_equal(results["rmse"][0, 0, 0], history.rmse)


def find_first_turns(**parameters):
    """How far the first update turns encoders, under each rule, without normalization."""
    experiment = MultiplicationExperiment(n_trials=1, epochs=1, **parameters)
    turns = []
    for rule in RULES:
        trial = experiment.declare(0, rule, "none")
        history = nengo_fa.train(
            trial.decode,
            trial.x,
            trial.y,
            epochs=1,
            turn=experiment.get_turn(rule, "none"),
            snapshots=[0, 1],
            progress_bar=False,
            network=trial.network,
        )
        change = history.snapshots[1] - history.snapshots[0]
        turns.append(np.sqrt(np.mean(np.sum(change**2, axis=1))))
    return turns


def test_both_rules_turn_as_far():
    """With a common learning rate, they do not."""
    np.testing.assert_allclose(find_first_turns(turn=0.1), 0.1, rtol=1e-6)
    feedback_alignment, backprop = find_first_turns(learning_rate=10.0)
    assert feedback_alignment > 2 * backprop


def test_configuration_with_a_learning_rate_is_as_ever():
    known = set(replace(PRODUCT, turn=None).configuration)
    assert known == {
        "experiment",
        "neurons",
        "epochs",
        "learning_rate",
        "n_neurons",
        "n_samples",
        "presentation_time",
        "seed",
        "chunk_size",
    }
    assert set(PRODUCT.configuration) == known - {"learning_rate"} | {"turn"}


def test_results_at_a_learning_rate_are_not_mixed_with_those_at_a_turn(tmp_path):
    with Store(tmp_path / "a.zarr", replace(PRODUCT, turn=None)):
        pass
    with pytest.raises(
        ValidationError, match="learning_rate is 10.0 in the store"
    ) as error:
        with Store(tmp_path / "a.zarr", PRODUCT):
            pass
    assert "turn is None in the store and 0.1 here" in str(error.value)
    own = replace(PRODUCT, turn=EACH)
    for _ in range(2):  # the second time, what is read from the file is compared
        with Store(tmp_path / "b.zarr", own):
            pass


@pytest.mark.parametrize("experiment", [PRODUCT, DIGITS], ids=["product", "digits"])
@pytest.mark.parametrize(
    "parameter",
    [
        {"turn": 0},
        {"turn": "0.1"},
        {"turn": {"Backprop": {"none": 0.1}}},
        {"held_out": 1},
        {"held_out": -0.1},
    ],
    ids=str,
)
def test_bad_parameters(experiment, parameter):
    (name,) = parameter
    with pytest.raises(ValidationError, match=name):
        replace(experiment, **parameter)


def test_what_needs_a_learning_rate_refuses_a_turn():
    with pytest.raises(ValidationError, match="learning_rate"):
        HomeostasisExperiment(PRODUCT)
    with pytest.raises(ValidationError, match="Has a turn"):
        LearningRateExperiment(PRODUCT, (1.0, 2.0))


def test_held_out_products_are_not_learned_from(monkeypatch):
    """Other targets for them give another error, and the same encoders."""
    experiment = replace(PRODUCT, held_out=0.2)
    before = experiment.run(range(2))
    split = MultiplicationExperiment._split

    def change(self, trial):
        learned, (x, y) = split(self, trial)
        assert len(learned[0]) == 80 and len(x) == 20
        assert not set(map(tuple, x)) & set(map(tuple, learned[0]))
        return learned, (x, y + 1)

    monkeypatch.setattr(MultiplicationExperiment, "_split", change)
    after = experiment.run(range(2))
    np.testing.assert_array_equal(after["angle"], before["angle"])
    assert np.all(after["rmse"] > 3 * before["rmse"])


def test_test_images_are_not_looked_at(monkeypatch):
    """To choose a turn, images of the training set are held out."""
    experiment = replace(DIGITS, held_out=0.1, baseline="differences")
    part = {"rule": [0], "normalization": [2], "trial": [0]}
    expected = experiment.run(**part)
    data = load_centered("digits")
    blind = replace(data, x_test=data.x_test * np.nan)
    module = "nengo_fa.experiments.classification"
    monkeypatch.setattr(f"{module}.load_centered", lambda name: blind)
    monkeypatch.setattr(f"{module}._load_split", _get_uncached(module))
    found = experiment.run(**part)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


def _get_uncached(module):
    import importlib

    return importlib.import_module(module)._load_split.__wrapped__


def test_choice_of_turns():
    """The turn with the lowest error relative to the same trial wins in each condition."""
    experiment = LearningRateExperiment(
        replace(PRODUCT, n_trials=3, held_out=0.1), (0.03, 0.1, 0.3), "turn"
    )
    assert experiment.configuration["turns"] == [0.03, 0.1, 0.3]
    assert not {"turn", "learning_rate"} & set(experiment.configuration)
    data = experiment.run_here()
    assert data.rmse.dims == ("turn", "rule", "normalization", "trial")
    at_one = replace(experiment.experiment, turn=0.1).run_here().isel(epoch=-1)
    assert (data.rmse.sel(turn=0.1) == at_one.rmse).all()

    data["rmse"][:] = 1.0
    # lower in two of three trials by much, and in the last one higher by little
    data["rmse"].loc[{"turn": 0.1, "rule": "Backprop"}] = [0.5, 0.5, 1.1]
    data["rmse"].loc[{"turn": 0.3, "rule": "FeedbackAlignment"}] = [0.9, 0.9, np.inf]
    data["rmse"].loc[{"turn": 0.03, "normalization": "forced"}] = 0.1
    chosen = choose_turns(data, "rmse")
    assert chosen["Backprop"] == {"none": 0.1, "forced": 0.03, "augmented": 0.1}
    assert chosen["FeedbackAlignment"]["none"] != 0.3  # which has diverged once
    json.dumps(chosen)
    replace(PRODUCT, turn=chosen)  # is what experiments take


def test_pictures_are_of_the_same_learning_rate():
    """Epoch by epoch, a neuron moves as in one training at this turn."""
    data = illustrations.make_encoder_movement(PRODUCT, parts=(0, 1 / 3, 2 / 3, 1))
    results = PRODUCT.run(range(1))["angle"][0, 2, 0]
    np.testing.assert_allclose(data.angle, results, rtol=1e-7)
    iterations = illustrations.make_iterations(PRODUCT, n_points=11)
    neuron = iterations.attrs["neuron"]
    np.testing.assert_allclose(
        iterations.encoders, data.encoders[:3, neuron], rtol=1e-7
    )
