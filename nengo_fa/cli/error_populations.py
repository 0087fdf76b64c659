"""The command ``nengo-fa error-populations``."""

from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment, run_experiment
from nengo_fa.cli.shared import add_command, import_extra, import_plots

#: Number of trials, and seconds.
FULL, QUICK = (7, 30), (2, 1)


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "error-populations",
        run,
        help="delayed and spiking errors: how much accuracy each millisecond costs, and how "
        "much a trace of the input recovers",
        takes="about ten minutes of one processor, and 25 minutes with layers",
        example="error-populations --epochs 10",
        page="error_populations.rst",
    )
    command.add_argument(
        "layers",
        nargs="?",
        choices=["layers"],
        help="use two hidden layers instead of one, each with its own error: how much "
        "accuracy it costs if the first layer receives its error through the second",
    )
    add_seconds_options(command, FULL, QUICK)


def run(options):
    """Run the trials, print the results and draw the figure."""
    plots = import_plots()
    if options.layers:
        found = import_extra("experiments.error_layers", "experiments")
        make, plot, words = found.ErrorLayerExperiment, plots.error_layers, ["layers"]
    else:
        found = import_extra("experiments.error_populations", "experiments")
        make, plot, words = found.ErrorPopulationExperiment, plots.error_populations, []
    experiment = make_experiment(options, make, FULL, QUICK)
    run_experiment(options, experiment, plot, found.check_claims, found.report, words)
