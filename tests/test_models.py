"""The models open in Nengo GUI, and run as scripts."""

import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa.experiments import online

MODELS = Path(__file__).parent.parent / "models"

# in seconds: a busy machine is no failure
PATIENCE = 600


@pytest.mark.parametrize(
    "path", sorted(MODELS.glob("*.cfg")), ids=lambda path: path.stem
)
def test_model_at_top_level(Simulator, path):
    """Nengo GUI runs the file under another name, and simulates what is in ``model``."""
    names = runpy.run_path(str(path.with_suffix("")), run_name="builtins")
    with Simulator(names["model"]) as sim:
        sim.run(0.01)
        assert sim.n_steps == 10


@pytest.mark.parametrize(
    "path", sorted(MODELS.glob("*.py")), ids=lambda path: path.stem
)
def test_model_can_be_edited_in_nengo_gui(path):
    """Nengo GUI ignores, without an error, what is typed into a file with other letters."""
    assert path.read_bytes().isascii()


@pytest.mark.parametrize(
    "neurons, neuron_type",
    [("spiking", nengo.LIF()), ("rate", nengo.LIFRate()), (None, nengo.LIF())],
)
def test_multiplication_as_a_script(
    monkeypatch, tmp_path, capsys, neurons, neuron_type
):
    def run(model, seconds, run=online.run):
        assert model.learned.hidden.neuron_type == neuron_type
        return run(model, seconds=seconds / 100)

    script = str(MODELS / "multiplication.py")
    monkeypatch.setattr(sys, "argv", [script, neurons][: 1 + (neurons is not None)])
    monkeypatch.setattr(online, "run", run)
    monkeypatch.chdir(tmp_path)
    runpy.run_path(script, run_name="__main__")
    assert "learned / fixed" in capsys.readouterr().out
    assert (tmp_path / "multiplication.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "name, words",
    [
        ("tuning_curves", "tuning_curves.png"),
        ("race", "backprop     RMSE"),
        ("tasks", "ring: RMSE"),
        ("pyramidal", "learned  RMSE"),
        ("arm", "learned  tracking error"),
        ("dynamics", "learned  error on its own"),
    ],
)
def test_short_script(monkeypatch, tmp_path, capsys, name, words):
    script = str(MODELS / f"{name}.py")
    monkeypatch.setattr(sys, "argv", [script, "0.2"])
    monkeypatch.chdir(tmp_path)
    runpy.run_path(script, run_name="__main__")
    assert words in capsys.readouterr().out
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000


def test_wrong_use_of_a_script():
    command = [sys.executable, MODELS / "multiplication.py", "spike"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("usage: ")


STREAM = MODELS / "mnist_stream.py"


def start_stream(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, STREAM, "digits", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_errors(output):
    """Percentages in the lines on the fifths of a stream, (n_lines, 2)."""
    lines = re.findall(r"fifth \d of 5 +([\d.]+)% +([\d.]+)%$", output, re.M)
    return np.array(lines, dtype=float)


def test_stream_as_a_script(tmp_path):
    """Errors fall, and they fall further with learned encoders."""
    process = start_stream(tmp_path, "--digits", "200", "--seed", "1")
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    learned, fixed = read_errors(output).T
    assert len(learned) == 5
    assert learned[-1] < 0.5 * learned[0] and fixed[-1] < 0.7 * fixed[0]
    assert learned[1:].mean() < 0.8 * fixed[1:].mean()
    assert (tmp_path / "mnist_stream.png").stat().st_size > 10_000


def test_stream_interrupted(tmp_path):
    """Ctrl-C ends the stream, and the figure shows what there is."""
    process = start_stream(tmp_path)
    lines = iter(process.stdout.readline, "")
    assert any("to digit" in line for line in lines), process.communicate()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and not errors, errors
    assert re.search(r"Interrupted after \d+ digits", output)
    assert len(read_errors(output)) == 5
    assert (tmp_path / "mnist_stream.png").exists()


@pytest.fixture
def stream(rng):
    """Return samples of ten classes, and the variables of the script."""
    labels = rng.randint(10, size=60)
    samples = (rng.randn(10, 20)[labels] + 0.7 * rng.randn(60, 20)) / 5
    return samples, np.eye(10)[labels], labels, runpy.run_path(str(STREAM))


def test_stream_is_the_same_again(stream, capsys):
    samples, targets, labels, script = stream

    def learn(seed):
        model = script["make_model"](samples, targets, seed)
        wrong = script["learn"](model, labels, window=20)
        return wrong.tolist(), capsys.readouterr().out

    assert learn(seed=1) == learn(seed=1) != learn(seed=2)


def test_stream_asks_before_it_teaches(stream, Simulator):
    samples, targets, _, script = stream
    model = script["make_model"](samples, targets, seed=1)
    learned, _ = model.networks
    with model:
        probes = [nengo.Probe(network.decode, "weights") for network in model.networks]
        rule = learned.encode.learning_rule
        probes.append(nengo.Probe(rule, "scaled_encoders"))
    with Simulator(model) as sim:
        sim.run_steps(90)
    for name in ("encoders", "gain", "bias"):
        values = [getattr(sim.data[network.hidden], name) for network in model.networks]
        assert np.array_equal(*values)
    for probe in probes:
        changes = np.any(np.diff(sim.data[probe], axis=0), axis=(1, 2))
        # from 0; what changes at the end of a step shows in the next
        steps = np.flatnonzero(changes)
        assert len(steps) > 10
        assert np.all(steps % 30 >= 20)


@pytest.mark.parametrize(
    "arguments", [["letters"], ["--digits", "99"], ["--seed", "x"]]
)
def test_stream_with_bad_arguments(monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", [str(STREAM), *arguments])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(str(STREAM), run_name="__main__")
    assert "usage: mnist_stream.py" in capsys.readouterr().err


def test_stream_without_mnist(stream, monkeypatch, capsys):
    def nowhere(path=None):
        raise FileNotFoundError("MNIST is nowhere")

    load = stream[-1]["load"]
    monkeypatch.setattr(nengo_fa.datasets, "mnist", nowhere)
    monkeypatch.delenv("NENGO_FA_DATA", raising=False)
    assert load(None).name == "digits"
    assert "MNIST is nowhere\nThe small digits" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="MNIST is nowhere"):
        load("mnist")
    monkeypatch.setenv("NENGO_FA_DATA", "here")  # somebody has said where it is
    with pytest.raises(SystemExit, match="MNIST is nowhere"):
        load(None)
