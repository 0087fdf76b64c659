"""What the commands of both experiments do with turns: one for all, and each its own."""

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
    """Return the turns to choose from, in order; none if there is nothing to choose."""
    if options.learning_rate is not None or (options.quick and not options.turns):
        return ()
    return tuple(sorted(set(options.turns or default)))


def sweep_own_turns(experiment, turns, n_trials, options, folder):
    """Run an experiment with a turn of its own for each condition.

    Parameters
    ----------
    experiment : MultiplicationExperiment or ClassificationExperiment
    turns : tuple of float
        What is chosen from, for training samples that are held out.
    n_trials : int
        Number of trials to choose in, at most those of the experiment.
    options : argparse.Namespace
        As for `.shared.sweep`.
    folder : pathlib.Path
        Where ``turns.zarr`` and ``own_turns.zarr`` go.

    Returns
    -------
    data : xarray.Dataset
        Results of the experiment.
    """
    learning_rates = shared.import_extra("experiments.learning_rates", "experiments")
    print("Turns, each chosen for samples that are held out, in trials of their own:")
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
