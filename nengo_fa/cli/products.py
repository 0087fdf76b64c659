"""The command ``nengo-fa products``."""

from nengo_fa.cli.shared import (
    add_command,
    add_sweep_options,
    draw,
    get_folder,
    import_extra,
    import_plots,
    print_claims,
    sweep,
)

#: Number of trials, and epochs.
FULL, QUICK = (8, 40), (2, 2)


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "products",
        run,
        help="products and circular convolutions: Nengo's own networks next to ensembles "
        "with fixed and with learned encoders",
        takes="some minutes of one processor",
        example="products --quick",
        page="products.rst",
    )
    add_sweep_options(command, *FULL, "two trials of two epochs, without convolutions")


def run(options):
    """Run the trials, print what was found and draw the figure."""
    plots = import_plots()
    products = import_extra("experiments.products", "experiments")
    n_trials, epochs = QUICK if options.quick else FULL
    experiment = products.ProductExperiment(
        n_trials=options.trials or n_trials,
        epochs=options.epochs or epochs,
        tasks=products.QUICK_TASKS if options.quick else tuple(products.TASKS),
        seed=options.seed,
    )
    folder = get_folder(options)
    data = sweep(experiment, options, folder / "products.zarr")
    print(f"\n{products.report(data)}")
    print_claims(products.check_claims(data))
    draw(plots.products, data, folder / "products")
