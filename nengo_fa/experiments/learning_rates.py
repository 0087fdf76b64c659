"""How the multiplication experiment depends on the learning rate."""

from dataclasses import dataclass, field, replace

import numpy as np

from nengo_fa.experiments.claims import find_lower
from nengo_fa.experiments.multiplication import (
    NORMALIZATIONS,
    VARIABLES,
    MultiplicationExperiment,
)


@dataclass(frozen=True)
class LearningRateExperiment:
    """The multiplication experiment at several learning rates; what is left at its end.

    Parameters
    ----------
    experiment : MultiplicationExperiment
        All but the learning rate.
    learning_rates : tuple of float
    """

    experiment: MultiplicationExperiment = field(
        default_factory=MultiplicationExperiment
    )
    learning_rates: tuple = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)

    @property
    def n_trials(self):
        """Number of trials."""
        return self.experiment.n_trials

    @property
    def epochs(self):
        """Number of epochs at each learning rate."""
        return self.experiment.epochs

    @property
    def chunks(self):
        """How many trials are run, and stored, together."""
        return self.experiment.chunks

    @property
    def seed(self):
        """The seed of all trials."""
        return self.experiment.seed

    @property
    def configuration(self):
        """All parameters, for the attributes of the results."""
        configuration = dict(self.experiment.configuration)
        del configuration["learning_rate"]
        configuration["experiment"] = "learning rates of multiplication"
        configuration["learning_rates"] = list(self.learning_rates)
        return configuration

    def with_epochs(self, epochs):
        """The same experiment, of another number of epochs."""
        return replace(self, experiment=self.experiment.with_epochs(epochs))

    def make_template(self):
        """Dataset for the results, full of NaN."""
        template = self.experiment.make_template().isel(epoch=-1, drop=True)
        rates = {"learning_rate": list(self.learning_rates)}
        template = template.expand_dims(rates).copy(deep=True)
        template["learning_rate"].attrs["units"] = "per update"
        return template

    def run(self, trial):
        """Run some trials.

        Parameters
        ----------
        trial : range
            Their numbers.

        Returns
        -------
        results : dict of (n_learning_rates, 2, 3, len(trial)) ndarray
            In the order of the dimensions of the template.
        """
        parts = [
            replace(self.experiment, learning_rate=rate).run(trial)
            for rate in self.learning_rates
        ]
        return {
            name: np.array([part[name][..., -1] for part in parts])
            for name in VARIABLES
        }


def find_best_rates(data):
    """The learning rate with the lowest median error, for each condition.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `LearningRateExperiment`.

    Returns
    -------
    best : xarray.DataArray
        (rule, normalization)
    """
    return data.rmse.median("trial").idxmin("learning_rate")


def find_common_rate(data):
    """The one learning rate that suits all conditions best.

    It has the lowest mean, over conditions, of the median error over the lowest median
    error of the same condition.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `LearningRateExperiment`.

    Returns
    -------
    learning_rate : float
    """
    median = data.rmse.median("trial")
    excess = median / median.min("learning_rate")
    return float(excess.mean(("rule", "normalization")).idxmin("learning_rate"))


def report(data):
    """A table of the results, as text.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `LearningRateExperiment`.

    Returns
    -------
    report : str
    """
    median, best = data.rmse.median("trial"), find_best_rates(data)
    rates = data.learning_rate.values
    lines = [
        f"Median RMSE at the end, {data.sizes['trial']} trials, by learning rate "
        "(* lowest)",
        " " * 32 + "".join(f"{rate:>10g}" for rate in rates),
    ]
    for rule in data.rule.values:
        for normalization in data.normalization.values:
            condition = {"rule": rule, "normalization": normalization}
            numbers = "".join(
                f"{value:9.4f}" + "* "[int(rate != best.sel(condition))]
                for rate, value in zip(rates, median.sel(condition).values)
            )
            lines.append(f"{f'{rule}, {normalization}':32}{numbers}")
    lines.append("")
    lines.append(f"The one that suits all six best: {find_common_rate(data):g}")
    if data.sizes["trial"] < 2:
        return "\n".join(lines)

    # chosen on some trials, compared on others: the best of many is best by chance, too
    best = find_best_rates(data.isel(trial=slice(0, None, 2)))
    held_out = data.rmse.isel(trial=slice(1, None, 2))
    lines.append(
        "Each at its own best of every other trial, in the "
        f"{held_out.sizes['trial']} others: Backprop against FeedbackAlignment"
    )
    for normalization in NORMALIZATIONS:
        at_best = [
            held_out.sel(
                rule=rule,
                normalization=normalization,
                learning_rate=best.sel(rule=rule, normalization=normalization),
            ).values
            for rule in ("Backprop", "FeedbackAlignment")
        ]
        finding = find_lower(normalization, *at_best)
        lines.append(
            f"  {normalization:30}{finding.medians[0]:10.4f}{finding.medians[1]:10.4f}"
            f"   effect {finding.effect:5.2f}, p = {finding.p:.1g}"
        )
    return "\n".join(lines)
