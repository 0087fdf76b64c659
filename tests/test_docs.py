import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import nengo
import numpy as np
import pytest

import nengo_fa

ROOT = Path(__file__).parent.parent
NAMESPACE = {"nengo": nengo, "nengo_fa": nengo_fa, "np": np}
MODULES = [
    module.name for module in pkgutil.walk_packages(nengo_fa.__path__, "nengo_fa.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module, extraglobs=NAMESPACE).failed == 0


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.rst")), ids=str)
def test_examples_in_pages(path):
    results = doctest.testfile(str(path), module_relative=False, globs=dict(NAMESPACE))
    assert results.failed == 0


def test_examples_are_found():
    finder = doctest.DocTestFinder()
    with_examples = [
        test.name
        for name in MODULES
        for test in finder.find(importlib.import_module(name), extraglobs=NAMESPACE)
        if test.examples
    ]
    for name in ("FeedbackAlignment", "Backprop", "Step", "Rate", "freeze_params"):
        assert any(found.endswith(name) for found in with_examples)


def test_example_in_readme(capsys):
    """The code of the front page runs as it stands, for a shorter time."""
    lines = (ROOT / "README.rst").read_text().splitlines()
    start = lines.index(".. code-block:: python") + 1
    code = []
    for line in lines[start:]:
        if line and not line.startswith("    "):
            break
        code.append(line[4:])
    code = "\n".join(code).replace("sim.run(60)", "sim.run(0.5)")
    names = {}
    exec(code, names)
    assert isinstance(names["hidden"].encoders, np.ndarray)


def test_pages_build_without_warnings(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    result = subprocess.run(
        [*command, "-d", tmp_path / "doctrees", ROOT / "docs", tmp_path / "html"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "html" / "api.html").exists()
    pages = [page.read_text() for page in (ROOT / "docs").glob("*.rst")]
    n_figures = sum(page.count("\n.. plot::") for page in pages)
    assert len(list((tmp_path / "html" / "_images").glob("*.png"))) == n_figures > 0
