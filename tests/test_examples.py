"""The scripts of the gallery whose pages make claims, over seeds; the docs run all of them."""

from pathlib import Path

import matplotlib.pyplot as plt
import pytest

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a script with a seed, in a folder of its own, and return its variables."""

    def run_script(name, seed):
        script = (EXAMPLES / name).read_text()
        assert "\nseed = 1\n" in script
        names = {}
        exec(script.replace("\nseed = 1\n", f"\nseed = {seed}\n"), names)
        return names

    monkeypatch.chdir(tmp_path)
    yield run_script
    plt.close("all")


@pytest.mark.parametrize("seed", range(4))
def test_regression(seed, run):
    names = run("regression.py", seed)
    unexplained = 1 - names["fixed"]
    assert 0.2 < unexplained < 0.4
    assert 1 - names["learned"] < 2 / 3 * unexplained
    assert 1 - names["in_spikes"] < 2 / 3 * unexplained


@pytest.mark.parametrize("seed", range(2))
def test_digits_in_spikes(seed, run):
    names = run("digits.py", seed)
    assert names["learned"] < 0.11
    assert names["mirrored"] > 0.5
    assert names["taught_on"] < 2 / 3 * names["mirrored"]
