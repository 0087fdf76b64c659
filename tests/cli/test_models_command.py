"""``nengo-fa models`` lists and copies the models."""

from pathlib import Path

import pytest

from nengo_fa.cli import main, models

MODELS = Path(__file__).parent.parent.parent / "models"


def test_models_are_listed(capsys):
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    for path in MODELS.glob("*.py"):
        assert f"{path.stem} " in listed


def test_models_are_copied(tmp_path):
    folder = tmp_path / "mine"
    assert main(["models", str(folder)]) == 0
    expected = {path.name for path in MODELS.iterdir() if path.is_file()}
    assert {path.name for path in folder.iterdir()} == expected
    (folder / "race.py").write_text("mine")
    assert main(["models", str(folder)]) == 0
    assert (folder / "race.py").read_text() == "mine"


@pytest.mark.parametrize("files", [None, []])
def test_missing_models_are_said(monkeypatch, tmp_path, capsys, files):
    monkeypatch.setattr(models.nengo_fa, "__file__", str(tmp_path / "a" / "b.py"))
    monkeypatch.setattr(models.importlib.metadata, "files", lambda name: files)
    assert main(["models"]) == 1
    assert "Install nengo-fa again" in capsys.readouterr().err
