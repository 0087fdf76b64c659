"""Functions for all commands: options, and the handling of data."""

import argparse
import errno
import importlib
import os
import re
from contextlib import contextmanager
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill

import nengo

NEURONS = {"spiking": nengo.LIF, "rate": nengo.LIFRate}

#: Errors of the system if a file cannot be written.
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
#: Remedies for errors of the system.
REMEDIES = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EFBIG),
        "Free some space. Finished trials are kept; run the same command again to continue.",
    ),
    **dict.fromkeys(
        (errno.EEXIST, errno.ENOTDIR, errno.EISDIR),
        "Move the existing file or folder, or choose another place. Finished trials are "
        "kept.",
    ),
    **dict.fromkeys(READ_ONLY, "Choose a place that you can write to."),
}


def explain(error):
    """Return one line about an error, with the remedy."""
    remedy = REMEDIES.get(getattr(error, "errno", None))
    line = " ".join(str(error).split())
    return line if remedy is None else f"{line}. {remedy}"


def add_parser(commands, name, help, takes, example, page):
    """Add the parser of a command, or of a group of commands, and return it.

    Parameters
    ----------
    commands : argparse action
    name : str
    help : str
        Short description, without a full stop.
    takes : str
        Approximate time with the default options.
    example : str
        A command line, without ``nengo-fa``.
    page : str
        Page of the documentation, a file in ``docs``.
    """
    return commands.add_parser(
        name,
        help=help,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=fill(f"{help[0].upper()}{help[1:]}."),
        epilog=f"Takes {takes}.\nExample: nengo-fa {example}\nDocumentation: docs/{page}",
    )


def add_command(commands, name, run, help, takes, example, page):
    """Add a command, and return its parser; ``run`` takes the options."""
    command = add_parser(commands, name, help, takes, example, page)
    command.set_defaults(
        command=name,
        run=run,
        interrupted="Interrupted. Finished trials are kept; run the same command again "
        "to continue.",
    )
    return command


def add_seed(command, of):
    """Add the option of a seed."""
    command.add_argument(
        "--seed",
        type=number(int, 0, 2**31 - 1),
        default=0,
        metavar="SEED",
        help=f"seed of {of} (default: %(default)s)",
    )


def add_sweep_options(command, n_trials, epochs, quick):
    """Add the options of a command that runs many trials.

    Parameters
    ----------
    command : argparse.ArgumentParser
    n_trials, epochs : int
        Default values that the help states; the options themselves default to None.
    quick : str
        The smaller default with ``--quick``.
    """
    command.add_argument(
        "--trials",
        type=number(int, 1, 10**6),
        metavar="N",
        help=f"number of trials (default: {n_trials})",
    )
    command.add_argument(
        "--epochs",
        type=number(int, 1, 10**6),
        metavar="N",
        help=f"number of epochs (default: {epochs})",
    )
    add_seed(command, "all trials")
    command.add_argument(
        "--quick",
        action="store_true",
        help=f"a short run to see that everything works: {quick}",
    )
    command.add_argument(
        "--folder",
        type=folder_path,
        metavar="FOLDER",
        help="folder for data and figures (default: a folder in results)",
    )
    command.add_argument(
        "--workers",
        type=number(int, 1, 10**4),
        metavar="N",
        help="number of processes (default: one for each processor)",
    )
    command.add_argument(
        "--scheduler",
        type=text,
        metavar="ADDRESS",
        help="address of a Dask scheduler, to run on its workers instead of processes",
    )


def number(kind, low, high):
    """Return a type of arguments: numbers from ``low`` to ``high``."""

    def parse(text):
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"must be from {low} to {high}, not {text}"
            )
        return value

    parse.__name__ = kind.__name__  # which argparse prints if text is not a number
    return parse


def text(argument):
    """Return an argument that is not empty and can be part of a path."""
    if not argument.strip() or "\0" in argument:
        raise argparse.ArgumentTypeError(
            f"must not be empty or contain NUL: {argument!r}"
        )
    return argument


def folder_path(argument):
    """Return an argument as a folder, which need not exist yet."""
    return Path(text(argument))


