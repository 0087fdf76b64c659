"""How fast encoders and decoders can learn together: two timescales of online learning."""

from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
import xarray as xr
from nengo.exceptions import SimulationError, ValidationError
from nengo.utils.numpy import is_iterable, is_number

from nengo_fa.experiments.online import READOUT
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.in_seconds import (
    InSeconds,
    find_best_error,
    make_stimulus,
)
from nengo_fa.experiments.sweep.trials import draw_seed, make_template
from nengo_fa.geometry import disc
from nengo_fa.networks import Multiplication
from nengo_fa.rules.learning_rules import FeedbackAlignment

#: Rules for the decoders by name. The three rates of PES are slow, the default of
#: `nengo_fa.networks.Multiplication`, and fast; RLS solves for the decoders during learning.
DECODER_RULES = {
    "PES 2e-5": nengo.PES(2e-5),
    "PES 2e-4": nengo.PES(2e-4),
    "PES 2e-3": nengo.PES(2e-3),
    "RLS": nengo.RLS(1e-2),
}

#: Sampling interval of encoders and decoders, in seconds.
SAMPLE_EVERY = 0.5

VARIABLES = {
    "rmse": {
        "long_name": "root mean square error of the product, in the last sixth of the time",
        "units": "1",
    },
    "rmse_solved": {
        "long_name": "root mean square error with the best decoders for the last encoders",
        "units": "1",
    },
    "ratio": {
        "long_name": "change of the product by encoders in half a second, divided by the "
        "change by decoders, in the last sixth of the time",
        "units": "1",
    },
}


