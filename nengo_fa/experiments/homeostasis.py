r"""Whether a learning rule is homeostatic, so that the lengths of encoders approach one.

Let :math:`u = |\vec p|^2`, and let :math:`s = \langle \vec p, \vec g \rangle` be the mean error
times drive of a neuron. Under the homeostatic rule,
:math:`\dot u = -2 \kappa \alpha s (1 - u)`: the distance of u from one is multiplied by
:math:`\exp(2 \kappa \alpha \int s \, dt)`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError

from nengo_fa.experiments.classification import load_centered
from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.conditions import RULES
from nengo_fa.experiments.sweep.experiment import Variation
from nengo_fa.experiments.sweep.trials import hide_nan, make_template
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path

NORMALIZATIONS = ("none", "augmented", "homeostatic", "stabilized")

#: Distance from one at which a length counts as having run away.
FAR = 0.5

#: What the columns of the report mean.
LEGEND = f"""
length to longest: median, percentiles and largest of the final lengths of encoders
far: share of lengths that differ from one by more than {FAR:g}
s > 0: share of neurons whose error times drive is above zero on average"""

VARIABLES = {
    "rmse": {"long_name": "root mean square error of the output", "units": "1"},
    "encoder_length": {"long_name": "length of each encoder", "units": "1"},
    "radial": {
        "long_name": "learning rate times gain times error times drive, on average",
        "units": "1",
    },
}


@dataclass(frozen=True)
class HomeostasisExperiment(Variation):
    """Lengths of encoders with two rules and four normalizations, in an experiment.

    In each trial, the neurons, their feedback weights and the initial lengths are the same
    for all conditions.

    Parameters
    ----------
    experiment : MultiplicationExperiment or ClassificationExperiment
        The experiment in which encoders learn.
    spread : float
        Initial lengths are drawn from one minus ``spread`` to one plus ``spread``. With zero,
        the experiment is not changed.
    """

    spread: float = 0.1

    name = "homeostasis in "

    def __post_init__(self):
        check_spread(self.spread)
        if self.experiment.turn is not None:
            raise ValidationError(
                "Must have a learning_rate instead of a turn, so that all conditions have "
                "the same rate",
                attr="experiment",
                obj=self,
            )

    @property
    def chunks(self) -> dict[str, int]:
        """A trial is a part."""
        return {"trial": 1}

    @property
    def configuration(self) -> dict[str, Any]:
        """All parameters, for the attributes of the results."""
        return {**super().configuration, "spread": self.spread}

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results, full of NaN."""
        n_updates = getattr(self.experiment, "n_batches", 1)
        return make_length_template(
            RULES, self.n_trials, self.epochs, self.experiment.n_neurons, n_updates
        )

    def run(self, trial: range) -> dict[str, np.ndarray]:
        """Run some trials, by their numbers."""
        shape = len(RULES), len(NORMALIZATIONS), len(trial)
        results = make_results(shape, self.epochs, self.experiment.n_neurons)
        for i, j, k in np.ndindex(shape):
            learned = self._learn(trial[k], RULES[i], NORMALIZATIONS[j])
            for name, values in learned.items():
                results[name][i, j, k] = values
        return hide_nan(results)

    def _learn(self, trial, rule, normalization):
        """Return results of one condition, by the names of the variables."""
        declared = self.experiment.declare(trial, rule, normalization)
        if isinstance(self.experiment, MultiplicationExperiment):
            network, x, y, batch_size = declared.network, declared.x, declared.y, None
        else:
            data = load_centered(self.experiment.dataset)
            network, x, y = declared, data.x_train, data.one_hot()[0]
            batch_size = self.experiment.batch_size
        path = find_path(declared.decode, network)
        rng = np.random.RandomState(network.seed)
        trainer = Trainer([path], [x], [y], batch_size, rng=rng)
        (layer,) = trainer.chain.layers
        length = draw_length(self.spread, self.seed, trial, self.experiment.n_neurons)
        layer.set_encoders(layer.encoders * length[:, np.newaxis])
        # per epoch, which may have several updates
        gain = path.model.params[path.stages[0].ensemble].gain
        rate = gain / path.stages[0].ensemble.radius * self.experiment.learning_rate
        results = make_results((), self.epochs, len(gain))
        with np.errstate(over="ignore", invalid="ignore"):
            for epoch, (rmse,) in trainer.run(self.epochs):
                encoders, (gradient,) = layer.encoders[0], trainer.gradients
                results["rmse"][epoch] = rmse
                results["encoder_length"][epoch] = np.linalg.norm(encoders, axis=-1)
                results["radial"][epoch] = rate * np.sum(encoders * gradient[0], -1)
        return results


def check_spread(spread):
    """Refuse a spread of lengths that includes zero."""
    if not 0 <= spread < 1:
        raise ValidationError(
            f"Must be a number from 0 to below 1 (got {spread!r})", attr="spread"
        )


def draw_length(spread, seed, trial, n_neurons):
    """Return the initial lengths of the encoders in a trial, (n_neurons,)."""
    return np.random.RandomState([seed, trial, 1]).uniform(
        1 - spread, 1 + spread, size=n_neurons
    )


def make_length_template(rules, n_trials, epochs, n_neurons, n_updates, clock="Epoch"):
    """Make a dataset for the results of any of these experiments, full of NaN."""
    coordinates = {
        "rule": rules,
        "normalization": NORMALIZATIONS,
        "trial": range(n_trials),
        "epoch": range(epochs + 1),
        "neuron": range(n_neurons),
    }
    dims = list(coordinates)
    shapes = make_results((0, 0, 0), epochs, n_neurons)
    variables = {
        name: (dims[: values.ndim], VARIABLES[name]) for name, values in shapes.items()
    }
    template = make_template(coordinates, variables, "Lengths of encoders")
    template["epoch"].attrs["long_name"] = clock
    return template.assign_attrs(n_updates=n_updates)


