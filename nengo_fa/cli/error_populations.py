"""The command ``nengo-fa error-populations``."""

from nengo_fa.cli.in_seconds import add_seconds_options, make_experiment, run_experiment
from nengo_fa.cli.shared import add_command, import_extra, import_plots

#: Number of trials, and seconds.
FULL, QUICK = (7, 30), (2, 1)


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "error-populations",
        run,
        help="errors that come late and in spikes: what each millisecond costs, and what "
        "a trace of the input recovers",
        takes="about ten minutes of one processor, and 25 minutes with layers",
        example="error-populations --epochs 10",
        page="error_populations.rst",
    )
    command.add_argument(
        "layers",
        nargs="?",
        choices=["layers"],
        help="two hidden layers, each with its own error, instead of one: what it costs the "
        "first layer to receive its error through the second",
    )
    add_seconds_options(command, FULL, QUICK)


def run(options):
    """Run the trials, print what was found and draw the figure."""
    plots = import_plots()
    if options.layers:
        found = import_extra("experiments.error_layers", "experiments")
        make, plot, words = found.ErrorLayerExperiment, plots.error_layers, ["layers"]
    else:
        found = import_extra("experiments.error_populations", "experiments")
        make, plot, words = found.ErrorPopulationExperiment, plots.error_populations, []
    experiment = make_experiment(options, make, FULL, QUICK)
    run_experiment(options, experiment, plot, found.check_claims, found.report, words)
