"""The picture of the front page, and the numbers that the README prints."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "docs" / "_static"


def test_picture_and_numbers_are_computed(tmp_path):
    script = runpy.run_path(str(ROOT / "docs" / "figures" / "front_page.py"))
    script["main"](tmp_path, n_seeds=1, seconds=2.0, n_trials=2, epochs=2)
    stored, computed = (
        json.loads((folder / "front_page.json").read_text())
        for folder in (STATIC, tmp_path)
    )
    assert {key: value.keys() for key, value in stored.items() if key != "version"} == {
        key: value.keys() for key, value in computed.items() if key != "version"
    }
    assert (tmp_path / "front_page.png").stat().st_size > 10_000
    assert (STATIC / "front_page.png").stat().st_size < 150_000


@pytest.mark.parametrize("page", ["README.rst", "docs/index.rst"])
def test_claims_print_the_computed_numbers(page):
    numbers = json.loads((STATIC / "front_page.json").read_text())
    online, offline, regression = (
        numbers[key] for key in ("online", "offline", "regression")
    )
    r2 = {key: f"{value:.0%}" for key, value in regression.items() if "median" in key}
    assert r2["median_learned"] == r2["median_in_spikes"]
    rmse = f"{offline['feedback_alignment']:.3f}"
    assert rmse == f"{offline['backprop']:.3f}"
    n = len(online["ratios"])
    text = " ".join((ROOT / page).read_text().split())
    for words in [
        f"in the last {online['window']:.0f} of {online['seconds']:.0f} seconds",
        f"the error is {online['median_ratio']:.2f} times that of fixed encoders "
        f"(median of {n} networks; lower in {online['n_better']} of {n})",
        f"{r2['median_learned']} of the variance of new samples in rates and in spikes, "
        f"and {r2['median_fixed']} with fixed encoders",
        f"In {offline['configuration']['n_trials']} trials of multiplication, the median "
        f"error falls from {offline['untaught']:.3f} to {rmse} with either",
    ]:
        assert words in text
