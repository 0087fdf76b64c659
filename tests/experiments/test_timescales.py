import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.experiments import timescales
from nengo_fa.experiments.timescales import (
    DECODER_RULES,
    ENCODER_RATES,
    TimescaleExperiment,
    check_claims,
)

EXPERIMENT = TimescaleExperiment(n_trials=2, epochs=1, n_neurons=8)


@pytest.fixture(scope="module")
def data():
    template = EXPERIMENT.make_template()
    results = EXPERIMENT.run(range(len(DECODER_RULES)), range(2))
    return template.assign(
        {name: (template[name].dims, values) for name, values in results.items()}
    )


def test_results(data):
    """Encoders at rate zero stay where they are, whatever the decoders do."""
    assert np.isfinite(data.rmse).all() and (data.rmse > 0).all()
    fixed = data.angle.sel(encoder_rate=0)
    assert (fixed == fixed.isel(decoder_rule=0)).all()
    assert len(np.unique(data.rmse)) == data.rmse.size
    moved = abs(data.angle.isel(encoder_rate=slice(1, None)) - fixed)
    assert (moved > 0).all()
    slow, fast = moved.sel(encoder_rate=0.1), moved.sel(encoder_rate=100)
    assert (slow < fast).mean() > 0.8


def test_parts_are_the_whole(data):
    part = EXPERIMENT.run(range(2, 3), range(1, 2))
    for name, values in part.items():
        chosen = data[name].isel(decoder_rule=2, trial=1)
        np.testing.assert_array_equal(values[0, :, 0], chosen)


def test_encoders_that_outrun_their_decoders_do_harm():
    """With fast decoders, encoders at a hundred per second; slow ones do none."""
    experiment = TimescaleExperiment(epochs=6)
    rule = DECODER_RULES["PES 2e-3"]
    rmse = np.array(
        [
            [experiment._simulate(rule, rate, trial)[0] for rate in (0.0, 0.1, 1000.0)]
            for trial in range(5)
        ]
    )
    slow, fast = rmse[:, 1] / rmse[:, 0], rmse[:, 2] / rmse[:, 0]
    assert np.median(slow) < 1.02
    assert np.median(fast) > 1.3


def test_divergence_is_infinite():
    """Encoders that are not finite any more; decoders that grow may still be."""
    assert EXPERIMENT._simulate(nengo.PES(2e-3), 1e200, 0) == (np.inf, np.inf)
    assert EXPERIMENT._simulate(nengo.PES(1e3), 1.0, 0)[0] > 1e3


def test_claims(data):
    better = data.copy(deep=True)
    trials = np.arange(9)
    better = better.isel(trial=trials % 2).assign_coords(trial=trials)
    factor = np.where(np.array(ENCODER_RATES) == 10.0, 0.5, 2.0)
    factor[0] = 1
    shape = len(DECODER_RULES), len(ENCODER_RATES), 9
    spread = 1 + 0.01 * np.arange(9)
    values = np.broadcast_to(factor[:, None] * spread, shape).copy()
    values[list(DECODER_RULES).index("RLS")] *= 0.1
    better["rmse"] = better.rmse.dims, values
    *by_rule, rls = check_claims(better)
    for claim in by_rule:
        verdicts = [finding.verdict for finding in claim.findings]
        assert verdicts == ["opposite", "opposite", "held", "opposite", "opposite"]
    assert rls.verdict == "held"


@pytest.mark.parametrize("name", ["n_trials", "epochs", "n_neurons"])
@pytest.mark.parametrize("value", [0, 1.5, "2"])
def test_bad_parameters(name, value):
    with pytest.raises(ValidationError, match="at least 1") as info:
        TimescaleExperiment(**{name: value})
    assert info.value.attr == name


def test_configuration_has_all_rates(monkeypatch):
    before = EXPERIMENT.configuration
    assert "n_trials" not in before and before["epochs"] == 1
    monkeypatch.setattr(timescales, "ENCODER_RATES", (0.0, 1.0))
    assert EXPERIMENT.configuration != before
