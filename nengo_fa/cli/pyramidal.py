"""The command ``nengo-fa pyramidal``."""

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

N_TRIALS, SECONDS = 7, 40


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "pyramidal",
        run,
        help="pyramidal neurons with two compartments, which learn from bursts",
    )
    add_sweep_options(
        command, N_TRIALS, f"{SECONDS}, of a second each", "two trials of two seconds"
    )


def run(options):
    """Run the trials, print what was found and draw the figure."""
    plots = import_plots()
    pyramidal = import_extra("experiments.pyramidal", "experiments")
    n_trials, seconds = (2, 2) if options.quick else (N_TRIALS, SECONDS)
    experiment = pyramidal.PyramidalExperiment(
        n_trials=options.trials or n_trials,
        seconds=options.epochs or seconds,
        seed=options.seed,
    )
    folder = get_folder(options)
    data = sweep(experiment, options, folder / "pyramidal.zarr")
    print_claims(pyramidal.check_claims(data))
    draw(plots.pyramidal, data, folder / "pyramidal")
