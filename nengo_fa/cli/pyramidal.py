"""The command ``nengo-fa pyramidal``."""

from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment, run_experiment
from nengo_fa.cli.shared import add_command, import_extra, import_plots

#: Number of trials, and seconds.
FULL, QUICK = (7, 40), (2, 2)


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "pyramidal",
        run,
        help="pyramidal neurons with two compartments, which learn from bursts",
        takes="about four minutes of one processor",
        example="pyramidal --epochs 10",
        page="pyramidal.rst",
    )
    add_seconds_options(command, FULL, QUICK)


def run(options):
    """Run the trials, print the results and draw the figure."""
    plots = import_plots()
    pyramidal = import_extra("experiments.pyramidal", "experiments")
    experiment = make_experiment(options, pyramidal.PyramidalExperiment, FULL, QUICK)
    run_experiment(options, experiment, plots.pyramidal, pyramidal.check_claims)
