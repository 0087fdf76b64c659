import argparse
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nengo
import pytest
import xarray as xr

import nengo_fa
from nengo_fa import cli
from nengo_fa.experiments.classification import (
    ClassificationExperiment,
    load_centered,
)
from nengo_fa.experiments.sweep.store import find_dataset

# in seconds: a busy machine is no failure
PATIENCE = 600


@pytest.mark.parametrize("neurons", ["spiking", "rate"])
def test_online(tmp_path, capsys, neurons):
    figure = tmp_path / "figure.svg"
    arguments = ["--neurons", neurons, "--seconds", "2", "--figure", str(figure)]
    assert cli.main(["online", *arguments]) == 0
    output = capsys.readouterr().out
    assert f"20 {neurons} LIF neurons" in output
    assert re.search(r"fixed encoders +0\.\d+ +0\.\d+\n", output)
    assert re.search(r"learned encoders +0\.\d+ +0\.\d+\n", output)
    assert "rad at the start" in output
    assert figure.read_text().lstrip().startswith("<?xml")


def test_multiplication(tmp_path, monkeypatch, capsys):
    """The command makes data, figures and claims; run again, it only draws."""
    monkeypatch.chdir(tmp_path)
    arguments = ["multiplication", "--quick", "--workers", "2"]
    assert cli.main(arguments) == 0
    output = capsys.readouterr().out
    folder = tmp_path / "results" / "multiplication-rate-quick"
    for i in (2, 3, 4, 5):
        assert (folder / f"figure{i}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"figure{i}.pdf").exists()
        assert (folder / f"figure{i}.zarr").is_dir()
    assert len(re.findall(r"^\S.*: (held|not shown|opposite)", output, re.M)) == 7

    (folder / "figure5.png").unlink()
    assert cli.main(arguments) == 0
    again = capsys.readouterr().out
    assert (
        again[again.index("Backpropagation ends") :]
        == output[output.index("Backpropagation ends") :]
    )
    assert (folder / "figure5.png").exists()


def test_multiplication_in_spikes(tmp_path, capsys):
    folder = tmp_path / "results"
    options = ["--neurons", "spiking", "--trials", "1", "--epochs", "1"]
    options += ["--workers", "1"]
    assert cli.main(["multiplication", "--folder", str(folder), *options]) == 0
    assert (folder / "figure5.pdf").exists()


@pytest.mark.parametrize("command", ["multiplication", "mnist"])
def test_one_turn_and_its_own_for_each(command, tmp_path, capsys):
    """Both are held against the claims; with a learning rate, there is one protocol."""
    arguments = [command, "--folder", str(tmp_path / "a"), "--trials", "1"]
    arguments += ["--epochs", "1", "--workers", "1"]
    if command == "mnist":
        arguments += ["--dataset", "digits", "--n-neurons", "20"]
    turns = ["--turn", "0.2", "--turns", "0.5", "0.1"]
    assert cli.main([*arguments, *turns]) == 0
    output = capsys.readouterr().out
    claim = "Backpropagation ends with a lower "
    assert output.count(claim) == 2 * (1 if command == "multiplication" else 2)
    assert re.search(r"FeedbackAlignment: none 0.[15], forced 0.[15], aug", output)
    assert (tmp_path / "a" / "own_turns.png").exists()
    found = {
        name: xr.open_zarr(tmp_path / "a" / f"{name}.zarr", consolidated=False).attrs
        for name in ("turns", "own_turns")
    }
    chosen = json.loads(found["own_turns"]["configuration"])["turn"]
    assert {turn for its in chosen.values() for turn in its.values()} <= {0.1, 0.5}
    choice = json.loads(found["turns"]["configuration"])
    assert choice["turns"] == [0.1, 0.5] and choice["held_out"] == 0.1
    assert found["turns"]["seed"] != found["own_turns"]["seed"]

    arguments[2] = str(tmp_path / "b")
    assert cli.main([*arguments, "--learning-rate", "3"]) == 0
    assert capsys.readouterr().out.count(claim) == output.count(claim) / 2
    assert not (tmp_path / "b" / "own_turns.zarr").exists()
    with pytest.raises(SystemExit):
        cli.main([*arguments, "--learning-rate", "3", "--turn", "0.1"])


def test_learning_rates(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--trials", "1", "--epochs", "2", "--workers", "1"]
    assert cli.main(["learning-rates", "multiplication", *options]) == 0
    output = capsys.readouterr().out
    assert re.search(r"for all six rules together, by RMSE: [\d.]+\n", output)
    folder = tmp_path / "results" / "learning-rates-multiplication-rate"
    assert (folder / "learning_rates.png").exists()


def test_learning_rates_of_classification(tmp_path, capsys):
    """At each rate it is the experiment at that rate, with the test error beside."""
    options = [
        "--dataset",
        "digits",
        "--trials",
        "1",
        "--epochs",
        "1",
        "--workers",
        "1",
    ]
    options += ["--n-neurons", "30", "--encoders", "differences", "--bits", "64"]
    folder = str(tmp_path / "rates")
    rates = ["--learning-rates", "3", "1", "3"]
    command = ["learning-rates", "mnist", *options, *rates, "--folder", folder]
    assert cli.main(command) == 0
    output = capsys.readouterr().out
    assert "Median RMSE at the end, 1 trial" in output
    assert "Median test error at the end, in %, 1 trial" in output
    assert (tmp_path / "rates" / "learning_rates.png").exists()
    found = xr.open_zarr(tmp_path / "rates/learning_rates.zarr", consolidated=False)
    assert found.learning_rate.values.tolist() == [1, 3]
    alone = ["mnist", *options, "--learning-rate", "3", "--folder", str(tmp_path)]
    assert cli.main(alone) == 0
    expected = xr.open_zarr(tmp_path / "figure6.zarr", consolidated=False)
    for name in ("rmse", "test_error", "encoder_length"):
        at_the_end = expected[name].isel(epoch=-1)
        assert (found[name].sel(learning_rate=3) == at_the_end).all()
    assert (found.baseline_error == expected.baseline_error).all()


def test_banded(tmp_path, monkeypatch, capsys):
    """The command prints claims and draws figures; figures of the plane need two dimensions."""
    monkeypatch.chdir(tmp_path)
    arguments = ["banded", "--quick", "--workers", "1", "--trials", "1"]
    arguments += ["--epochs", "1"]
    assert cli.main(arguments) == 0
    output = capsys.readouterr().out
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) == 9
    folder = tmp_path / "results" / "banded-3x2-quick"
    curves = {"rmse", "test_error", "alignment", "visible"}
    assert {path.stem for path in folder.glob("*.png")} == curves | {"bands", "taught"}

    assert cli.main([*arguments, "--bands", "2", "--dimensions", "3"]) == 0
    folder = tmp_path / "results" / "banded-2x3-quick"
    assert {path.stem for path in folder.glob("*.png")} == curves


@pytest.mark.parametrize("experiment", ["multiplication", "mnist", "online"])
def test_homeostasis(experiment, tmp_path, capsys):
    options = ["--folder", str(tmp_path), "--trials", "1", "--epochs", "1"]
    options += ["--workers", "1"]
    if experiment == "mnist":
        options += ["--dataset", "digits", "--n-neurons", "20"]
    assert cli.main(["homeostasis", experiment, *options]) == 0
    output = capsys.readouterr().out
    assert "FeedbackAlignment, stabilized" in output
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) == 5
    for name in ("homeostasis", "phase_portrait"):
        assert (tmp_path / f"{name}.png").exists()


