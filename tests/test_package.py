import re
import subprocess
import sys
from pathlib import Path

import pytest

import nengo_fa

ROOT = Path(__file__).parent.parent


def run(*command):
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True
    )


def test_import_stays_light():
    """Nothing heavy beyond what Nengo itself imports."""
    result = run(
        "-c",
        "import sys, nengo; before = set(sys.modules); import nengo_fa, nengo_fa.cli;"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})",
    )
    new = set(result.stdout.split())
    assert "nengo_fa" in new
    assert not new & {"matplotlib", "scipy", "nengo_extras", "sklearn", "sphinx", "PIL"}


def test_layers_of_the_package():
    """Imports run one way, and the equations know nothing of Nengo."""
    order = [
        "equations",
        "checks",
        "rules",
        "online",
        "pyramidal",
        "learned",
        "geometry",
        "offline",
        "networks",
        "datasets",
        "experiments",
        "plots",
        "gui",
        "cli",
    ]
    for position, name in enumerate(order):
        path = ROOT / "nengo_fa" / name
        files = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
        for file in files:
            source = file.read_text()
            imports = re.findall(
                r"^ *(?:from nengo_fa import|(?:from|import) nengo_fa\.)(\w+)",
                source,
                re.M,
            )
            assert all(order.index(other) <= position for other in imports), file
    equations = (ROOT / "nengo_fa" / "equations.py").read_text()
    assert not re.search(r"^ *(from|import) nengo", equations, re.M)


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
    ],
    ids=" ".join,
)
def test_style(command):
    result = run("-m", *command)
    assert result.returncode == 0, result.stdout + result.stderr
