"""Claims about paired data, each with a test, an effect size and a verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
import xarray as xr
from nengo.utils.numpy import is_number
from numpy.typing import ArrayLike
from scipy import stats

#: Significance level.
LEVEL = 0.01

#: Smallest number of trials with which p can be below the level. If all differences have the
#: same sign, p is the probability of as many heads in a row.
N_TRIALS = 7

#: The meaning of the columns of a table of claims.
LEGEND = f"""  effect     1 if all trials are as claimed, -1 if all trials show the opposite; if two
             quantities are claimed to be the same, their median relative difference
  p          probability of such data if the claim were false (Wilcoxon's signed-rank test)
  held       p is below {LEVEL:g}
  opposite   the data show the opposite of the claim
  not shown  the data show neither the claim nor its opposite"""


@dataclass(frozen=True)
class Finding:
    """The result for a claim in one condition.

    Attributes
    ----------
    condition : str
        The condition, in words.
    medians : tuple of float
        Medians over trials of the two quantities that are compared.
    effect : float
        For a difference, the matched-pairs rank-biserial correlation, from -1 to 1. It is
        one if the difference is as claimed in all trials, without ties. For an equivalence,
        the median of the relative differences.
    p, p_opposite : float
        Probability of such data if the claim, or its opposite, were false, by Wilcoxon's
        one-sided signed-rank test. For an equivalence, there is one test for each side.
    n_trials : int
    """

    condition: str
    medians: tuple
    effect: float
    p: float
    p_opposite: float
    n_trials: int

    @property
    def verdict(self) -> str:
        """``"held"``, ``"opposite"`` if the data show the opposite, or ``"not shown"``."""
        if self.p < LEVEL:
            return "held"
        return "opposite" if self.p_opposite < LEVEL else "not shown"


@dataclass(frozen=True)
class Claim:
    """A statement, and the results in each of its conditions.

    Attributes
    ----------
    statement : str
    quantities : tuple of str
        Names of the two medians of each finding.
    findings : tuple of Finding
    """

    statement: str
    quantities: tuple
    findings: tuple

    @property
    def verdict(self) -> str:
        """The common verdict of all findings, or the number of conditions that held."""
        verdicts = [finding.verdict for finding in self.findings]
        if len(set(verdicts)) == 1:
            return verdicts[0]
        return f"held in {verdicts.count('held')} of {len(verdicts)}"

    def __str__(self):
        return self.tabulate()

    def tabulate(self, is_tested: bool = True) -> str:
        """Return the claim as text: a row for each condition.

        Parameters
        ----------
        is_tested : bool, optional
            Whether to show test results, as explained in `LEGEND`, or only medians.
        """
        verdict = self.verdict if is_tested else "not tested"
        lines = [f"{self.statement}: {verdict}"]
        wide = max([30, *(len(finding.condition) for finding in self.findings)]) + 2
        columns = [max(12, len(name)) + 2 for name in self.quantities]
        head = [f"{name:>{n}}" for name, n in zip(self.quantities, columns)]
        tests = f"{'effect':>9}{'p':>9}" if is_tested else ""
        lines.append(f"  {'':{wide}}{''.join(head)}{tests}")
        for finding in self.findings:
            row = [f"{m:{n}.4g}" for m, n in zip(finding.medians, columns)]
            if is_tested:
                row.append(f"{finding.effect:9.2f}{finding.p:9.1g}  {finding.verdict}")
            lines.append(f"  {finding.condition:{wide}}{''.join(row)}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Comparison:
    """A row of a table of claims: in each condition, one quantity is lower than another.

    Attributes
    ----------
    statement : str
    quantities : tuple of str
        Names of the two sides.
    conditions : dict of dict
        Coordinates of each condition, by its name. See `cross`.
    left, right : str or tuple or float
        The two sides. Each is the name of a variable, which is read at the coordinates of
        each condition; or a name with a dictionary of coordinates that replace coordinates
        of the condition; or a number.
    margin : float, optional
        If given, the claim is that both sides are the same, within this fraction of the
        right side.
    """

    statement: str
    quantities: tuple
    conditions: dict
    left: object
    right: object
    margin: float | None = None


def cross(words: str, **coordinates: Iterable) -> dict:
    """Return the conditions at all combinations of coordinates.

    Parameters
    ----------
    words : str
        Name of a condition, with the names of coordinates in braces.
    **coordinates
        For each dimension, a sequence of values.

    Returns
    -------
    conditions : dict of dict
        As for `Comparison`.
    """
    points = (
        dict(zip(coordinates, values)) for values in product(*coordinates.values())
    )
    return {words.format(**point): point for point in points}


def check_table(data: xr.Dataset, table: Iterable[Comparison]) -> list[Claim]:
    """Test a table of claims with data.

    Parameters
    ----------
    data : xarray.Dataset
        The variables that the table compares. At the coordinates of a condition, they have
        one dimension, ``trial``.
    table : iterable of Comparison

    Returns
    -------
    claims : list of Claim
    """
    return [
        Claim(
            row.statement,
            row.quantities,
            tuple(
                _compare(data, row, *condition) for condition in row.conditions.items()
            ),
        )
        for row in table
    ]


def _compare(data, row, condition, at):
    left, right = (_get_values(data, side, at) for side in (row.left, row.right))
    if row.margin is None:
        return find_lower(condition, left, right)
    return find_equivalent(condition, left, right, row.margin)


def _get_values(data, side, at):
    """Return one side of a comparison in one condition, (n_trials,)."""
    if is_number(side):
        return np.full(data.sizes["trial"], float(side))
    name, replaced = (side, {}) if isinstance(side, str) else side
    coordinates = {**at, **replaced}
    dims = [dim for dim in data[name].dims if dim in coordinates]
    return data[name].sel({dim: coordinates[dim] for dim in dims}).values


def find_lower(condition: str, a: ArrayLike, b: ArrayLike) -> Finding:
    """Test whether a is lower than b.

    Parameters
    ----------
    condition : str
    a, b : (n_trials,) array_like
        Paired values of the same trials.

    Returns
    -------
    finding : Finding
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    gain = np.subtract(b, a, out=np.zeros_like(a), where=a != b)  # both may be infinite
    return Finding(
        condition,
        medians=(np.median(a), np.median(b)),
        effect=_get_effect(gain),
        p=_test_positive(gain),
        p_opposite=_test_positive(-gain),
        n_trials=len(a),
    )


def find_equivalent(
    condition: str, a: ArrayLike, b: ArrayLike, margin: float
) -> Finding:
    """Test whether a and b are the same, within a fraction ``margin`` of b.

    Parameters
    ----------
    condition : str
    a, b : (n_trials,) array_like
        Paired values of the same trials, above zero.
    margin : float

    Returns
    -------
    finding : Finding
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    ratio = np.divide(a, b, out=np.ones_like(a), where=a != b)  # both may be infinite
    difference = ratio - 1
    below, above = difference + margin, margin - difference
    return Finding(
        condition,
        medians=(np.median(a), np.median(b)),
        effect=np.median(difference),
        p=max(_test_positive(below), _test_positive(above)),
        # two sides, so twice the probability
        p_opposite=2 * min(_test_positive(-below), _test_positive(-above)),
        n_trials=len(a),
    )


def _test_positive(differences):
    """Return the probability that differences are positive by chance."""
    if not np.any(differences):
        return 1.0
    return stats.wilcoxon(differences, alternative="greater").pvalue


def _get_effect(differences):
    """Return the matched-pairs rank-biserial correlation."""
    differences = differences[differences != 0]
    if len(differences) == 0:
        return 0.0
    ranks = stats.rankdata(np.abs(differences))
    return np.sum(ranks * np.sign(differences)) / np.sum(ranks)


def count_epochs_to(rmse: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the number of epochs until an error has fallen to a level.

    Parameters
    ----------
    rmse : (..., n_epochs + 1) ndarray
    level : (...) ndarray

    Returns
    -------
    n_epochs : (...) ndarray
        One more than the number of all epochs if the error did not fall to the level.
    """
    reached = rmse <= level[..., np.newaxis]
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1), rmse.shape[-1])