def test_homeostasis_is_not_measured_in_spikes(tmp_path):
    options = ["--neurons", "spiking", "--folder", str(tmp_path)]
    with pytest.raises(SystemExit, match="only measured with rate neurons"):
        cli.main(["homeostasis", "multiplication", *options])


def test_hebbian(tmp_path, capsys):
    options = ["--folder", str(tmp_path), "--quick", "--workers", "1"]
    assert cli.main(["hebbian", *options]) == 0
    output = capsys.readouterr().out
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) == 5
    assert (tmp_path / "hebbian.png").exists()


def test_timescales(tmp_path, capsys):
    options = ["--folder", str(tmp_path), "--quick", "--workers", "1", "--trials", "1"]
    assert cli.main(["timescales", *options, "--epochs", "1"]) == 0
    output = capsys.readouterr().out
    assert "Errors relative to fixed encoders" in output
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) >= 9
    assert (tmp_path / "timescales.png").exists()


def test_arm(tmp_path, capsys, monkeypatch):
    from nengo_fa.experiments import arm

    monkeypatch.setattr(arm, "LOADS", (0.0, 3.0))
    options = ["--folder", str(tmp_path), "--quick", "--workers", "1", "--trials", "1"]
    assert cli.main(["arm", *options]) == 0
    output = capsys.readouterr().out
    assert "Fixed encoders do best with PES at" in output
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) == 2
    assert (tmp_path / "arm.png").exists()


