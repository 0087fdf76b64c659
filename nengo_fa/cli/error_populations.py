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
    command.add_argument(
        "layers",
        nargs="?",
        choices=["layers"],
        help="two hidden layers, with an error each, in place of one: what it costs the "
        "first that the second hands on its error",
    )
    add_sweep_options(
        command, N_TRIALS, f"{SECONDS}, of a second each", "two trials of one second"
    )


def run(options):
    """Run the trials, print what was found and draw the figure."""
    plots = import_plots()
    if options.layers:
        module = import_extra("experiments.error_layers", "experiments")
        make, plot, words = module.ErrorLayerExperiment, plots.error_layers, ["layers"]
    else:
        module = import_extra("experiments.error_populations", "experiments")
        make, plot, words = (
            module.ErrorPopulationExperiment,
            plots.error_populations,
            [],
        )
    n_trials, seconds = (2, 1) if options.quick else (N_TRIALS, SECONDS)
    experiment = make(
        n_trials=options.trials or n_trials,
        seconds=options.epochs or seconds,
        seed=options.seed,
    )
    folder = get_folder(options, *words)
    data = sweep(experiment, options, folder / f"{plot.__name__}.zarr")
    print(f"\n{module.report(data)}")
    print_claims(module.check_claims(data))
    draw(plot, data, folder / plot.__name__)