def read_seconds(default):
    """Read the only argument of a script: the number of seconds to simulate."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "seconds",
        nargs="?",
        type=number(float, 0.1, 1e6),
        default=default,
        help="seconds of simulated time (default: %(default)s)",
    )
    return parser.parse_args().seconds


def figure_path(argument):
    """Return an argument as a file for a figure, checked before the work begins."""
    path = Path(text(argument))
    formats = import_plots("plots").FORMATS
    if path.suffix[1:].lower() not in formats:
        raise argparse.ArgumentTypeError(
            f"{path} must end in one of {', '.join(formats)}"
        )
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder {path.parent} does not exist")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{path} cannot be written")
    return path


def import_extra(name, extra):
    """Return a module of nengo_fa that needs an extra."""
    # imported late, so that the command starts without the extras
    try:
        return importlib.import_module(f"nengo_fa.{name}")
    except ImportError as error:
        raise SystemExit(
            f"nengo-fa: this command needs packages that are not installed ({error}). "
            f"Install them with pip install {' '.join(find_requirements(extra))}"
        ) from error


def find_requirements(extra):
    """Return the packages of an extra by name, for users without the repository."""
    found = [line for line in requires("nengo-fa") if f'extra == "{extra}"' in line]
    return [re.match(r"[\w-]+", line)[0] for line in found]


def import_plots(extra="experiments"):
    """Return the module of figures, whose requirements are in the extra of experiments."""
    return import_extra("plots", extra)


def load_digits(load):
    """Return MNIST, or the small digits if MNIST is not found and no path was given.

    Parameters
    ----------
    load : callable
        Takes one of the two names and returns the dataset.

    Returns
    -------
    data : nengo_fa.datasets.Dataset
    """
    try:
        return load("mnist")
    except FileNotFoundError as error:
        if os.environ.get("NENGO_FA_DATA"):
            raise
        print(f"{error}\nThe small digits of scikit-learn are used instead.")
        return load("digits")


def get_folder(options, *words):
    """Return the folder for data and figures, by default named after the command."""
    if options.folder is not None:
        return options.folder
    quick = ["quick"] if options.quick else []
    return Path("results", "-".join([options.command, *words, *quick]))


def sweep(experiment, options, path):
    """Run the trials that are not stored yet, and show how long this will take.

    Parameters
    ----------
    experiment : Experiment
        As for `nengo_fa.experiments.sweep.run_trials`; with ``n_trials``.
    options : argparse.Namespace
        Including the options of `add_sweep_options`.
    path : pathlib.Path

    Returns
    -------
    data : xarray.Dataset
    """
    sweep = import_extra("experiments.sweep", "experiments")
    trials = "1 trial" if experiment.n_trials == 1 else f"{experiment.n_trials} trials"
    print(f"{trials}. The results are stored in {path}")
    needed = import_extra("experiments.sweep.claims", "experiments").N_TRIALS
    if experiment.n_trials < needed:
        print(
            "This run shows that the command works. It does not test claims, because "
            f"statistical tests need {needed} trials or more."
        )
    # the workers of a Dask scheduler can change
    n_workers = 1 if options.scheduler else options.workers or sweep.get_n_processors()
    if options.scheduler and find_spec("distributed") is None:
        raise SystemExit(
            "nengo-fa: --scheduler needs Dask. Install it with pip install distributed."
        )
    if options.scheduler:
        print(f"Connecting to {options.scheduler}", flush=True)
    with sweep.open_executor(options.workers, options.scheduler) as executor:
        if not options.quick:
            estimate = sweep.estimate_time(experiment, path, executor, n_workers)
            if estimate is not None:
                print(estimate, flush=True)
        return sweep.run_trials(experiment, path, executor)


def print_claims(claims):
    """Print claims, with their tests if there are enough trials."""
    module = import_extra("experiments.sweep.claims", "experiments")
    is_tested = claims[0].findings[0].n_trials >= module.N_TRIALS
    print(
        "\nMedians over trials" + (f", and tests\n{module.LEGEND}" if is_tested else "")
    )
    for claim in claims:
        print(f"\n{claim.tabulate(is_tested)}")
    print()


def store(data, path, experiment=None):
    """Store data under a name, with the configuration of an experiment."""
    store = import_extra("experiments.sweep.store", "experiments")
    if experiment is not None:
        data.attrs.update(store.describe(experiment))
    with _where_possible(f"The data of {path.name}"):
        store.write_dataset(data, path)


def draw(plot, data, path):
    """Draw a figure of data, and print its file name."""
    with _where_possible(f"The figure {path.name}"):
        print("Figure:", *import_plots().save(plot(data), path))


@contextmanager
def _where_possible(what):
    """Continue if a file cannot be written, so that finished results are still shown."""
    try:
        yield
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        print(
            f"{what} cannot be written ({error}). Copy the folder to a writable place."
        )
