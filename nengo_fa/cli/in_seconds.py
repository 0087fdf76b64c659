"""Functions for all commands with experiments that learn online: epochs are seconds."""

from nengo_fa.cli.shared import (
    add_sweep_options,
    draw,
    get_folder,
    print_claims,
    sweep,
)


def add_seconds_options(command, full, quick):
    """Add the options of a command that runs many trials of several seconds.

    Parameters
    ----------
    command : argparse.ArgumentParser
    full, quick : tuple of int
        Numbers of trials and of seconds, by default and with ``--quick``.
    """
    n_trials, seconds = full
    add_sweep_options(
        command,
        n_trials,
        f"{seconds}, of a second each",
        f"{quick[0]} trials of {quick[1]} s",
    )


def make_experiment(options, make, full, quick, **parameters):
    """Return an experiment with the numbers of trials and seconds in the options."""
    n_trials, seconds = quick if options.quick else full
    return make(
        n_trials=options.trials or n_trials,
        seconds=options.epochs or seconds,
        seed=options.seed,
        **parameters,
    )


def run_experiment(options, experiment, plot, check_claims, report=None, words=()):
    """Run the trials, print the results and draw the figure.

    Parameters
    ----------
    options : argparse.Namespace
    experiment : nengo_fa.experiments.sweep.in_seconds.InSeconds
    plot, check_claims : callable
        Functions of the data; the files of data and figure have the name of ``plot``.
    report : callable, optional
        Takes the data and returns the text to print before the claims.
    words : sequence of str, optional
        Words in the name of the folder, after the name of the command.
    """
    folder = get_folder(options, *words)
    data = sweep(experiment, options, folder / f"{plot.__name__}.zarr")
    if report is not None:
        print(f"\n{report(data)}")
    print_claims(check_claims(data))
    draw(plot, data, folder / plot.__name__)
