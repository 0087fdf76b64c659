"""The command ``nengo-fa error-populations``."""

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

N_TRIALS, SECONDS = 7, 30


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "error-populations",
        run,
        help="errors that come late and in spikes: what each millisecond costs, and what "
        "a trace of the input wins back",
    )
    add_sweep_options(
        command, N_TRIALS, f"{SECONDS} seconds", "two trials of one second"
    )


def run(options):
    """Run the trials, print what was found and draw the figure."""
    plots = import_plots()
    populations = import_extra("experiments.error_populations", "experiments")
    n_trials, seconds = (2, 1) if options.quick else (N_TRIALS, SECONDS)
    experiment = populations.ErrorPopulationExperiment(
        n_trials=options.trials or n_trials,
        seconds=options.epochs or seconds,
        seed=options.seed,
    )
    folder = get_folder(options)
    data = sweep(experiment, options, folder / "error_populations.zarr")
    print(f"\n{populations.report(data)}")
    print_claims(populations.check_claims(data))
    draw(plots.error_populations, data, folder / "error_populations")