@dataclass(frozen=True)
class TimescaleExperiment(InSeconds):
    """Multiplication online, at several learning rates of encoders and decoders.

    In each trial, the neurons, their feedback weights and the input are the same for all
    rates, and differ between trials.

    Parameters
    ----------
    n_trials : int
        Results of a trial do not depend on this number.
    seconds : int
        Simulated time. In the results, seconds replace epochs.
    encoder_rates : tuple of float
        Learning rates of the encoders, per second: zero, for fixed encoders, followed by
        increasing rates.
    n_neurons : int
    seed : int
    """

    n_trials: int = 9
    seconds: int = 30
    encoder_rates: tuple = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
    n_neurons: int = 20
    seed: int = 0

    name = "timescales"

    def __post_init__(self):
        super().__post_init__()
        rates = self.encoder_rates
        if (
            not is_iterable(rates)
            or len(rates) < 2
            or not all(map(is_number, rates))
            or rates[0] != 0
            or not np.all(np.diff(rates) > 0)
            or not np.isfinite(rates[-1])
        ):
            raise ValidationError(
                f"Must be 0 for comparison, followed by increasing rates (got {rates!r})",
                attr="encoder_rates",
            )

    @property
    def chunks(self) -> dict[str, int]:
        """One decoder rule in one trial is a part."""
        return {"trial": 1, "decoder_rule": 1}

    @property
    def configuration(self) -> dict[str, Any]:
        """All parameters of a trial, for the attributes of the results."""
        rules = {name: repr(rule) for name, rule in DECODER_RULES.items()}
        return {**super().configuration, "decoders": rules}

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results of all trials, full of NaN."""
        coordinates = {
            "decoder_rule": list(DECODER_RULES),
            "encoder_rate": self.encoder_rates,
            "trial": range(self.n_trials),
        }
        variables = {name: (list(coordinates), its) for name, its in VARIABLES.items()}
        title = "Multiplication, online, on two timescales"
        return make_template(coordinates, variables, title)

    def run(self, decoder_rule: range, trial: range) -> dict[str, np.ndarray]:
        """Run some decoder rules, by their numbers, in some trials."""
        shape = len(decoder_rule), len(self.encoder_rates), len(trial)
        results = {name: np.empty(shape) for name in VARIABLES}
        rules = list(DECODER_RULES.values())
        for i, j, k in np.ndindex(shape):
            with np.errstate(all="ignore"):  # results after divergence are infinite
                measured = self._learn(
                    rules[decoder_rule[i]], self.encoder_rates[j], trial[k]
                )
            for name, value in zip(VARIABLES, measured):
                results[name][i, j, k] = value
        return results

    def _learn(self, decoder_rule, encoder_rate, trial):
        """Return the three measures of one simulation."""
        seed, _ = draw_seed(self.seed, trial)
        with nengo.Network(seed=seed) as model:
            stimulus = make_stimulus(seed)
            product = Multiplication(
                self.n_neurons,
                encoder_rule=FeedbackAlignment(1, encoder_rate),
                decoder_rule=decoder_rule,
                seed=seed,
            )
            nengo.Connection(stimulus, product.input, synapse=None)
            error = nengo.Probe(product.error, synapse=READOUT)
            encoders = nengo.Probe(
                product.encode.learning_rule,
                "scaled_encoders",
                sample_every=SAMPLE_EVERY,
            )
            decoders = nengo.Probe(product.decode, "weights", sample_every=SAMPLE_EVERY)
        # Nengo's optimizer adds numbers in an order that changes from run to run
        with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
            last = max(self.seconds / 6, 1.0)
            try:
                sim.run(self.seconds, progress_bar=False)
            except (SimulationError, FloatingPointError):  # Nengo's errors for NaN
                return np.inf, np.inf, np.inf
            n_samples = 1 + int(last / SAMPLE_EVERY)
            outcome = _measure(
                sim.data[product.hidden],
                product.hidden.neuron_type,
                sim.data[encoders][-n_samples:],
                sim.data[decoders][-n_samples:],
            )
            rmse = np.sqrt(np.mean(sim.data[error][-round(last / sim.dt) :] ** 2))
        return tuple(np.nan_to_num((rmse, *outcome), nan=np.inf, posinf=np.inf))


def _measure(neurons, neuron_type, encoders, decoders):
    """Return the error with the best decoders, and the ratio of the two speeds.

    Parameters
    ----------
    neurons : nengo.builder.ensemble.BuiltEnsemble
    neuron_type : nengo.neurons.NeuronType
    encoders : (n_times, n_neurons, 2) ndarray
        Encoders times the gain.
    decoders : (n_times, 1, n_neurons) ndarray

    Returns
    -------
    rmse, ratio : float
        NaN if encoders or decoders are not finite.
    """
    if not (np.isfinite(encoders).all() and np.isfinite(decoders).all()):
        return np.nan, np.nan
    points, inside = disc(31)
    x = points[inside]
    activities = np.array(
        [
            neuron_type.rates(x @ those.T, np.ones(len(those)), neurons.bias)
            for those in encoders
        ]
    )
    rmse = find_best_error(activities[-1], np.prod(x, axis=1, keepdims=True))
    # the changes of the product if only encoders or only decoders changed
    decoders = np.swapaxes(decoders, 1, 2)
    by_encoders = np.diff(activities, axis=0) @ decoders[:-1]
    by_decoders = activities[:-1] @ np.diff(decoders, axis=0)
    ratio = np.linalg.norm(by_encoders) / np.linalg.norm(by_decoders)
    return rmse, ratio


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about the speed of encoders, for each decoder rule, with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `TimescaleExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    rules, (fixed, *rates) = data["decoder_rule"].values, data["encoder_rate"].values
    best = xr.DataArray(
        [find_best_rate(data, "rmse", rule) for rule in rules], {"decoder_rule": rules}
    )
    data = data.transpose("decoder_rule", "encoder_rate", "trial")
    learned = data.isel(encoder_rate=slice(1, None))
    slow = (learned["ratio"].median("trial") < 1).values
    measures = data.assign(
        best=data["rmse"].sel(encoder_rate=best, drop=True),
        slow=_average(learned["rmse_solved"], slow),
        fast=_average(learned["rmse_solved"], ~slow),
    )
    both = slow.any(axis=1) & ~slow.all(axis=1)
    return check_table(measures, _make_claims(rules, fixed, rates, rules[both]))


def _average(rmse, chosen):
    """Return the mean over the chosen encoder rates for each decoder rule."""
    means = np.full((rmse.shape[0], rmse.shape[2]), np.nan)
    for i in np.flatnonzero(chosen.any(axis=1)):
        means[i] = rmse.values[i, chosen[i]].mean(axis=0)
    return ("decoder_rule", "trial"), means


def _make_claims(rules, fixed, rates, with_both):
    """Return a table of claims about decoder rules, some with slow and fast encoders."""
    table = [
        Comparison(
            f"{rule}, {where}: learned encoders have a smaller error than fixed encoders",
            ("learned", "fixed"),
            cross(
                "{encoder_rate:g} per second", decoder_rule=[rule], encoder_rate=rates
            ),
            name,
            (name, {"encoder_rate": fixed}),
        )
        for rule in rules
        for name, where in [
            ("rmse", "online"),
            ("rmse_solved", "with the best decoders"),
        ]
    ]
    table.append(
        Comparison(
            "Online, RLS ends with a smaller error than PES, each with its best rate "
            "of the encoders",
            ("RLS", "PES"),
            cross("{decoder_rule}", decoder_rule=[r for r in rules if r != "RLS"]),
            ("best", {"decoder_rule": "RLS"}),
            "best",
        )
    )
    if len(with_both):
        table.append(
            Comparison(
                "With the best decoders, the error is smaller if encoders change the "
                "product less than decoders do than if they change it more",
                ("less", "more"),
                cross("{decoder_rule}", decoder_rule=with_both),
                "slow",
                "fast",
            )
        )
    return table


def find_best_rate(data, measure, rule):
    """Return the encoder rate with the lowest median error for a decoder rule."""
    median = data[measure].sel(decoder_rule=rule).median("trial")
    return float(median.isel(encoder_rate=slice(1, None)).idxmin("encoder_rate"))


def report(data):
    """Return errors and the ratio of speeds at all learning rates as text.

    The data are the same as for `check_claims`. The table shows, for each rule and each rate
    of the encoders, medians over trials of both errors relative to fixed encoders, and of the
    ratio of the speeds.
    """
    fixed = data.isel(encoder_rate=0, drop=True)
    lines = [
        "Errors relative to fixed encoders, and speeds: how far encoders change the product",
        "in half a second, divided by how far decoders change it (medians over trials)",
        f"  {'decoders':12}{'encoders (1/s)':>15}{'online':>9}{'best decoders':>15}"
        f"{'speeds':>9}",
    ]
    for rule in data.decoder_rule.values:
        for rate in data.encoder_rate.values[1:]:
            at, start = data.sel(decoder_rule=rule), fixed.sel(decoder_rule=rule)
            at = at.sel(encoder_rate=rate)
            online, solved, speeds = (
                float(values.median("trial"))
                for values in (
                    at.rmse / start.rmse,
                    at.rmse_solved / start.rmse_solved,
                    at.ratio,
                )
            )
            lines.append(
                f"  {rule:12}{rate:15g}{online:9.2f}{solved:15.2f}{speeds:9.2g}"
            )
    return "\n".join(lines)
