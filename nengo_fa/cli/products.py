"""The command ``nengo-fa products``."""

from nengo_fa.cli.in_seconds import run_experiment
from nengo_fa.cli.shared import (
    add_command,
    add_sweep_options,
    import_extra,
    import_plots,
)

#: Number of trials, and epochs.
FULL, QUICK = (8, 40), (2, 2)


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "products",
        run,
        help="products and circular convolutions: Nengo's own networks compared with "
        "ensembles with fixed and with learned encoders",
        takes="about five minutes of two processors",
        example="products --quick",
        page="products.rst",
    )
    add_sweep_options(command, *FULL, "two trials of two epochs, without convolutions")


def run(options):
    """Run the trials, print the results and draw the figure."""
    plots = import_plots()
    products = import_extra("experiments.products", "experiments")
    n_trials, epochs = QUICK if options.quick else FULL
    experiment = products.ProductExperiment(
        n_trials=options.trials or n_trials,
        epochs=options.epochs or epochs,
        tasks=products.QUICK_TASKS if options.quick else tuple(products.TASKS),
        seed=options.seed,
    )
    run_experiment(
        options, experiment, plots.products, products.check_claims, products.report
    )
