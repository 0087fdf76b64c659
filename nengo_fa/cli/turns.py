"""Turns in the commands of both experiments: a common turn, or a turn for each condition."""

from dataclasses import replace

from nengo_fa.cli import shared

#: Added to the seed of an experiment, to choose turns in other trials.
OTHER_SEED = 10**6

#: The fraction of the training samples by which a turn is chosen.
HELD_OUT = 0.1


def give_turn(experiment, options):
    """Return the experiment with the turn, or with the learning rate, of the options."""
    if options.learning_rate is not None:
        return replace(experiment, learning_rate=options.learning_rate)
    return replace(experiment, turn=options.turn)


def get_turns(options, default):
    """Return the turns to choose from, in order; empty if there is only one."""
    if options.learning_rate is not None or (options.quick and not options.turns):
        return ()
    return tuple(sorted(set(options.turns or default)))


def sweep_own_turns(experiment, turns, n_trials, options, folder):
    """Run an experiment with a different turn for each condition.

    Parameters
    ----------
    experiment : MultiplicationExperiment or ClassificationExperiment
    turns : tuple of float
        The turns among which the best for held-out training samples is chosen.
    n_trials : int
        Number of trials for this choice, at most those of the experiment.
    options : argparse.Namespace
        As for `.shared.sweep`.
    folder : pathlib.Path
        The folder of ``turns.zarr`` and ``own_turns.zarr``.

    Returns
    -------
    data : xarray.Dataset
        The results of the experiment.
    """
    learning_rates = shared.import_extra("experiments.learning_rates", "experiments")
    print("Turns, chosen by the error of held-out samples in separate trials:")
    other = replace(
        experiment,
        seed=experiment.seed + OTHER_SEED,
        n_trials=min(n_trials, experiment.n_trials),
        held_out=HELD_OUT,
        turn=turns[0],
    )
    choice = learning_rates.LearningRateExperiment(other, turns, "turn")
    chosen = learning_rates.choose_turns(
        shared.sweep(choice, options, folder / "turns.zarr"), experiment.chosen_by
    )
    for rule, its in chosen.items():
        words = ", ".join(f"{name} {turn:g}" for name, turn in its.items())
        print(f"  {rule}: {words}")
    own = replace(experiment, turn=chosen)
    return shared.sweep(own, options, folder / "own_turns.zarr")
