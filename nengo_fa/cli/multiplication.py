"""The command ``nengo-fa multiplication``."""

from nengo_fa.cli import shared, turns
from nengo_fa.cli.options import add_choice, add_turns

N_TRIALS, EPOCHS = 200, 100

#: The common turn, the turns among which each condition chooses, and the trials for this.
TURN, TURNS, N_TO_CHOOSE = 0.1, (0.01, 0.03, 0.1, 0.3), 20


def add_to(commands):
    """Add the command to the parser."""
    command = shared.add_command(
        commands,
        "multiplication",
        run,
        help="the paper's first experiment: its data, Figures 2 to 5 and its claims",
        takes="7 minutes of one processor with rates, or 14 seconds per trial with spikes",
        example="multiplication --quick",
        page="experiments.rst",
    )
    add_turns(command, TURN, TURNS, "10 suits all six")
    add_experiment_options(command)


def add_experiment_options(command):
    """Add the options of all commands with this experiment."""
    add_choice(
        command,
        "--neurons",
        shared.NEURONS,
        "rate",
        "rates of LIF neurons, or their spikes, which takes several times as long",
    )
    quick = "fewer trials, and with spikes fewer epochs"
    shared.add_sweep_options(command, N_TRIALS, EPOCHS, quick)


def run(options):
    """Run the trials, print the claims and draw the figures."""
    plots = shared.import_plots()
    multiplication = shared.import_extra("experiments.multiplication", "experiments")
    illustrations = shared.import_extra("experiments.illustrations", "experiments")
    experiment = turns.give_turn(make_experiment(options, n_quick=10), options)
    folder = shared.get_folder(options, options.neurons)
    data = shared.sweep(experiment, options, folder / "figure5.zarr")
    shared.print_claims(multiplication.check_claims(data))
    tuning_curves = illustrations.make_tuning_curves()
    shared.store(tuning_curves, folder / "figure2.zarr")
    shared.draw(plots.tuning_curves, tuning_curves, folder / "figure2")
    iterations = illustrations.make_iterations(experiment)
    shared.store(iterations, folder / "figure3.zarr", experiment)
    shared.draw(plots.iterations, iterations, folder / "figure3")
    movement = illustrations.make_encoder_movement(experiment)
    shared.store(movement, folder / "figure4.zarr", experiment)
    shared.draw(plots.encoder_movement, movement, folder / "figure4")
    shared.draw(plots.learning_curves, data, folder / "figure5")
    to_choose = turns.get_turns(options, TURNS)
    if to_choose:
        own = turns.sweep_own_turns(experiment, to_choose, N_TO_CHOOSE, options, folder)
        shared.print_claims(multiplication.check_claims(own))
        shared.draw(plots.learning_curves, own, folder / "own_turns")


def make_experiment(options, n_quick, **parameters):
    """Return the experiment that the options describe.

    Parameters
    ----------
    options : argparse.Namespace
    n_quick : int
        Number of trials with ``--quick``.
    **parameters
        Other parameters of the experiment.
    """
    multiplication = shared.import_extra("experiments.multiplication", "experiments")
    spiking = options.neurons == "spiking"
    n_trials, epochs = N_TRIALS, EPOCHS
    if options.quick:
        n_trials, epochs = (2, 5) if spiking else (n_quick, EPOCHS)
    return multiplication.MultiplicationExperiment(
        neurons=options.neurons,
        seed=options.seed,
        n_trials=options.trials or n_trials,
        epochs=options.epochs or epochs,
        # spikes are slow: small chunks, so that little is lost by an interruption
        chunk_size=1 if spiking else 2 if options.quick else 10,
        **parameters,
    )