def make_results(shape, epochs, n_neurons):
    """Return arrays for results, by the names of the variables."""
    of_neurons = *shape, epochs + 1, n_neurons
    shapes = {"rmse": of_neurons[:-1]}
    return {name: np.empty(shapes.get(name, of_neurons)) for name in VARIABLES}


def find_factors(
    data: xr.Dataset, rule: str, normalization: str = "homeostatic"
) -> tuple[np.ndarray, np.ndarray]:
    """Return measured and predicted factors on the distances of squared lengths from one.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `HomeostasisExperiment`.
    rule, normalization : str

    Returns
    -------
    measured, predicted : (n_trials, n_neurons) ndarray
        Natural logarithms of the factors. The prediction is for the homeostatic rule with
        small steps. If learning diverges, only the epochs before divergence count.
    """
    data = data.sel(rule=rule, normalization=normalization)
    distance = np.abs(data["encoder_length"].values ** 2 - 1)
    # if learning diverges, only the epochs before are used
    finite = np.isfinite(distance).all(axis=2)
    end = np.logical_and.accumulate(finite, axis=1).sum(axis=1) - 1
    trials = np.arange(len(end))
    with np.errstate(divide="ignore", invalid="ignore"):  # some lengths may be one
        measured = np.log(distance[trials, end]) - np.log(distance[:, 0])
    # encoders do not follow the last gradient
    radial = data["radial"].values
    predicted = [values[:last].sum(axis=0) for values, last in zip(radial, end)]
    return measured, 2 * data.attrs["n_updates"] * np.array(predicted)


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about when lengths approach one with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `HomeostasisExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    rules = [str(rule) for rule in data["rule"].values]
    table = _make_claims(rules)
    if np.ptp(data["encoder_length"].isel(epoch=0).values) >= 1e-3:
        # initial lengths differ from one
        table = [*_make_claims_of_attraction(rules), *table]
    return check_table(_measure(data, rules), table)


def _measure(data, rules):
    """Return the variables of the claims: the error, and distances of lengths from one."""
    distance = np.abs(data["encoder_length"] - 1)
    start, final = (distance.isel(epoch=epoch, drop=True) for epoch in (0, -1))
    factors = [find_factors(data, rule) for rule in rules]
    as_predicted = [np.equal(*np.sign(pair)).mean(axis=1) for pair in factors]
    return xr.Dataset(
        {
            "rmse": data["rmse"].isel(epoch=-1, drop=True),
            "far": (final > FAR).reduce(np.mean, "neuron"),
            "farthest": final.reduce(np.max, "neuron"),
            "median": final.reduce(np.median, "neuron"),
            "median_at_start": start.reduce(np.median, "neuron"),
            "as_predicted": (("rule", "trial"), as_predicted),
        }
    )


def _make_claims(rules):
    """Return a table of claims about all initial lengths."""
    return [
        Comparison(
            "With the stabilized normalization, fewer encoders run away than with the "
            "homeostatic normalization: share of neurons",
            ("stabilized", "homeostatic"),
            cross("{rule}", rule=rules),
            ("far", {"normalization": "stabilized"}),
            ("far", {"normalization": "homeostatic"}),
        ),
        Comparison(
            "With the stabilized normalization, the length that is farthest from one "
            "is closer to one than with other normalizations: distance from one",
            ("stabilized", "other"),
            _cross(rules, "homeostatic", "augmented", "none"),
            ("farthest", {"normalization": "stabilized"}),
            "farthest",
        ),
        Comparison(
            "The final error is the same as with the augmented gradient, within 5 %",
            ("this row", "augmented"),
            _cross(rules, "homeostatic", "stabilized"),
            "rmse",
            ("rmse", {"normalization": "augmented"}),
            margin=0.05,
        ),
    ]


def _make_claims_of_attraction(rules):
    """Return a table of claims about initial lengths that differ from one."""
    return [
        Comparison(
            "Lengths of encoders approach one: median distance from one",
            ("end", "start"),
            _cross(rules, "augmented", "homeostatic", "stabilized"),
            "median",
            "median_at_start",
        ),
        Comparison(
            "With the homeostatic normalization, lengths approach one if the mean of "
            "error times drive is negative, and move away from one if it is positive: "
            "share of neurons",
            ("chance", "share"),
            cross("{rule}", rule=rules),
            0.5,
            "as_predicted",
        ),
    ]


def _cross(rules, *normalizations):
    return cross("{rule}, {normalization}", rule=rules, normalization=normalizations)


def report(data: xr.Dataset) -> str:
    """Return the final lengths and errors in each condition, a table as text.

    It takes the same data as `check_claims`.
    """
    names = "RMSE", "length", "5 %", "95 %", "longest", "far (%)", "s > 0 (%)"
    lines = [" " * 32 + "".join(f"{name:>10}" for name in names)]
    for rule in data["rule"].values:
        for normalization in data["normalization"].values:
            chosen = data.sel(rule=rule, normalization=normalization)
            length = chosen["encoder_length"].values[:, -1]
            low, median, high = np.percentile(length, [5, 50, 95], method="nearest")
            radial = chosen["radial"]  # infinite after divergence
            radial = radial.where(np.isfinite(radial)).mean("epoch")
            numbers = [
                np.median(chosen["rmse"].values[:, -1]),
                median,
                low,
                high,
                length.max(),
                100 * np.mean(np.abs(length - 1) > FAR),
                100 * np.mean(radial.values > 0),
            ]
            condition = f"{rule}, {normalization}"
            lines.append(f"{condition:32}" + "".join(f"{n:10.4g}" for n in numbers))
    return "\n".join(lines) + LEGEND
