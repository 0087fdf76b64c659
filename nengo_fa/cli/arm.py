"""The command ``nengo-fa arm``."""

from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment, run_experiment
from nengo_fa.cli.shared import add_command, import_extra, import_plots

#: Number of trials, and seconds.
FULL, QUICK = (20, 10), (2, 1)


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "arm",
        run,
        help="an arm that learns to carry a load, with fixed and with learned encoders",
        takes="about a quarter of an hour of one processor",
        example="arm --quick",
        page="control.rst",
    )
    add_seconds_options(command, FULL, QUICK)


def run(options):
    """Run the trials, print the results and draw the figure."""
    plots = import_plots()
    arm = import_extra("experiments.arm", "experiments")
    experiment = make_experiment(options, arm.ArmExperiment, FULL, QUICK)
    run_experiment(options, experiment, plots.arm, arm.check_claims, arm.report)
