import numpy as np
import pytest
import xarray as xr
from scipy import stats

from nengo_fa.experiments.sweep.claims import (
    Claim,
    Comparison,
    check_table,
    count_epochs_to,
    cross,
    find_equivalent,
    find_lower,
)


def test_lower(rng):
    b = rng.uniform(1, 2, size=30)
    finding = find_lower("somewhere", b - rng.uniform(0.01, 0.02, size=30), b)
    assert finding.verdict == "held" and finding.effect == 1 and finding.n_trials == 30
    assert finding.medians[0] < finding.medians[1] == np.median(b)


def test_is_paired(rng):
    """A small difference shows in each pair, and not between the groups."""
    b = rng.uniform(1, 100, size=30)
    a = b - 0.01
    assert stats.mannwhitneyu(a, b, alternative="less").pvalue > 0.1
    assert find_lower("somewhere", a, b).verdict == "held"


def test_opposite_does_not_hold(rng):
    a, b = rng.uniform(size=(2, 30))
    finding = find_lower("somewhere", a + 2, b)
    assert finding.verdict == "opposite" and finding.effect == -1


def test_no_difference_does_not_hold(rng):
    a = rng.uniform(size=30)
    finding = find_lower("somewhere", a, a)
    assert finding.verdict == "not shown" and finding.effect == 0


@pytest.mark.parametrize("n_trials", [1, 2, 3, 6])
@pytest.mark.parametrize("sign", [-1, 1])
def test_few_trials_show_nothing(n_trials, sign):
    a = 10.0 + np.arange(n_trials)
    assert find_lower("somewhere", a, a + sign).verdict == "not shown"
    assert find_equivalent("somewhere", a, a + sign, 0.01).verdict == "not shown"


def test_false_claims_are_rarely_held(rng):
    """At a level of 1 %, no more than some of a hundred."""
    held = [
        find_lower("", rng.normal(size=40), rng.normal(size=40)).verdict == "held"
        for _ in range(200)
    ]
    assert sum(held) <= 8


def test_equivalent(rng):
    b = rng.uniform(1, 2, size=40)
    near, far = (b * (1 + s * rng.normal(size=40)) for s in (0.001, 0.2))
    assert find_equivalent("near", near, b, 0.01).verdict == "held"
    assert find_equivalent("far", far, b, 0.01).verdict != "held"
    assert find_equivalent("the same", b, b, 0.01).verdict == "held"


@pytest.mark.parametrize("shift", [0.98, 1.02])
def test_shifted_is_not_equivalent(rng, shift):
    b = rng.uniform(1, 2, size=40)
    finding = find_equivalent("shifted", shift * b, b, 0.01)
    assert finding.verdict == "opposite"
    assert np.isclose(finding.effect, shift - 1)


def test_epochs_to_a_level():
    rmse = np.array([[4, 3, 2, 1], [4, 4, 4, 4], [1, 1, 1, 1]])
    assert count_epochs_to(rmse, np.array([2, 2, 2])).tolist() == [2, 4, 0]


def test_verdict_and_table(rng):
    b = rng.uniform(1, 2, size=30)
    good, bad = find_lower("good", b - 1, b), find_lower("bad", b + 1, b)
    claims = [
        Claim("It is lower", ("a", "b"), findings)
        for findings in [(good, good), (good, bad), (bad, bad)]
    ]
    verdicts = ["held", "held in 1 of 2", "opposite"]
    assert [claim.verdict for claim in claims] == verdicts
    table = str(claims[1])
    assert table.startswith("It is lower: held in 1 of 2")
    good_row, bad_row = table.splitlines()[2:]
    assert f"{np.median(b):.4g}" in good_row and good_row.endswith("held")
    assert "bad" in bad_row and bad_row.endswith("opposite")


def test_what_has_diverged_is_the_worst():
    """Infinite errors are above all others, and no better than each other."""
    b = np.full(20, np.inf)
    assert find_lower("learned", np.ones(20), b).verdict == "held"
    assert find_lower("diverged", b, np.ones(20)).verdict == "opposite"
    both = find_lower("both", b, b)
    assert both.verdict == "not shown" and both.effect == 0
    assert find_equivalent("both", b, b, 0.1).verdict == "held"
    assert find_equivalent("one", b, np.ones(20), 0.1).verdict == "opposite"
    assert find_equivalent("the other", np.ones(20), b, 0.1).verdict == "opposite"


def test_table(rng):
    """Sides are variables at the coordinates of a condition, or at others, or numbers."""
    a, b = rng.uniform(1, 2, size=(2, 2, 3, 9))
    data = xr.Dataset(
        {"a": (("rule", "delay", "trial"), a), "b": (("delay", "trial"), b[0])},
        {"rule": ["x", "y"], "delay": [0, 10, 30]},
    )
    late = cross("{rule}, {delay} ms", rule=["x", "y"], delay=data["delay"].values[1:])
    assert late["y, 10 ms"] == {"rule": "y", "delay": 10} and len(late) == 4
    table = [
        Comparison("Lower", ("a", "b"), late, "a", "b"),
        Comparison("Prompt", ("0", "late"), late, ("a", {"delay": 0}), "a"),
        Comparison("Below", ("a", "1.5"), {"anywhere": late["y, 10 ms"]}, "a", 1.5),
        Comparison("Same", ("2", "b"), late, 2, "b", margin=0.1),
    ]
    lower, prompt, below, same = check_table(data, table)
    assert [finding.condition for finding in lower.findings] == list(late)
    assert lower.findings[3] == find_lower("y, 30 ms", a[1, 2], b[0, 2])
    assert prompt.findings[0] == find_lower("x, 10 ms", a[0, 0], a[0, 1])
    assert below.findings == (find_lower("anywhere", a[1, 1], [1.5] * 9),)
    assert same.findings[1] == find_equivalent("x, 30 ms", [2] * 9, b[0, 2], 0.1)
    assert (same.statement, same.quantities) == ("Same", ("2", "b"))


def test_modules_have_shorter_names():
    """Modules can still be imported from their previous places."""
    from nengo_fa.experiments.claims import Claim as same
    from nengo_fa.experiments.store import Store

    from nengo_fa.experiments import claims, conditions
    from nengo_fa.experiments.sweep import store

    assert same is Claim and claims.find_lower is find_lower
    assert Store is store.Store and len(conditions.RULES) == 2


def test_table_without_tests_shows_medians_alone():
    """And no name is cut off or runs into the next, however long."""
    a = np.arange(1.0, 4.0)
    name, long = (
        "a condition of more than thirty letters",
        "a quantity with a long name",
    )
    claim = Claim("It is lower", (long, long), (find_lower(name, a, a + 1),))
    assert claim.tabulate() == str(claim)
    table = claim.tabulate(is_tested=False)
    assert table.startswith("It is lower: not tested")
    head, row = table.splitlines()[1:]
    assert head.count(f"  {long}") == 2 and "effect" not in head
    assert row.split(name)[1].split() == ["2", "3"] and len(row) == len(head)