def test_recurrent(tmp_path, capsys):
    options = ["--folder", str(tmp_path), "--quick", "--workers", "1", "--trials", "1"]
    assert cli.main(["recurrent", *options, "--epochs", "1"]) == 0
    output = capsys.readouterr().out
    assert "Errors relative to the pattern" in output
    assert "Offline, in rates" in output
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) == 6 + 3
    assert (tmp_path / "recurrent.png").exists()
    assert (tmp_path / "through_time.png").exists()


def test_products(tmp_path, capsys):
    options = ["--folder", str(tmp_path), "--quick", "--workers", "1", "--trials", "1"]
    assert cli.main(["products", *options, "--epochs", "1"]) == 0
    output = capsys.readouterr().out
    assert "Errors relative to the output" in output
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) == 4
    assert (tmp_path / "products.png").exists()


def test_error_populations(tmp_path, capsys):
    options = ["--folder", str(tmp_path), "--quick", "--workers", "1", "--trials", "1"]
    assert cli.main(["error-populations", *options]) == 0
    output = capsys.readouterr().out
    assert "Error relative to fixed encoders" in output
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) == 3
    assert (tmp_path / "error_populations.png").exists()


def test_error_populations_layer_by_layer(tmp_path, capsys, monkeypatch):
    from nengo_fa.experiments import error_layers

    data = error_layers.ErrorLayerExperiment(n_trials=1).make_template().fillna(0.1)
    asked = []

    def sweep(experiment, options, path):
        asked.append((type(experiment), experiment.seconds, path))
        return data

    monkeypatch.setattr(cli.in_seconds, "sweep", sweep)
    options = ["--folder", str(tmp_path), "--quick"]
    assert cli.main(["error-populations", "layers", *options]) == 0
    path = tmp_path / "error_layers.zarr"
    assert asked == [(error_layers.ErrorLayerExperiment, 1, path)]
    output = capsys.readouterr().out
    assert re.search("last layer +direct +relayed +traces", output)
    assert len(re.findall(r"^\S.*: not tested", output, re.M)) == 5
    assert (tmp_path / "error_layers.png").exists()


def test_refuses_data_of_another_configuration(tmp_path, capsys):
    arguments = ["multiplication", "--folder", str(tmp_path / "a"), "--trials", "1"]
    arguments += ["--epochs", "1", "--workers", "1"]
    assert cli.main([*arguments, "--learning-rate", "10"]) == 0
    before = (tmp_path / "a" / "figure5.png").read_bytes()
    assert cli.main([*arguments, "--learning-rate", "3"]) == 1
    errors = capsys.readouterr().err
    assert "learning_rate is 10.0 in the store and 3.0 here" in errors
    assert cli.main(arguments) == 1
    assert "turn is None in the store and 0.1 here" in capsys.readouterr().err
    assert (tmp_path / "a" / "figure5.png").read_bytes() == before


