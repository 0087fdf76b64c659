"""The command ``nengo-fa multiplication``."""

from nengo_fa.cli.shared import (
    NEURONS,
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

N_TRIALS, EPOCHS = 200, 100


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "multiplication",
        run,
        help="the paper's first experiment: its data, Figures 2 to 5 and its claims",
    )
    command.add_argument(
        "--learning-rate",
        type=number(float, 0, 10**6),
        default=10.0,
        metavar="RATE",
        help="learning rate of the encoder rules, per update (default: %(default)s)",
    )
    add_experiment_options(command)


def add_experiment_options(command):
    """Add the options that all commands about this experiment have."""
    command.add_argument(
        "--neurons",
        choices=NEURONS,
        default="rate",
        help="rates of LIF neurons, or their spikes, which takes some hundred times as "
        "long (default: %(default)s)",
    )
    quick = "fewer trials, and with spikes fewer epochs"
    add_sweep_options(command, N_TRIALS, EPOCHS, quick)


def run(options):
    """Run the trials, print the claims and draw the figures."""
    plots = import_plots()
    multiplication = import_extra("experiments.multiplication", "experiments")
    illustrations = import_extra("experiments.illustrations", "experiments")
    experiment = make_experiment(
        options, n_quick=10, learning_rate=options.learning_rate
    )
    folder = get_folder(options, options.neurons)
    data = sweep(experiment, options, folder / "figure5.zarr")
    print_claims(multiplication.check_claims(data))
    tuning_curves = illustrations.make_tuning_curves()
    store(tuning_curves, folder / "figure2.zarr")
    draw(plots.tuning_curves, tuning_curves, folder / "figure2")
    iterations = illustrations.make_iterations(experiment)
    store(iterations, folder / "figure3.zarr", experiment)
    draw(plots.iterations, iterations, folder / "figure3")
    movement = illustrations.make_encoder_movement(experiment)
    store(movement, folder / "figure4.zarr", experiment)
    draw(plots.encoder_movement, movement, folder / "figure4")
    draw(plots.learning_curves, data, folder / "figure5")


def make_experiment(options, n_quick, **parameters):
    """The experiment that the options describe.

    Parameters
    ----------
    options : argparse.Namespace
    n_quick : int
        Number of trials if it is to be quick.
    **parameters
        Of the experiment.
    """
    multiplication = import_extra("experiments.multiplication", "experiments")
    spiking = options.neurons == "spiking"
    n_trials, epochs = N_TRIALS, EPOCHS
    if options.quick:
        n_trials, epochs = (2, 5) if spiking else (n_quick, EPOCHS)
    return multiplication.MultiplicationExperiment(
        neurons=options.neurons,
        seed=options.seed,
        n_trials=options.trials or n_trials,
        epochs=options.epochs or epochs,
        # spikes take their time: little at once, so that little is lost
        chunk_size=1 if spiking else 2 if options.quick else 10,
        **parameters,
    )
