"""The command ``nengo-fa recurrent``."""

from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment, run_experiment
from nengo_fa.cli.shared import add_command, import_extra, import_plots

#: Number of trials, and seconds.
FULL, QUICK = (12, 40), (2, 2)


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "recurrent",
        run,
        help="a pattern in time from a recurrent network of spiking neurons: learned "
        "recurrent weights, and what an eligibility trace does if the error is late",
        takes="about an hour of one processor",
        example="recurrent --quick",
        page="recurrent.rst",
    )
    add_seconds_options(command, FULL, QUICK)


def run(options):
    """Run the trials, print what was found and draw the figure."""
    plots = import_plots()
    recurrent = import_extra("experiments.recurrent", "experiments")
    experiment = make_experiment(options, recurrent.RecurrentExperiment, FULL, QUICK)
    run_experiment(
        options,
        experiment,
        plots.recurrent,
        recurrent.check_claims,
        recurrent.report,
    )