def test_pyramidal(tmp_path, capsys):
    options = ["--folder", str(tmp_path), "--quick", "--workers", "1", "--trials", "1"]
    assert cli.main(["pyramidal", *options, "--epochs", "1"]) == 0
    output = capsys.readouterr().out
    assert "Burst learning ends with a lower error than fixed encoders" in output
    assert "Apical input changes the event rate by less than" in output
    assert "the update of eq. 3 falls" in output
    assert "It does not test claims" in output
    assert (tmp_path / "pyramidal.png").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["arm"],
        ["hebbian"],
        ["pyramidal"],
        ["timescales"],
        ["recurrent"],
        ["error-populations"],
        ["homeostasis", "online"],
    ],
)
def test_epochs_are_seconds(command, capsys):
    with pytest.raises(SystemExit):
        cli.main([*command, "--help"])
    assert "of a second each)" in " ".join(capsys.readouterr().out.split())


def test_without_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "xarray", None)
    for name in list(sys.modules):
        if name.startswith("nengo_fa.experiments."):
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SystemExit, match="scikit-learn scipy xarray zarr"):
        cli.main(["multiplication", "--folder", str(tmp_path / "a")])
    assert not (tmp_path / "a").exists()


def test_without_dask(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SystemExit, match="pip install distributed"):
        cli.main(["multiplication", "--folder", str(tmp_path), "--scheduler", "there"])


