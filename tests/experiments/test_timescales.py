"""Speeds of encoders and decoders: the measures, and the claims about them."""

from types import SimpleNamespace

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.experiments.sweep.claims import find_lower
from nengo_fa.experiments.timescales import (
    DECODER_RULES,
    TimescaleExperiment,
    _measure,
    check_claims,
    find_best_rate,
    report,
)

RATES = (0.0, 0.1, 1.0, 10.0)
EXPERIMENT = TimescaleExperiment(2, seconds=1, encoder_rates=RATES, n_neurons=8)


@pytest.fixture(scope="module")
def data():
    return EXPERIMENT.run_here()


def test_fixed_encoders_stay_where_they_are(data):
    """Whatever the decoders do; and the more they learn, the further they go."""
    for name in ("rmse", "rmse_solved"):
        assert np.isfinite(data[name]).all() and (data[name] > 0).all()
    assert len(np.unique(data.rmse)) == data.rmse.size
    fixed = data.isel(encoder_rate=0)
    assert (fixed.rmse_solved == fixed.rmse_solved.isel(decoder_rule=0)).all()
    assert (fixed.ratio == 0).all()
    learned = data.ratio.isel(encoder_rate=slice(1, None))
    assert (learned > 0).all()
    assert (learned.sel(encoder_rate=0.1) < learned.sel(encoder_rate=10)).all()


def test_parts_are_the_whole(data):
    part = EXPERIMENT.run(range(2, 3), range(1, 2))
    for name, values in part.items():
        chosen = data[name].isel(decoder_rule=2, trial=1)
        np.testing.assert_array_equal(values[0, :, 0], chosen)


def test_speeds_are_those_of_the_product(rng):
    """Decoders that change by a tenth change the product by a tenth."""
    neurons = SimpleNamespace(bias=rng.uniform(0.5, 2, size=12))
    encoders = rng.uniform(-3, 3, size=(12, 2))
    decoders = rng.uniform(-1e-3, 1e-3, size=(1, 12))
    _, still = _measure(
        neurons,
        nengo.LIFRate(),
        np.array([encoders, encoders]),
        np.array([decoders, 1.1 * decoders]),
    )
    assert still == 0
    # of rectified linear neurons far above threshold, encoders and decoders count alike
    neurons.bias += 10
    _, ratio = _measure(
        neurons,
        nengo.RectifiedLinear(),
        np.array([encoders, encoders + 0.2 * encoders]),
        np.array([decoders, decoders + 0.1 * decoders]),
    )
    x = rng.uniform(-1, 1, size=(4000, 2))
    x = x[np.linalg.norm(x, axis=1) < 1]
    by_encoders = 0.2 * (x @ encoders.T) @ decoders.T
    by_decoders = 0.1 * (x @ encoders.T + neurons.bias) @ decoders.T
    expected = np.linalg.norm(by_encoders) / np.linalg.norm(by_decoders)
    assert np.isclose(ratio, expected, rtol=0.1)


def test_best_decoders_are_least_squares():
    """Encoders along the diagonals are best for a product (Gosmann, 2015)."""
    neurons = SimpleNamespace(bias=np.tile([0.5, 1.5], 8))
    decoders = np.zeros((2, 1, 16))
    decoders[1] = 1.0
    diagonal = 3 * np.tile([[1, 1], [1, -1], [-1, 1], [-1, -1]], (4, 1)) / np.sqrt(2)
    square = 3 * np.tile([[1, 0], [-1, 0], [0, 1], [0, -1]], (4, 1))
    good, bad = (
        _measure(neurons, nengo.LIFRate(), np.array([encoders, encoders]), decoders)[0]
        for encoders in (diagonal, square)
    )
    assert good < 0.5 * bad


def test_fast_encoders_end_worse_than_slow_and_than_fixed_ones():
    """Over seeds, with moderate PES and the best decoders.

    That slow ones end better than fixed ones takes more trials than there is time for.
    """
    experiment = TimescaleExperiment(9, seconds=5, encoder_rates=(0.0, 1.0, 100.0))
    moderate = [list(DECODER_RULES).index("PES 2e-4")]
    ((fixed, slow, fast),) = experiment.run(moderate, range(9))["rmse_solved"]
    for finding in find_lower("fixed", fixed, fast), find_lower("slow", slow, fast):
        assert finding.verdict == "held", finding


