"""The command ``nengo-fa banded``."""

from functools import partial

from nengo_fa.cli.shared import (
    add_command,
    add_sweep_options,
    draw,
    get_folder,
    import_extra,
    import_plots,
    number,
    print_claims,
    store,
    sweep,
)

N_TRIALS, EPOCHS = 16, 100


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "banded",
        run,
        help="the task that backpropagation learns and feedback alignment does not, if "
        "each neuron sees one dimension (Hunsberger, 2018)",
    )
    command.add_argument(
        "--bands",
        type=number(int, 2, 100),
        default=3,
        metavar="N",
        help="number of bands in each dimension (default: %(default)s)",
    )
    command.add_argument(
        "--dimensions",
        type=number(int, 2, 12),
        default=2,
        metavar="N",
        help="dimensions of the input; with --bands 2 it is the parity task (default: "
        "%(default)s)",
    )
    command.add_argument(
        "--learning-rate",
        type=number(float, 0, 10**6),
        metavar="RATE",
        help="learning rate of all encoder rules, per update (default: for each variant "
        "and each layer its own)",
    )
    add_sweep_options(command, N_TRIALS, EPOCHS, "two trials of five epochs")


def run(options):
    """Run the trials, print the claims and draw the figures."""
    plots = import_plots()
    banded = import_extra("experiments.banded", "experiments")
    quick = options.quick
    experiment = banded.BandedExperiment(
        n_bands=options.bands,
        dimensions=options.dimensions,
        n_trials=options.trials or (2 if quick else N_TRIALS),
        epochs=options.epochs or (5 if quick else EPOCHS),
        learning_rate=options.learning_rate,
        seed=options.seed,
    )
    folder = get_folder(options, f"{options.bands}x{options.dimensions}")
    data = sweep(experiment, options, folder / "learning.zarr")
    print_claims(banded.check_claims(data))
    for name in banded.VARIABLES:
        draw(partial(plots.variants, name=name), data, folder / name)
    if experiment.dimensions == 2:  # to be drawn in a plane
        banded_fields = import_extra("experiments.banded_fields", "experiments")
        points = banded_fields.make_points(experiment)
        store(points, folder / "bands.zarr", experiment)
        draw(plots.bands, points, folder / "bands")
        fields = banded_fields.make_fields(experiment)
        store(fields, folder / "taught.zarr", experiment)
        draw(plots.taught_fields, fields, folder / "taught")
