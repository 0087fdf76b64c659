"""The command ``nengo-fa banded``."""

from functools import partial

from nengo_fa.cli import shared
from nengo_fa.cli.options import add_learning_rate, add_number

N_TRIALS, EPOCHS = 16, 100


def add_to(commands):
    """Add the command to the parser."""
    command = shared.add_command(
        commands,
        "banded",
        run,
        help="a task that backpropagation learns and feedback alignment does not, if "
        "each neuron sees one dimension (Hunsberger, 2018)",
        takes="about 35 minutes of one processor",
        example="banded --trials 7 --epochs 20",
        page="banded.rst",
    )
    add_number(
        command,
        "--bands",
        int,
        2,
        100,
        "number of bands in each dimension (default: %(default)s)",
        default=3,
    )
    add_number(
        command,
        "--dimensions",
        int,
        2,
        12,
        "dimensions of the input; with --bands 2, this is the parity task (default: "
        "%(default)s)",
        default=2,
    )
    add_learning_rate(
        command,
        "learning rate of all encoder rules, per update (default: a different rate for each "
        "variant and layer)",
    )
    shared.add_sweep_options(command, N_TRIALS, EPOCHS, "two trials of five epochs")


def run(options):
    """Run the trials, print the claims and draw the figures."""
    plots = shared.import_plots()
    banded = shared.import_extra("experiments.banded", "experiments")
    quick = options.quick
    experiment = banded.BandedExperiment(
        n_bands=options.bands,
        dimensions=options.dimensions,
        n_trials=options.trials or (2 if quick else N_TRIALS),
        epochs=options.epochs or (5 if quick else EPOCHS),
        learning_rate=options.learning_rate,
        seed=options.seed,
    )
    folder = shared.get_folder(options, f"{options.bands}x{options.dimensions}")
    data = shared.sweep(experiment, options, folder / "learning.zarr")
    shared.print_claims(banded.check_claims(data))
    for name in banded.VARIABLES:
        shared.draw(partial(plots.variants, name=name), data, folder / name)
    if experiment.dimensions == 2:  # which can be drawn in a plane
        banded_fields = shared.import_extra("experiments.banded_fields", "experiments")
        points = banded_fields.make_points(experiment)
        shared.store(points, folder / "bands.zarr", experiment)
        shared.draw(plots.bands, points, folder / "bands")
        fields = banded_fields.make_fields(experiment)
        shared.store(fields, folder / "taught.zarr", experiment)
        shared.draw(plots.taught_fields, fields, folder / "taught")
