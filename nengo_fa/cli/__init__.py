"""The command ``nengo-fa``."""

import argparse
import sys
from concurrent.futures import BrokenExecutor

from nengo.exceptions import NengoException

import nengo_fa
from nengo_fa.cli import (
    arm,
    banded,
    depth,
    error_populations,
    hebbian,
    homeostasis,
    learning_rates,
    mnist,
    models,
    multiplication,
    online,
    products,
    pyramidal,
    recurrent,
    timescales,
)
from nengo_fa.cli.progress import in_lines_unless_terminal
from nengo_fa.cli.shared import explain

COMMANDS = (
    online,
    multiplication,
    learning_rates,
    mnist,
    banded,
    depth,
    pyramidal,
    error_populations,
    homeostasis,
    hebbian,
    timescales,
    arm,
    recurrent,
    products,
    models,
)


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        By default, the arguments of the process.

    Returns
    -------
    status : int
        The exit status: 0; 1 if the command failed, with the reason on the standard error;
        130 if Ctrl-C interrupted it before there was a result to report.
    """
    options = _make_parser().parse_args(arguments)
    try:
        with in_lines_unless_terminal():
            options.run(options)
    except KeyboardInterrupt:
        print(options.interrupted, file=sys.stderr)
        return 130
    except (NengoException, OSError) as error:
        print(f"nengo-fa: {explain(error)}", file=sys.stderr)
        return 1
    except BrokenExecutor as error:
        print(
            f"nengo-fa: A worker process has ended ({error}). Is there enough memory? "
            "Finished trials are kept; run the same command again to continue.",
            file=sys.stderr,
        )
        return 1
    return 0


def _make_parser():
    parser = argparse.ArgumentParser(prog="nengo-fa", description=nengo_fa.__doc__)
    parser.add_argument(
        "--version", action="version", version=f"nengo-fa {nengo_fa.__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser
