"""How an experiment depends on the learning rate, or on the turn that replaces it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError

from nengo_fa.experiments.sweep.claims import find_lower
from nengo_fa.experiments.sweep.conditions import NORMALIZATIONS
from nengo_fa.experiments.sweep.experiment import Variation


@dataclass(frozen=True)
class LearningRateExperiment(Variation):
    """An experiment at several learning rates, with its final results.

    Parameters
    ----------
    experiment : MultiplicationExperiment or ClassificationExperiment or DepthExperiment
        The experiment without its learning rate. Results that vary along all dimensions of
        its ``chunks`` depend on the rate.
    learning_rates : tuple of float
        Learning rates, or turns.
    parameter : {"learning_rate", "turn"}
        Which parameter of the experiment takes these values, and is a dimension of the
        results.
    """

    learning_rates: tuple
    parameter: str = "learning_rate"

    name = "learning rates of "

    def __post_init__(self):
        has_turn = getattr(self.experiment, "turn", None) is not None
        if has_turn and self.parameter == "learning_rate":
            raise ValidationError(
                "Has a turn, so that results do not depend on its learning rate. Set the "
                "turn to None, or vary it with parameter='turn'.",
                attr="experiment",
                obj=self,
            )

    @property
    def chunks(self) -> dict[str, int]:
        """A part of the experiment at one of the learning rates is a part."""
        return {**self.experiment.chunks, self.parameter: 1}

    @property
    def configuration(self) -> dict[str, Any]:
        """All parameters, for the attributes of the results."""
        configuration = super().configuration
        for name in ("learning_rate", "turn"):
            configuration.pop(name, None)
        return {**configuration, f"{self.parameter}s": list(self.learning_rates)}

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results, full of NaN."""
        template = self.experiment.make_template()
        rates = {self.parameter: list(self.learning_rates)}
        ends = {
            name: data.isel(epoch=-1, drop=True, missing_dims="ignore")
            .expand_dims(rates)
            .copy(deep=True)
            for name, data in template.data_vars.items()
            if set(self.experiment.chunks) <= set(data.dims)
        }
        template = template.drop_dims("epoch").assign(ends)
        units = "rad" if self.parameter == "turn" else "per update"
        template[self.parameter].attrs["units"] = units
        return template

    def run(self, **part: range) -> dict[str, np.ndarray]:
        """Run a part of the experiment, at learning rates given by their numbers."""
        all_results = [
            replace(self.experiment, **{self.parameter: self.learning_rates[i]}).run(
                **{dim: part[dim] for dim in self.experiment.chunks}
            )
            for i in part[self.parameter]
        ]
        template = self.experiment.make_template()
        ends = {
            name: np.array(
                [
                    values[..., -1] if "epoch" in template[name].dims else values
                    for values in (results[name] for results in all_results)
                ]
            )
            for name, data in self.make_template().items()
            if self.parameter in data.dims
        }
        return {**all_results[0], **ends}


def find_best_rates(data: xr.Dataset) -> xr.DataArray:
    """Return the learning rate with the lowest median error, for each condition.

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


def choose_turns(data: xr.Dataset, by: str) -> dict:
    """Return the turn of each condition with the lowest error (geometric mean over trials).

    Parameters
    ----------
    data : xarray.Dataset
        Results of `LearningRateExperiment`, at several turns.
    by : str
        The variable to minimize.

    Returns
    -------
    turn : dict
        ``turn[rule][normalization]``, for experiments.
    """
    # trials are paired, so that means of ratios need fewer trials than medians
    with np.errstate(divide="ignore"):
        best = (
            xr.apply_ufunc(np.log, data[by]).mean("trial").fillna(np.inf).idxmin("turn")
        )
    return {
        str(rule): {
            str(normalization): float(best.sel(rule=rule, normalization=normalization))
            for normalization in best["normalization"].values
        }
        for rule in best["rule"].values
    }


def find_common_rate(data: xr.Dataset) -> float:
    """Return the learning rate that suits all conditions best.

    This rate has the lowest mean, over conditions, of the median error divided by the lowest
    median error of the same condition. The data are the same as for `find_best_rates`.
    """
    median = data.rmse.median("trial")
    excess = median / median.min("learning_rate")
    return float(excess.mean(("rule", "normalization")).idxmin("learning_rate"))


def report(data: xr.Dataset) -> str:
    """Return errors by learning rate as text, from the data of `find_best_rates`."""
    lines = _make_table("Median RMSE at the end", data.rmse)
    if "test_error" in data:
        lines += _make_table(
            "Median test error at the end, in %", 100 * data.test_error
        )
    lines.append(
        f"Best for all six rules together, by RMSE: {find_common_rate(data):g}"
    )
    if data.sizes["trial"] < 2:
        return "\n".join(lines)

    # rates are chosen in some trials and compared in others, to exclude choices by chance
    best = find_best_rates(data.isel(trial=slice(0, None, 2)))
    held_out = data.rmse.isel(trial=slice(1, None, 2))
    lines.append(
        "Backprop and FeedbackAlignment, each with the best rate of one half of the trials, "
        f"in the other {held_out.sizes['trial']} trials:"
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


def _make_table(title, values):
    median = values.median("trial")
    rates, best = median.learning_rate.values, median.idxmin("learning_rate")
    trials = (
        "1 trial" if values.sizes["trial"] == 1 else f"{values.sizes['trial']} trials"
    )
    lines = [
        f"{title}, {trials}, by learning rate (* lowest)",
        " " * 32 + "".join(f"{rate:>10g}" for rate in rates),
    ]
    for rule in values.rule.values:
        for normalization in values.normalization.values:
            condition = {"rule": rule, "normalization": normalization}
            numbers = "".join(
                f"{value:9.4f}" + "* "[int(rate != best.sel(condition))]
                for rate, value in zip(rates, median.sel(condition).values)
            )
            lines.append(f"{f'{rule}, {normalization}':32}{numbers}")
    return [*lines, ""]
