"""The command ``nengo-fa learning-rates``."""

from nengo_fa.cli.multiplication import add_experiment_options, make_experiment
from nengo_fa.cli.shared import (
    add_command,
    draw,
    get_folder,
    import_extra,
    import_plots,
    sweep,
)


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "learning-rates",
        run,
        help="how the first experiment depends on the learning rate, which the paper "
        "does not give",
    )
    add_experiment_options(command)


def run(options):
    """Run the trials, print the report and draw the figure."""
    plots = import_plots()
    learning_rates = import_extra("experiments.learning_rates", "experiments")
    experiment = learning_rates.LearningRateExperiment(
        make_experiment(options, n_quick=4)
    )
    folder = get_folder(options, options.neurons)
    data = sweep(experiment, options, folder / "learning_rates.zarr")
    print(f"\n{learning_rates.report(data)}\n")
    draw(plots.sensitivity, folder / "learning_rates")
