"""The command ``nengo-fa timescales``."""

from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment, run_experiment
from nengo_fa.cli.shared import add_command, import_extra, import_plots

#: Number of trials, and seconds.
FULL, QUICK = (9, 30), (2, 2)


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "timescales",
        run,
        help="how fast encoders can learn online together with decoders, by PES or RLS",
        takes="about a quarter of an hour of one processor",
        example="timescales --quick",
        page="timescales.rst",
    )
    add_seconds_options(command, FULL, QUICK)


def run(options):
    """Run the trials, print the results and draw the figure."""
    plots = import_plots()
    timescales = import_extra("experiments.timescales", "experiments")
    experiment = make_experiment(options, timescales.TimescaleExperiment, FULL, QUICK)
    run_experiment(
        options,
        experiment,
        plots.timescales,
        timescales.check_claims,
        timescales.report,
    )
