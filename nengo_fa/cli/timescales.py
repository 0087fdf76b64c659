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
        help="how fast encoders may learn next to decoders, online, with PES and with RLS",
    )
    add_sweep_options(
        command, N_TRIALS, f"{SECONDS}, of a second each", "two trials of two seconds"
    )


def run(options):
    """Run the trials, print what was found and draw the figure."""
    plots = import_plots()
    timescales = import_extra("experiments.timescales", "experiments")
    n_trials, seconds = (2, 2) if options.quick else (N_TRIALS, SECONDS)
    experiment = timescales.TimescaleExperiment(
        n_trials=options.trials or n_trials,
        seconds=options.epochs or seconds,
        seed=options.seed,
    )
    folder = get_folder(options)
    data = sweep(experiment, options, folder / "timescales.zarr")
    print(f"\n{timescales.report(data)}")
    print_claims(timescales.check_claims(data))
    draw(plots.timescales, data, folder / "timescales")