def test_shows_progress_in_lines_in_a_pipe(tmp_path):
    arguments = ["online", "--seconds", "20", "--figure", tmp_path / "figure.png"]
    command = [
        sys.executable,
        "-c",
        "from nengo_fa.cli import main; main()",
        *arguments,
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Simulating: 50 %" in output and "\r" not in output and "ETA" not in output
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "the following arguments are required: COMMAND"),
        (["offline"], "invalid choice: 'offline'"),
        (["online", "--neurons", "wet"], "invalid choice: 'wet'"),
        (["online", "--seconds", "long"], "invalid float value: 'long'"),
        (["online", "--seconds", "nan"], "must be from 1 to"),
        (["online", "--seconds", "0.5"], "must be from 1 to"),
        (["online", "--n-neurons", "0"], "must be from 1 to"),
        (["online", "--n-neurons", "1.5"], "invalid int value"),
        (["online", "--seed", "-1"], "must be from 0 to"),
        (["online", "--figure", "figure.doc"], "must end in one of"),
        (
            ["online", "--figure", "missing/figure.png"],
            "the folder missing does not exist",
        ),
        (["online", "--figure", "folder.png"], "folder.png cannot be written"),
        (["multiplication", "--trials", "0"], "must be from 1 to"),
        (["multiplication", "--learning-rate", "nan"], "must be from 0 to"),
        (["multiplication", "--workers", "0"], "must be from 1 to"),
        (["banded", "--bands", "1"], "must be from 2 to"),
        (["mnist", "--dataset", ""], "--dataset: must not be empty"),
        (["depth", "--dataset", " "], "--dataset: must not be empty"),
        (["depth", "--device", ""], "--device: must not be empty"),
        (["banded", "--scheduler", ""], "--scheduler: must not be empty"),
        (["banded", "--folder", ""], "--folder: must not be empty"),
        (["banded", "--folder", "a\0b"], "contain NUL: 'a\\x00b'"),
        (["online", "--figure", "a\0b.png"], "contain NUL: 'a\\x00b.png'"),
        (["mnist", "--n-neurons", "9" * 5000], "invalid int value"),
        (["depth", "--depths", "0"], "must be from 1 to"),
        (["depth", "--neurons", "spiking"], "invalid choice: 'spiking'"),
        (["learning-rates"], "the following arguments are required: EXPERIMENT"),
        (["learning-rates", "mnist", "--epochs", "many"], "invalid int value"),
        (["learning-rates", "mnist", "--learning-rates", "0"], "must be from 1e-09"),
    ],
)
def test_bad_arguments(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(SystemExit) as info:
        cli.main(arguments)
    assert info.value.code == 2
    assert message in capsys.readouterr().err


def find_parsers(parser, words=()):
    """All commands, and the parser of each."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield (*words, name), command
                yield from find_parsers(command, (*words, name))


COMMANDS = [
    pytest.param(words, command, id=" ".join(words))
    for words, command in find_parsers(cli._make_parser())
]


@pytest.mark.parametrize("words, command", COMMANDS)
def test_help_says_what_a_command_is_for(words, command):
    """The help of commands and groups names a purpose, the time, a page and a valid example."""
    text = command.format_help()
    assert command.description.endswith(".") and "Takes " in text
    page = text.partition("Documentation: ")[2].strip()
    assert (Path(__file__).parents[2] / page).is_file()
    example = text.partition("Example: nengo-fa ")[2].partition("\n")[0].split()
    assert example[: len(words)] == list(words)
    run = cli._make_parser().parse_args(example).run
    assert command.get_default("run") in (None, run)


def test_all_that_is_missing_is_named_at_once(monkeypatch, tmp_path):
    """The extra for experiments includes the packages that figures need."""
    monkeypatch.setitem(sys.modules, "nengo_fa.plots", None)
    monkeypatch.delattr(nengo_fa, "plots", raising=False)
    with pytest.raises(SystemExit, match="scikit-learn scipy xarray zarr"):
        cli.main(["arm", "--folder", str(tmp_path / "a")])


def test_without_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nengo_fa.plots", None)
    monkeypatch.delattr(nengo_fa, "plots", raising=False)
    with pytest.raises(SystemExit, match="pip install matplotlib"):
        cli.main(["online", "--figure", str(tmp_path / "figure.png")])


def test_version(capsys):
    with pytest.raises(SystemExit) as info:
        cli.main(["--version"])
    assert info.value.code == 0
    assert capsys.readouterr().out == f"nengo-fa {nengo_fa.__version__}\n"


def start(*arguments):
    """Start the command as a separate process, and wait until it is ready."""
    code = (
        "import sys; from nengo_fa.cli import main;"
        "print('ready', flush=True); sys.exit(main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_interrupted_experiment_goes_on(tmp_path):
    folder = tmp_path / "results"
    arguments = ["multiplication", "--folder", str(folder), "--workers", "1"]
    arguments += ["--trials", "20", "--epochs", "5"]
    process = start(*arguments)
    # trials are marked as finished in a file for each chunk
    while len(list(folder.glob("figure5.zarr/finished/**/*"))) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Finished trials are kept" in errors and "Traceback" not in errors
    assert cli.main(arguments) == 0
    assert (folder / "figure5.png").exists()


def interrupt(process):
    """Press Ctrl-C; return the exit status, the later output and the message."""
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in errors
    return process.returncode, output, errors


def test_interruption(tmp_path):
    figure = tmp_path / "figure.png"
    process = start("online", "--seconds", "30", "--figure", figure)
    for line in process.stdout:
        if "Simulating: " in line:
            break  # two seconds or more, enough to report on
    code, output, _ = interrupt(process)
    assert code == 0
    assert re.search(r"Interrupted after [\d.]+ s. Results up to this time", output)
    assert figure.exists()


def test_interruption_at_once(tmp_path):
    process = start("online", "--seconds", "10000", "--figure", tmp_path / "figure.png")
    assert "LIF neurons learn" in process.stdout.readline()
    code, _, errors = interrupt(process)
    assert code == 130
    assert "Interrupted before there was anything to report" in errors


@pytest.mark.parametrize("command", ["mnist", "depth", "homeostasis mnist"])
def test_empty_dataset_is_refused(command, tmp_path, capsys):
    arguments = [
        *command.split(),
        "--quick",
        "--dataset",
        "",
        "--folder",
        str(tmp_path),
    ]
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert "argument --dataset: must not be empty" in capsys.readouterr().err


def test_mnist_on_other_digits(tmp_path, monkeypatch, capsys):
    """If MNIST is missing, small digits replace it, and the command says so."""

    def nowhere(path=None):
        raise FileNotFoundError("MNIST is nowhere")

    monkeypatch.setattr("nengo_fa.datasets.mnist", nowhere)
    monkeypatch.delenv("NENGO_FA_DATA", raising=False)
    load_centered.cache_clear()  # other tests may have loaded it
    arguments = ["mnist", "--quick", "--n-neurons", "50", "--workers", "1"]
    assert cli.main([*arguments, "--folder", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "MNIST is nowhere" in output
    assert "The small digits of scikit-learn are used instead." in output
    assert (
        "Backpropagation ends with a lower test error than feedback alignment" in output
    )
    for name in ("figure6", "spikes", "confusion", "encoders"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    with xr.open_zarr(tmp_path / "figure6.zarr", consolidated=False) as data:
        assert data.sizes["trial"] == 2
        assert '"bits": 32' in data.attrs["configuration"]
    assert nengo.rc.get("precision", "bits") == "64"


def test_mnist_that_is_not_where_it_should_be(tmp_path, monkeypatch, capsys):
    """If a path to MNIST is given, other digits do not replace it."""
    monkeypatch.setenv("NENGO_FA_DATA", str(tmp_path / "nowhere"))
    assert cli.main(["mnist", "--quick", "--folder", str(tmp_path)]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_depth(tmp_path, capsys):
    """Rates are chosen in other trials; run again, the command only draws."""
    command = ["depth", "--quick", "--dataset", "digits", "--folder", str(tmp_path)]
    command += ["--workers", "1", "--n-neurons", "20", "--trials", "1"]
    command += [
        "--samples",
        "200",
        "--epochs",
        "1",
        "--depths",
        "2",
        "1",
        "--learning-rates",
        "0.03",
        "0.003",
    ]
    assert cli.main(command) == 0
    output = capsys.readouterr().out
    assert re.search(r"hidden layers +1 +2\nbackprop +0\.0", output)
    assert (
        "The network learns: the test error is lower after learning than before"
        in output
    )
    assert "local backprop, 2 layers" in output and "global, 1 layer " in output
    (tmp_path / "depth.png").unlink()
    assert cli.main(command) == 0
    claims = output[output.index("The network learns") :]
    assert capsys.readouterr().out.endswith(claims)
    assert (tmp_path / "depth.png").read_bytes().startswith(b"\x89PNG")
    with xr.open_zarr(tmp_path / "depth.zarr", consolidated=False) as data:
        assert data.depth.values.tolist() == [1, 2]
        seed = data.attrs["seed"]
    with xr.open_zarr(tmp_path / "learning_rates.zarr", consolidated=False) as data:
        assert data.attrs["seed"] != seed


def test_a_network_is_trained_once_for_its_spikes(tmp_path, monkeypatch, capsys):
    """A second run shows the stored data, unless the options differ."""
    command = ["mnist", "--quick", "--dataset", "digits", "--n-neurons", "40"]
    command += ["--workers", "1", "--folder", str(tmp_path), "--trials", "1"]
    assert cli.main(command) == 0
    first = capsys.readouterr().out
    assert "trained again" in first and "Of 1 trials" not in first
    assert "It does not test claims" in first
    (tmp_path / "spikes.png").unlink()
    assert cli.main(command) == 0
    assert "trained again" not in capsys.readouterr().out
    assert (tmp_path / "spikes.png").exists()
    experiment = ClassificationExperiment(dataset="digits")
    assert find_dataset(tmp_path / "spikes.zarr", experiment) is None


def test_diverged_digits(tmp_path, capsys):
    """The error reports divergence, and the figure of the results is drawn nevertheless."""
    command = ["mnist", "--quick", "--dataset", "digits", "--neurons", "relu"]
    command += ["--learning-rate", "1e5", "--folder", str(tmp_path), "--workers", "1"]
    command += ["--epochs", "20", "--trials", "1", "--n-neurons", "40"]
    assert cli.main(command) == 1
    assert "Lower the learning rate" in capsys.readouterr().err
    assert (tmp_path / "figure6.png").exists()


def test_receptive_fields_without_the_extra(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nengo_extras", None)
    command = ["mnist", "--quick", "--dataset", "digits", "--folder", str(tmp_path)]
    assert cli.main([*command, "--encoders", "gabor"]) == 1
    assert "pip install nengo-extras" in capsys.readouterr().err


def test_mnist_on_a_damaged_file(tmp_path, monkeypatch, capsys):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(b"<html>not found</html>")
    monkeypatch.setenv("NENGO_FA_DATA", str(path))
    assert cli.main(["mnist", "--quick", "--folder", str(tmp_path)]) == 1
    assert "mnist.pkl.gz" in capsys.readouterr().err


FEW = ["multiplication", "--trials", "1", "--epochs", "1", "--workers", "1"]


@pytest.mark.parametrize(
    "code, remedy",
    [
        (
            errno.ENOSPC,
            "Free some space. Finished trials are kept; run the same command again",
        ),
        (errno.EIO, ""),
    ],
)
def test_what_the_system_says(tmp_path, monkeypatch, capsys, code, remedy):
    def write(self, part, results):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("nengo_fa.experiments.sweep.store.Store.write", write)
    assert cli.main([*FEW, "--folder", str(tmp_path)]) == 1
    errors = capsys.readouterr().err
    assert os.strerror(code) in errors and remedy in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("place", ["results", "results/a", "results.pdf"])
def test_something_in_the_way(tmp_path, capsys, place):
    """A file has the name of a folder, or a folder has the name of a figure."""
    (tmp_path / "results").write_text("important")
    folder = tmp_path / place
    if place.endswith("pdf"):
        folder = tmp_path / "figures"
        (folder / "figure5.pdf").mkdir(parents=True)
    assert cli.main([*FEW, "--folder", str(folder)]) == 1
    errors = capsys.readouterr().err
    assert "Move the existing file or folder, or choose another place" in errors
    assert errors.count("\n") == 1
    assert (tmp_path / "results").read_text() == "important"


def test_finished_results_on_a_read_only_medium(tmp_path, monkeypatch, capsys):
    """Claims are shown; of each figure it is said that it cannot be written."""

    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    arguments = [*FEW, "--folder", str(tmp_path)]
    assert cli.main(arguments) == 0
    output = capsys.readouterr().out
    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", refuse)
    assert cli.main(arguments) == 0
    again = capsys.readouterr().out
    claims = slice(output.index("Backpropagation ends"), output.index("Figure:"))
    assert output[claims] in again
    assert again.count("cannot be written ([Errno 30] Read-only file system)") == 8


def test_a_worker_that_is_killed(tmp_path):
    folder = tmp_path / "results"
    arguments = ["multiplication", "--folder", str(folder), "--workers", "1"]
    process = start(*arguments, "--trials", "400", "--epochs", "20")
    while len(list(folder.glob("figure5.zarr/finished/**/*"))) < 3:
        time.sleep(0.01)
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        for child in map(int, file.read().split()):
            with open(f"/proc/{child}/cmdline") as command:
                if "spawn_main" in command.read():
                    os.kill(child, signal.SIGKILL)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert (
        "A worker process has ended" in errors
        and "run the same command again to continue" in errors
    )
    assert errors.count("\n") == 1
