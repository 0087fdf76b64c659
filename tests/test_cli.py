import os
import re
import signal
import subprocess
import sys
import time

import pytest

import nengo_fa
from nengo_fa import cli


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


def test_shows_progress_by_default(tmp_path):
    arguments = ["online", "--seconds", "20", "--figure", tmp_path / "figure.png"]
    command = [
        sys.executable,
        "-c",
        "from nengo_fa.cli import main; main()",
        *arguments,
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Simulating... " in output and "ETA" in output
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
        (["online", "--figure", "missing/figure.png"], "there is no folder missing"),
        (["online", "--figure", "folder.png"], "folder.png cannot be written"),
    ],
)
def test_bad_arguments(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(SystemExit) as info:
        cli.main(arguments)
    assert info.value.code == 2
    assert message in capsys.readouterr().err


def test_without_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nengo_fa.plots", None)
    monkeypatch.delattr(nengo_fa, "plots", raising=False)
    with pytest.raises(SystemExit, match=r"pip install 'nengo-fa\[plots\]'"):
        cli.main(["online", "--figure", str(tmp_path / "figure.png")])


def test_version(capsys):
    with pytest.raises(SystemExit) as info:
        cli.main(["--version"])
    assert info.value.code == 0
    assert capsys.readouterr().out == f"nengo-fa {nengo_fa.__version__}\n"


@pytest.mark.parametrize("wait", [2.5, 0])
def test_interruption(tmp_path, wait):
    """Ctrl-C ends the run and keeps what there is, if there is any."""
    figure = tmp_path / "figure.png"
    arguments = ["online", "--seconds", "10000", "--figure", figure]
    command = [sys.executable, "-c", "import sys; from nengo_fa.cli import main;"
               "print('ready', flush=True); sys.exit(main())", *arguments]  # fmt: skip
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout.readline() == "ready\n"
    assert "LIF neurons learn" in process.stdout.readline()
    time.sleep(2 * wait)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    if wait:
        assert process.returncode == 0
        assert re.search(r"Interrupted after [\d.]+ s; this is what", output)
        assert figure.exists()
    else:
        assert process.returncode == 130
        assert "Interrupted before there was anything to report" in errors