@pytest.mark.filterwarnings("ignore:With learning_rate")
def test_divergence_is_infinite():
    """Encoders that are not finite any more; decoders that grow may still be."""
    with np.errstate(all="ignore"):
        assert EXPERIMENT._learn(nengo.PES(2e-3), 1e200, 0) == (np.inf,) * 3
        assert EXPERIMENT._learn(nengo.PES(1e3), 1.0, 0)[0] > 1e3


@pytest.fixture
def clear(data):
    """Encoders help at a rate of ten, and harm at all others; RLS is best."""
    trials = np.arange(9)
    data = data.isel(trial=trials % 2).assign_coords(trial=trials)
    factor = np.where(np.array(RATES) == 10.0, 0.5, 2.0)
    factor[0] = 1
    shape = len(DECODER_RULES), len(RATES), 9
    values = np.broadcast_to(factor[:, None] * (1 + 0.01 * trials), shape).copy()
    data["rmse_solved"] = data.rmse.dims, values.copy()
    values[list(DECODER_RULES).index("RLS")] *= 0.1
    data["rmse"] = data.rmse.dims, values
    return data


def test_claims(clear):
    *by_rule, rls = check_claims(clear.assign(ratio=clear.ratio + 1))
    assert len(by_rule) == 2 * len(DECODER_RULES)
    expected = ["held" if rate == 10 else "opposite" for rate in RATES[1:]]
    for claim in by_rule:
        assert [finding.verdict for finding in claim.findings] == expected
    assert rls.verdict == "held" and len(rls.findings) == len(DECODER_RULES) - 1


def test_claim_on_speeds(clear):
    """Only for rules with rates at which encoders are slower, and some at which not."""
    speeds = np.array(RATES)[:, np.newaxis] * np.ones(9)
    ratio = np.stack([scale * speeds for scale in (0.5, 1e-3, 1e-4, 100)])
    rmse = np.stack([2 + sign * np.log10(speeds + 1) for sign in (1, -0.5, 1, 1)])
    rmse = rmse * (1 + 0.01 * np.arange(9))
    dims = clear.ratio.dims
    data = clear.assign(ratio=(dims, ratio), rmse_solved=(dims, rmse))
    findings = check_claims(data)[-1].findings
    assert [(it.condition, it.verdict) for it in findings] == [("PES 2e-5", "held")]
    # the order of dimensions is not what decides
    assert check_claims(data.transpose()) == check_claims(data)
    ratio[1] *= 1e3
    data["ratio"] = dims, ratio
    assert [it.verdict for it in check_claims(data)[-1].findings] == [
        "held",
        "opposite",
    ]


def test_report(clear):
    assert find_best_rate(clear, "rmse", "RLS") == 10
    lines = [line.split() for line in report(clear).splitlines()[3:]]
    assert len(lines) == len(DECODER_RULES) * (len(RATES) - 1)
    (line,) = [line for line in lines if line[:-3] == ["PES", "2e-4", "10"]]
    assert line[-3:-1] == ["0.50", "0.50"]


@pytest.mark.parametrize("name", ["n_trials", "seconds", "n_neurons"])
@pytest.mark.parametrize("value", [0, 1.5, "2"])
def test_bad_parameters(name, value):
    with pytest.raises(ValidationError, match="at least 1") as info:
        TimescaleExperiment(**{name: value})
    assert info.value.attr == name


@pytest.mark.parametrize(
    "rates",
    [(0,), (1, 2), (0, 2, 1), (0, 1, 1), (0, np.nan), (0, np.inf), (0, "1"), 5],
    ids=str,
)
def test_bad_rates(rates):
    with pytest.raises(ValidationError, match="increasing rates") as info:
        TimescaleExperiment(encoder_rates=rates)
    assert info.value.attr == "encoder_rates"


def test_configuration_has_all_rates(monkeypatch):
    before = EXPERIMENT.configuration
    assert "n_trials" not in before and before["encoder_rates"] == RATES
    monkeypatch.setitem(DECODER_RULES, "PES 2e-4", nengo.PES(1e-4))
    assert EXPERIMENT.configuration != before
