"""The command ``nengo-fa hebbian``."""

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

N_TRIALS, SECONDS = 10, 8


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "hebbian",
        run,
        help="where preferred directions come to rest: feedback alignment next to the "
        "rules of Oja and Voja",
    )
    add_sweep_options(
        command, N_TRIALS, f"{SECONDS}, of a second each", "two trials of one second"
    )


def run(options):
    """Run the trials, print the claims and draw the figure."""
    plots = import_plots()
    hebbian = import_extra("experiments.hebbian", "experiments")
    n_trials, seconds = (2, 1) if options.quick else (N_TRIALS, SECONDS)
    experiment = hebbian.HebbianExperiment(
        n_trials=options.trials or n_trials,
        seconds=options.epochs or seconds,
        seed=options.seed,
    )
    folder = get_folder(options)
    data = sweep(experiment, options, folder / "hebbian.zarr")
    print_claims(hebbian.check_claims(data))
    draw(plots.hebbian, data, folder / "hebbian")
