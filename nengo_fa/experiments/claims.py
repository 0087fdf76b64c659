"""Claims about paired data: each with a test, an effect size, and a verdict."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

#: Probability below which a difference is taken for one.
LEVEL = 0.01


@dataclass(frozen=True)
class Finding:
    """What the data say of a claim in one condition.

    Attributes
    ----------
    condition : str
        Where it was measured, in words.
    medians : tuple of float
        Medians over trials of the two quantities that are compared.
    effect : float
        For a difference, the matched-pairs rank-biserial correlation, from -1 to 1: one
        if the difference is as claimed in all trials. For an equivalence, the median of
        the relative differences.
    p : float
        Probability of such data, were the claim false. Wilcoxon's signed-rank test,
        one-sided; for an equivalence, two such tests.
    n_trials : int
    """

    condition: str
    medians: tuple
    effect: float
    p: float
    n_trials: int

    @property
    def verdict(self):
        """``"held"``, ``"opposite"`` if the data show the opposite, or ``"not shown"``."""
        if self.p < LEVEL:
            return "held"
        return "opposite" if self.p > 1 - LEVEL else "not shown"


@dataclass(frozen=True)
class Claim:
    """A statement of the paper and what was found, in each condition it is about.

    Attributes
    ----------
    statement : str
    quantities : tuple of str
        What the two medians of each finding are.
    findings : tuple of Finding
    """

    statement: str
    quantities: tuple
    findings: tuple

    @property
    def verdict(self):
        """That of all findings, or in how many of the conditions the claim held."""
        verdicts = [finding.verdict for finding in self.findings]
        if len(set(verdicts)) == 1:
            return verdicts[0]
        return f"held in {verdicts.count('held')} of {len(verdicts)}"

    def __str__(self):
        first, second = self.quantities
        lines = [
            f"{self.statement}: {self.verdict}",
            f"  {'':32}{first:>14}{second:>14}{'effect':>9}{'p':>9}",
        ]
        for finding in self.findings:
            numbers = "".join(f"{median:14.4g}" for median in finding.medians)
            lines.append(
                f"  {finding.condition:32}{numbers}{finding.effect:9.2f}"
                f"{finding.p:9.1g}  {finding.verdict}"
            )
        return "\n".join(lines)


def find_lower(condition, a, b):
    """Whether a is lower than b.

    Parameters
    ----------
    condition : str
    a, b : (n_trials,) array_like
        Paired: entries of the same trial.

    Returns
    -------
    finding : Finding
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    effect, p = _signed_rank(b - a)
    return Finding(condition, (np.median(a), np.median(b)), effect, p, len(a))


def find_equivalent(condition, a, b, margin):
    """Whether a and b are the same, but for a fraction ``margin`` of b.

    Parameters
    ----------
    condition : str
    a, b : (n_trials,) array_like
        Paired: entries of the same trial. Above zero.
    margin : float

    Returns
    -------
    finding : Finding
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    difference = a / b - 1
    p = max(_signed_rank(difference + margin)[1], _signed_rank(margin - difference)[1])
    medians = np.median(a), np.median(b)
    return Finding(condition, medians, np.median(difference), p, len(a))


def _signed_rank(differences):
    """Effect size, and probability that differences are above zero by chance."""
    differences = differences[differences != 0]
    if len(differences) == 0:
        return 0.0, 0.5
    ranks = stats.rankdata(np.abs(differences))
    effect = np.sum(ranks * np.sign(differences)) / np.sum(ranks)
    return effect, stats.wilcoxon(differences, alternative="greater").pvalue


def count_epochs_to(rmse, level):
    """Number of epochs until an error has come down to a level.

    Parameters
    ----------
    rmse : (n_trials, n_epochs + 1) ndarray
    level : (n_trials,) ndarray

    Returns
    -------
    n_epochs : (n_trials,) ndarray
        The number of epochs and one more, where it did not.
    """
    reached = rmse <= level[:, np.newaxis]
    return np.where(reached.any(axis=1), reached.argmax(axis=1), rmse.shape[1])
