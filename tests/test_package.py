import ast
import graphlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import nengo
import numpy as np
import pytest

import nengo_fa

ROOT = Path(__file__).parent.parent


def run(*command):
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True
    )


def test_import_stays_light():
    """Importing the package loads no slow modules that Nengo does not load."""
    result = run(
        "-c",
        "import sys, nengo; before = set(sys.modules); import nengo_fa, nengo_fa.cli;"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})",
    )
    new = set(result.stdout.split())
    assert "nengo_fa" in new
    heavy = "matplotlib scipy nengo_extras sklearn sphinx PIL nir h5py"
    assert not new & set(heavy.split())


ROOMS = [
    "equations",
    "checks",
    "palette",
    "rules",
    "online",
    "pyramidal",
    "backends",
    "learned",
    "geometry",
    "offline",
    "exchange",
    "networks",
    "datasets",
    "experiments",
    "plots",
    "gui",
    "cli",
]


def find_names(source, package):
    """What a module takes from nengo_fa, in any form, as full dotted names.

    Parameters
    ----------
    source : str
    package : str
        That of the module, for relative imports.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            start = importlib.util.resolve_name(start, package)
            yield from (f"{start}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def find_module(name):
    """The module that is meant by a dotted name; of what the package offers, its own."""
    try:
        return importlib.import_module(name).__name__
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        if module == "nengo_fa":
            value = getattr(nengo_fa, attribute)
            return getattr(value, "__module__", "nengo_fa.version")
        return find_module(module)


def find_imports(source, package="nengo_fa.rules"):
    names = {
        name for name in find_names(source, package) if name.startswith("nengo_fa.")
    }
    return {find_module(name) for name in names}


@pytest.fixture(scope="module")
def imports():
    """The modules of nengo_fa that each of them imports."""
    return {
        module.name: find_imports(
            Path(importlib.util.find_spec(module.name).origin).read_text(),
            module.name if module.ispkg else module.name.rpartition(".")[0],
        )
        for module in pkgutil.walk_packages(nengo_fa.__path__, "nengo_fa.")
    }


@pytest.mark.parametrize(
    "source",
    [
        "import nengo_fa.rules.feedback",
        "import nengo_fa.rules.feedback as kinds",
        "import nengo_fa.feedback",
        "from nengo_fa import feedback",
        "from nengo_fa.rules import feedback",
        "from nengo_fa.rules.feedback import KolenPollack",
        "from . import feedback",
        "from .feedback import KolenPollack as Mirror",
        "from ..rules import feedback",
        "def later():\n    from nengo_fa.feedback import Orthogonal",
        "import nengo_fa\nnengo_fa.feedback.KolenPollack",
    ],
)
def test_imports_are_found_in_all_forms(source):
    assert find_imports(source) == {"nengo_fa.rules.feedback"}


def test_imports_of_public_names_are_those_of_their_modules():
    assert find_imports("from nengo_fa import train") == {"nengo_fa.offline.train"}
    assert find_imports("import numpy, nengo\nfrom nengo import rc") == set()


def test_layers_of_the_package(imports):
    """Imports run one way, and the equations do not import Nengo."""
    position = {name: i for i, name in enumerate(["version", *ROOMS])}
    upwards = [
        f"{module} imports {other}"
        for module, others in imports.items()
        for other in others
        if position[other.split(".")[1]] > position[module.split(".")[1]]
    ]
    assert not upwards
    equations = (ROOT / "nengo_fa" / "equations.py").read_text()
    assert not re.search(r"^ *(from|import) nengo", equations, re.M)


def test_no_import_circles(imports):
    """Not even within a room, or put off until a function is called."""
    graphlib.TopologicalSorter(imports).prepare()


def test_import_circles_are_found():
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()


def test_public_names():
    for name in nengo_fa.__all__:
        assert getattr(nengo_fa, name) is not None
        if name != "__version__":
            assert getattr(nengo_fa, name).__doc__.strip()


def test_version_is_the_same_everywhere():
    changes = (ROOT / "CHANGES.rst").read_text()
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^\d+\.\d+\.\d+", changes, re.M)[0] == nengo_fa.__version__
    assert f"\nversion: {nengo_fa.__version__}\n" in citation


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("codespell_lib",),
        ("mypy", "--no-error-summary"),
    ],
    ids=" ".join,
)
def test_style(command):
    result = run("-m", *command)
    assert result.returncode == 0, result.stdout + result.stderr


def test_nengo_needs_a_name_that_numpy_deprecates():
    """If this fails, NumPy has dropped it, and import nengo works with Nengo after 4.1 only.

    That is then the lower bound in setup.cfg, which can do without ignoring the warning.
    """
    result = run("-W", "error::DeprecationWarning", "-c", "import nengo.utils.numpy")
    is_deprecated = nengo.__version__ == "4.1.0" and np.__version__ >= "2"
    assert ("numpy.core is deprecated" in result.stderr) == is_deprecated
    assert (result.returncode != 0) == is_deprecated, result.stderr
