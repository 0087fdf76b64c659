"""The scripts of the page of examples, as they are pasted, over seeds."""

from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "examples.rst"


def read_scripts():
    """The code blocks of the page, without their indentation."""
    scripts, code = [], None
    for line in PAGE.read_text().splitlines():
        if code is not None and line and not line.startswith("    "):
            code = None
        if code is not None:
            code.append(line[4:])
        if line == ".. code-block:: python":
            scripts.append(code := [])
    return ["\n".join(code) for code in scripts]


def run(script, seed, folder, monkeypatch):
    assert "\nseed = 1\n" in script
    monkeypatch.chdir(folder)
    names = {}
    exec(script.replace("\nseed = 1\n", f"\nseed = {seed}\n"), names)
    return names


@pytest.mark.parametrize("seed", range(4))
def test_regression(seed, tmp_path, monkeypatch):
    script, _ = read_scripts()
    names = run(script, seed, tmp_path, monkeypatch)
    unexplained = 1 - names["fixed"]
    assert 0.2 < unexplained < 0.4
    assert 1 - names["learned"] < 3 / 4 * unexplained
    assert 1 - names["in_spikes"] < 3 / 4 * unexplained


@pytest.mark.parametrize("seed", range(2))
def test_digits_in_spikes(seed, tmp_path, monkeypatch):
    _, script = read_scripts()
    names = run(script, seed, tmp_path, monkeypatch)
    assert names["learned"] < 0.11
    assert names["mirrored"] > 0.5
    assert names["taught_on"] < 2 / 3 * names["mirrored"]
