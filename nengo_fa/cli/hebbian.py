"""The command ``nengo-fa hebbian``."""

from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment, run_experiment
from nengo_fa.cli.shared import add_command, import_extra, import_plots

#: Number of trials, and seconds.
FULL, QUICK = (10, 8), (2, 1)


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "hebbian",
        run,
        help="where preferred directions come to rest under feedback alignment and under "
        "the rules of Oja and Voja",
        takes="about two minutes of one processor",
        example="hebbian --quick",
        page="hebbian.rst",
    )
    add_seconds_options(command, FULL, QUICK)


def run(options):
    """Run the trials, print the results and draw the figure."""
    plots = import_plots()
    hebbian = import_extra("experiments.hebbian", "experiments")
    experiment = make_experiment(options, hebbian.HebbianExperiment, FULL, QUICK)
    run_experiment(options, experiment, plots.hebbian, hebbian.check_claims)
