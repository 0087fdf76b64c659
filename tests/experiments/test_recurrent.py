"""Patterns in time: common parameters of the conditions, and claims about them."""

from dataclasses import replace

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.experiments.recurrent import (
    CONDITIONS,
    RecurrentExperiment,
    check_claims,
    draw_pattern,
    find_best_fixed,
    make_generator,
    report,
)
from nengo_fa.experiments.sweep.claims import find_lower

NAMES = "fixed, PES 0.003", "0.3 per second", "late, eligibility trace"
EXPERIMENT = RecurrentExperiment(2, seconds=1, n_neurons=10, conditions=NAMES)


@pytest.fixture(scope="module")
def data():
    return EXPERIMENT.run_here()


def test_errors_are_those_of_the_outputs(data):
    """Without learning: in the last second, of which the output is shown."""
    assert tuple(data["condition"].values) == NAMES
    error = (data["output"] - data["target"]).transpose("condition", "trial", "time")
    found = np.sqrt(np.mean(error.values**2, axis=-1))
    expected = data["rmse"].sel(measure="after").transpose("condition", "trial")
    np.testing.assert_allclose(found, expected, rtol=0.05)
    assert len(np.unique(data["rmse"])) == data["rmse"].size


def test_parts_are_the_whole(data):
    part = replace(EXPERIMENT, conditions=NAMES[2:]).run(range(1, 2))
    chosen = data["rmse"].isel(trial=[1], condition=[2])
    np.testing.assert_array_equal(part["rmse"], chosen)


def test_patterns_have_a_period_of_a_second_and_a_length_of_one():
    pattern = draw_pattern(np.random.RandomState(0))
    t = np.arange(1000) / 1000
    assert np.isclose(np.sqrt(np.mean(pattern(t) ** 2)), 1)
    np.testing.assert_allclose(pattern(t), pattern(t + 3), atol=1e-9)
    assert np.shape(pattern(0.5)) == ()


def test_learned_weights_are_compared_with_the_best_fixed_ones():
    data = RecurrentExperiment(8).make_template()
    noise = np.random.RandomState(0).uniform(0, 0.01, size=data["rmse"].shape)
    data["rmse"][...] = 0.5 + noise
    data["rmse"].loc[{"condition": "fixed, PES 0.01"}] -= 0.2
    data["rmse"].loc[{"condition": "0.1 per second"}] -= 0.1
    data["rmse"].loc[{"condition": "0.3 per second"}] -= 0.3
    data["rmse"].loc[{"condition": "late, eligibility trace"}] -= 0.25
    assert find_best_fixed(data, "after") == "fixed, PES 0.01"
    learned, *_, trace, of_input = check_claims(data)
    verdicts = [finding.verdict for finding in learned.findings]
    assert verdicts == ["opposite", "held", "opposite", "opposite"]
    assert trace.verdict == of_input.verdict == "held"
    assert len(report(data).splitlines()) == 2 + len(CONDITIONS)


@pytest.mark.parametrize("conditions", [(), ("no such thing",)])
def test_unknown_conditions_are_refused(conditions):
    with pytest.raises(ValidationError, match="conditions"):
        RecurrentExperiment(conditions=conditions)


def find_error_after_learning(seed, **options):
    """The error in the two seconds after learning, with neurons that send rates."""
    rng = np.random.RandomState(seed)
    pattern, dt = draw_pattern(rng), 0.005
    with nengo.Network(seed=seed) as model:
        model.config[nengo.Ensemble].neuron_type = nengo.LIFRate()
        probe = nengo.Probe(make_generator(40, pattern, 24, rng, **options))
    with nengo.Simulator(model, dt=dt, optimize=False) as sim:
        sim.run(26)
    error = sim.data[probe][:, 0] - pattern(sim.trange())
    return np.sqrt(np.mean(error[-round(2 / dt) :] ** 2))


def test_learned_recurrent_weights_are_better_than_fixed_ones():
    learned, fixed = (
        [find_error_after_learning(seed, **options) for seed in range(8)]
        for options in ({"rate": 0.3}, {})
    )
    finding = find_lower("after learning", learned, fixed)
    assert finding.verdict == "held" and np.median(fixed) > 1.15 * np.median(learned)
