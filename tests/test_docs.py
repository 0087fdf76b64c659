import csv
import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
import zlib
from itertools import chain
from pathlib import Path

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa import equations

ROOT = Path(__file__).parent.parent
NAMESPACE = {"nengo": nengo, "nengo_fa": nengo_fa, "np": np}
NEEDS = {"nengo_fa.backends.ocl": "nengo_ocl"}  # too much for the tests' extra
MODULES = [
    module.name
    for module in pkgutil.walk_packages(nengo_fa.__path__, "nengo_fa.")
    if importlib.util.find_spec(NEEDS.get(module.name, "nengo_fa"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module, extraglobs=NAMESPACE).failed == 0


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.rst")), ids=str)
def test_examples_in_pages(path):
    """Examples run when pasted, because each page imports the modules that it uses."""
    results = doctest.testfile(str(path), module_relative=False, globs={})
    assert results.failed == 0


def read_table(name, n_labels):
    """The labels and the numbers in each row of a table that a benchmark wrote."""
    with open(ROOT / "docs" / name, newline="") as file:
        _, *rows = csv.reader(file)
    return [(row[:n_labels], np.array(row[n_labels:], dtype=float)) for row in rows]


def test_all_models_keep_up_with_real_time():
    rows = read_table("gui_speed.csv", 1)
    layouts = (ROOT / "models").glob("*.cfg")
    assert sorted(name for (name,), _ in rows) == sorted(
        f"models/{layout.stem}" for layout in layouts
    )
    assert min(speed for _, (speed, *_) in rows) > 0.99


@pytest.mark.parametrize("rule", ["FA", "BP"])
def test_rates_that_train_finds_are_nearly_the_best(rule):
    rows = read_table("first_turn.csv", 2)
    excess = [numbers[-1] for (_, of_rule), numbers in rows if of_rule == rule]
    found = [numbers[-3] for (_, of_rule), numbers in rows if of_rule == rule]
    assert np.sum(np.array(excess) <= 15) >= 10
    assert max(found) <= 1.01


def test_rates_that_are_suggested_are_nearly_the_best():
    rows = read_table("suggested_rates.csv", 2)
    networks = {network for (network, _), _ in rows}
    medians = [
        np.median([numbers for (other, _), numbers in rows if other == network], axis=0)
        for network in networks
    ]
    assert len(networks) == 6
    assert all(row[3] <= 1.15 * row.min() and row[3] <= 1 for row in medians)


def test_learned_encoders_gain_less_from_a_reward_than_from_the_error():
    found = {tuple(labels): numbers for labels, numbers in read_table("reward.csv", 2)}
    fixed, learned, p = (
        {labels: numbers[column] for labels, numbers in found.items()}
        for column in (-3, -2, -1)
    )
    held = {labels for labels in found if p[labels] < 0.01}
    assert held == set(found) - {("reaching", "reward")}
    for task in ("bandit", "reaching"):
        of_error, of_reward = (task, "error"), (task, "reward")
        assert fixed[of_error] < fixed[of_reward]
        gains = [learned[of] / fixed[of] for of in (of_error, of_reward)]
        assert gains[0] < gains[1]


def test_learned_encoders_gain_in_none_of_the_dynamics():
    for _, numbers in read_table("dynamics.csv", 2):
        assert numbers[4] > 0.01 and numbers[7] > 0.01


@pytest.mark.parametrize("task", ["bandit", "reaching"])
@pytest.mark.parametrize("expected", [-1.0, 0.0])
def test_mean_of_errors_made_from_rewards_is_the_error(task, expected, monkeypatch):
    """Whatever reward is expected; up to a tenth, as the arm moves in a circle."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    script, n = importlib.import_module("reward"), 100_000
    monkeypatch.setattr(script, "SURPRISE", np.inf)
    monkeypatch.setattr(script, "SIGMA", 0.1)
    worlds = [script.World(task, teacher, [0]) for teacher in ("error", "reward")]
    contexts = np.tile([0.3, 0.4, 0.2, -0.1], (n, 1))
    actions = np.full((n, worlds[0].size), 0.3)
    errors, estimates = (
        world._teach(contexts, actions, np.full((n, 1), expected))[:, :-1]
        for world in worlds
    )
    tolerance = 4 * np.std(estimates, axis=0) / np.sqrt(n) + np.abs(errors[0]) / 10
    assert np.all(np.abs(estimates.mean(axis=0) - errors[0]) < tolerance)
    assert np.all(tolerance < np.abs(errors[0]) / 2)


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


def test_all_figures_have_examples():
    from nengo_fa import plots

    functions = [getattr(plots, name) for name in plots.__all__]
    functions = [value for value in functions if inspect.isfunction(value)]
    assert len(functions) >= 25
    finder = doctest.DocTestFinder()
    modules = {inspect.getmodule(inspect.unwrap(value)) for value in functions}
    found = {
        test.name.rpartition(".")[2]: test.examples
        for module in modules
        for test in finder.find(module)
    }
    assert all(found[value.__name__] for value in functions)


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


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of the HTML pages, built once from a copy, as the gallery writes to it."""
    folder = tmp_path_factory.mktemp("pages")
    ignored = shutil.ignore_patterns("_build", "gallery")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=ignored)
    shutil.copy(ROOT / "CHANGES.rst", folder)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    result = subprocess.run(
        [*command, "-d", folder / "doctrees", folder / "docs", folder / "html"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return folder / "html"


def test_pages_have_their_figures(pages):
    """They build without warnings, or there would be no pages."""
    lines = chain.from_iterable(
        page.read_text().splitlines() for page in (ROOT / "docs").glob("*.rst")
    )
    # two pages may show the same one
    figures = {line for line in lines if line.startswith((".. plot::", ".. image::"))}
    images = {path.name for path in (pages / "_images").glob("*.png")}
    assert sum("sphx_glr" not in name for name in images) == len(figures) > 0


@pytest.mark.parametrize(
    "name", [path.stem for path in (ROOT / "docs" / "examples").glob("*.py")]
)
def test_examples_are_computed_and_can_be_downloaded(pages, name):
    """An example that fails ends the build, so each has shown something."""
    page = (pages / "gallery" / f"{name}.html").read_text()
    assert f"sphx_glr_{name}_001" in page or "output_html" in page
    for ending in ("ipynb", "py"):
        assert list(pages.glob(f"_downloads/*/{name}.{ending}"))
    assert f'href="{name}.html"' in (pages / "gallery" / "index.html").read_text()


def test_pages_need_no_network(pages):
    """Equations are MathML, which browsers draw by themselves."""
    assert "<math" in (pages / "how_it_works.html").read_text()
    loads = re.compile(r"<(?:script|link|img)[^>]*(?:src|href)=.https?:")
    for path in pages.rglob("*.html"):
        assert not loads.search(path.read_text()), path


def find_objects(pages):
    """The page that describes each Python object, by the object's full name."""
    *_, compressed = (pages / "objects.inv").read_bytes().split(b"\n", 4)
    lines = zlib.decompress(compressed).decode().splitlines()
    fields = [line.split() for line in lines if " py:" in line]
    return {name: uri.partition("#")[0] for name, _, _, uri, *_ in fields}


def find_public_names(module):
    """Return the names that users import from a module of the package."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
    ]


def is_module(name):
    return inspect.ismodule(getattr(nengo_fa, name))


# those that need an extra are not in the namespace of the package
PUBLIC_MODULES = {*filter(is_module, nengo_fa.__all__), "gui", "plots"}
PUBLIC_NAMES = [
    *(
        f"nengo_fa.{name}"
        for name in find_public_names(nengo_fa)
        if not is_module(name)
    ),
    *(
        f"nengo_fa.{name}.{public}"
        # of Nengo's builder, and no part of the user's API
        for name in sorted(PUBLIC_MODULES - {"builder"})
        for public in find_public_names(importlib.import_module(f"nengo_fa.{name}"))
    ),
]


def get_public(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_public_names_have_docstrings(name):
    """Functions, classes and methods have docstrings; the page describes data."""
    value = get_public(name)
    if inspect.isclass(value):
        for member in vars(value):
            if not member.startswith("_") and callable(getattr(value, member)):
                assert inspect.getdoc(getattr(value, member)), member
    if callable(value):
        assert inspect.getdoc(value)


def find_functions(value):
    """Yield a function, or the constructor and the own methods of a class."""
    if not inspect.isclass(value):
        return [inspect.unwrap(value)] if callable(value) else []
    members = {name: inspect.unwrap(it) for name, it in vars(value).items()}
    return [
        it
        for name, it in members.items()
        if inspect.isfunction(it)
        and not it.__code__.co_filename.startswith("<")  # of a dataclass
        and (not name.startswith("_") or name in ("__init__", "__call__"))
    ]


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_public_names_are_annotated(name):
    """Public functions have annotations, which mypy checks and editors show."""
    for function in find_functions(get_public(name)):
        names = {*inspect.signature(function).parameters, "return"} - {"self", "cls"}
        assert names == set(function.__annotations__), function


def test_public_names_are_in_the_reference(pages):
    """Under the name that users import, and apart from the internals."""
    described = find_objects(pages)
    assert {name: described.get(name) for name in PUBLIC_NAMES} == dict.fromkeys(
        PUBLIC_NAMES, "api.html"
    )
    assert described["nengo_fa.online.operators.SimFeedback"] == "internals.html"


def test_limitations_name_their_tests():
    text = (ROOT / "docs" / "limitations.rst").read_text()
    names = re.findall(r"``([\w/]+\.py)::(test_\w+)``", text)
    assert len(names) >= 12
    for path, name in names:
        assert f"\ndef {name}(" in (ROOT / "tests" / path).read_text()
    statements = re.split(r"\n- ", text)[1:]
    assert all("::test_" in statement for statement in statements)


def test_adaptive_neurons_learn_a_match_if_the_trace_is_right():
    found = {task: numbers for (task,), numbers in read_table("evidence.csv", 1)}
    pes, fixed, many, of_filter, of_trace, exact, *p = found["match, 0.3 s"]
    assert of_trace < 1 and round(of_filter) == 24
    assert 45 < fixed < 50 and 28 < many < 100 / 3 and pes > 45
    assert max(p[:3]) < 0.01 < p[3]


def test_adaptive_neurons_gain_less_where_adding_up_is_sufficient():
    found = {task: numbers for (task,), numbers in read_table("evidence.csv", 1)}
    _, fixed, _, of_filter, of_trace, exact, *p = found["evidence, 0.3 s"]
    assert [round(error) for error in (fixed, of_filter, of_trace)] == [8, 6, 4]
    assert max(p[:3]) < 0.01
    # all eight networks are on one side
    assert abs(exact - fixed) < 1 and p[3] == 1


@pytest.fixture
def evidence(monkeypatch):
    """The benchmark, with a task that takes little time."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    script = importlib.import_module("evidence")
    monkeypatch.setattr(script, "TASKS", {"match": (2, 2, 3)})
    return script


def test_benchmark_of_adaptive_neurons_simulates_what_nengo_does(evidence):
    network = evidence.Network(seed=0, n_neurons=6)
    x, _ = evidence.draw_trials("match", 1, network.rng)
    signals = np.hstack([x[:, 0], np.zeros((len(x), 1))])
    signals[-evidence.GO :, -1] = evidence.STRENGTH
    with nengo.Network() as model:
        shown = nengo.Node(lambda t: signals[round(t / evidence.DT) - 1])
        ensemble = evidence.make_ensemble(seed=0, n_neurons=6)
        nengo.Connection(shown[:-1], ensemble, synapse=None)
        nengo.Connection(
            shown[-1], ensemble.neurons, transform=np.ones((6, 1)), synapse=None
        )
        probe = nengo.Probe(ensemble.neurons)
    with nengo.Simulator(model, dt=evidence.DT, progress_bar=False) as sim:
        sim.run_steps(len(x))
    activities, _ = network.run(x)
    np.testing.assert_allclose(activities[:, 0], sim.data[probe], atol=1e-12)
    assert np.all(activities[-1] > 0)


class ShownAndDecided:
    """Four adaptive neurons that fire all the time, so that their rates are smooth."""

    def __init__(self, evidence):
        self.network = network = evidence.Network(seed=0, n_neurons=4)
        network.bias = network.bias + 3
        network.decoders = network.rng.randn(4, 1)
        self.x, self.right = evidence.draw_trials("match", 5, network.rng)
        self.share = evidence.DT / evidence.neuron_type.tau_n
        self.inc_n, self.n_deciding = evidence.neuron_type.inc_n, evidence.GO // 2
        self.derivative = evidence.derivative(
            evidence.neuron_type, network.run(self.x)[1]
        )

    @property
    def error(self):
        return self.network.decode(self.network.run(self.x)[0]) - self.right

    def find_gradient(self, step=1e-5):
        """By finite differences."""

        def find_loss(index, step):
            self.network.encoders[index] += step
            loss = np.mean(self.error**2) / 2
            self.network.encoders[index] -= step
            return loss

        gradient = np.empty_like(self.network.encoders)
        for index in np.ndindex(gradient.shape):
            losses = find_loss(index, step), find_loss(index, -step)
            gradient[index] = (losses[0] - losses[1]) / (2 * step)
        return gradient / self.network.gain[:, np.newaxis]

    def find_traced(self):
        """With traces of all weights, step by step, as on the page."""
        adapting, traces = 0, []
        for x, derivative in zip(self.x[:, :, np.newaxis], self.derivative[..., None]):
            traces.append(derivative * (x - adapting))
            adapting = adapting + self.share * (self.inc_n * traces[-1] - adapting)
        trace = np.mean(traces[-self.n_deciding :], axis=0)
        return equations.traced_gradient(self.error, self.network.decoders, trace)

    def find_summed(self, kind, feedback):
        """As in the benchmark."""
        _, soma = self.network.run(self.x)
        return self.network.find_gradient(self.x, soma, self.error, kind, feedback)


def test_trace_of_adaptive_neurons_is_the_gradient_through_time(evidence):
    """The trace of a filter, and feedback with random signs, do not give the gradient."""
    shown = ShownAndDecided(evidence)
    decoders, signs = shown.network.decoders, shown.network.feedback
    expected = shown.find_gradient()

    def find_difference(found):
        return np.linalg.norm(found - expected) / np.linalg.norm(expected)

    assert find_difference(shown.find_traced()) < 1e-6
    assert find_difference(shown.find_summed("trace", decoders)) < 1e-6
    assert find_difference(shown.find_summed("filter", decoders)) > 0.1
    assert find_difference(shown.find_summed("trace", signs)) > 0.1
