"""The command ``nengo-fa models``."""

import ast
import importlib.metadata
import shutil
from pathlib import Path

import nengo_fa
from nengo_fa.cli.shared import add_command, folder_path


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "models",
        run,
        help="list the models for Nengo GUI, or copy them to a folder",
        takes="a second",
        example="models my_models",
        page="gui.rst",
    )
    command.add_argument(
        "folder",
        nargs="?",
        type=folder_path,
        metavar="FOLDER",
        help="folder to copy the models to, without overwriting files (default: only list "
        "the models)",
    )


def run(options):
    """List the models, and copy them if there is a folder."""
    files = find_models()
    for path in files:
        if path.suffix == ".py":
            description = ast.get_docstring(ast.parse(path.read_text("utf-8")))
            print(f"{path.stem:18}{description.splitlines()[0]}")
    if options.folder is None:
        print("\nTo copy the models: nengo-fa models FOLDER")
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        if not (options.folder / path.name).exists():
            shutil.copyfile(path, options.folder / path.name)
    example = options.folder / "multiplication.py"
    print(f"\nCopied to {options.folder}. To open a model: nengo {example}")


def find_models():
    """Return the files of the models, in the repository or in the installed package."""
    repository = Path(nengo_fa.__file__).resolve().parent.parent / "models"
    if (repository / "multiplication.py").exists():
        return sorted([*repository.glob("*.py"), *repository.glob("*.py.cfg")])
    installed = importlib.metadata.files("nengo-fa") or []
    found = sorted(
        Path(path.locate()).resolve()
        for path in installed
        if path.parts[-3:-1] == ("nengo_fa", "models")
    )
    if not found:
        raise FileNotFoundError("The models are missing. Install nengo-fa again.")
    return found
