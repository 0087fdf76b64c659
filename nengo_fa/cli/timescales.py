"""The command ``nengo-fa timescales``."""

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

N_TRIALS, SECONDS = 9, 30


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "timescales",
        run,
        help="how fast encoders may learn next to decoders, online, with PES and with RLS; "
        "an epoch is a second of simulated time",
    )
    add_sweep_options(command, N_TRIALS, SECONDS, "two trials of six seconds")


def run(options):
    """Run the trials, print the claims and draw the figure."""
    plots = import_plots()
    timescales = import_extra("experiments.timescales", "experiments")
    quick = options.quick
    experiment = timescales.TimescaleExperiment(
        n_trials=options.trials or (2 if quick else N_TRIALS),
        epochs=options.epochs or (6 if quick else SECONDS),
        seed=options.seed,
    )
    folder = get_folder(options)
    data = sweep(experiment, options, folder / "timescales.zarr")
    print_claims(timescales.check_claims(data))
    draw(plots.timescales, data, folder / "timescales")
