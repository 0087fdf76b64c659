"""The command ``nengo-fa mnist``."""

from importlib.util import find_spec

from nengo_fa.cli import shared, turns
from nengo_fa.cli.options import (
    add_choice,
    add_dataset,
    add_device,
    add_number,
    add_turns,
)

N_TRIALS, EPOCHS = 16, 100

#: The common turn, the turns among which each condition chooses, and the trials for this.
TURN, TURNS, N_TO_CHOOSE = 1.0, (0.1, 0.3, 1.0, 3.0, 10.0, 30.0), 1
N_QUICK_SAMPLES = 100


def add_to(commands):
    """Add the command to the parser."""
    command = shared.add_command(
        commands,
        "mnist",
        run,
        help="the paper's second experiment: handwritten digits, Figure 6 and its claims",
        takes="about seven hours of one processor with MNIST, or 7 minutes with --trials 7 "
        "--epochs 4 --turns 1 5",
        example="mnist --dataset digits --trials 7 --epochs 20",
        page="experiments.rst",
    )
    add_turns(
        command, TURN, TURNS, "5 suits all six, and 1 for rectified linear neurons"
    )
    add_experiment_options(command)


def add_experiment_options(command):
    """Add the options of all commands with this experiment."""
    add_dataset(
        command,
        "mnist, digits (the small digits of scikit-learn), a file ending in .npz with "
        "x_train, y_train, x_test and y_test, or a folder with four files in the format of "
        "MNIST, such as Fashion-MNIST (default: mnist, or digits if MNIST is not found)",
    )
    add_choice(
        command,
        "--neurons",
        ("rate", "spiking", "relu"),
        "rate",
        "rate: rates of LIF neurons; spiking: their spikes, which takes several times as "
        "long; or rectified linear neurons",
    )
    n_neurons = "number of neurons (default: %(default)s)"
    add_number(command, "--n-neurons", int, 1, 10**6, n_neurons, default=200)
    add_choice(
        command,
        "--encoders",
        ("sphere", "gabor", "patches", "differences"),
        "sphere",
        "initial encoders; gabor and patches are receptive fields, whose zeros stay zero",
    )
    add_choice(command, "--bits", ("32", "64"), "32", "precision of all numbers")
    add_device(command)
    shared.add_sweep_options(command, N_TRIALS, EPOCHS, "two trials of two epochs")


def run(options):
    """Run the trials, print the claims and draw the figure."""
    plots = shared.import_plots()
    precision = shared.import_extra("experiments.sweep", "experiments").precision
    classification = shared.import_extra("experiments.classification", "experiments")
    with precision(options.bits):
        experiment = turns.give_turn(make_experiment(options), options)
        folder = shared.get_folder(options, *name_data(experiment))
        data = shared.sweep(experiment, options, folder / "figure6.zarr")
        shared.print_claims(classification.check_claims(data))
        shared.draw(plots.classification_curves, data, folder / "figure6")
        to_choose = turns.get_turns(options, TURNS)
        if to_choose:
            own = turns.sweep_own_turns(
                experiment, to_choose, N_TO_CHOOSE, options, folder
            )
            shared.print_claims(classification.check_claims(own))
            shared.draw(plots.classification_curves, own, folder / "own_turns")
        results = _present(experiment, data, folder / "spikes.zarr", options.quick)
    shared.draw(plots.presentation, results, folder / "spikes")
    shared.draw(plots.confusion_matrix, results, folder / "confusion")
    shared.draw(plots.encoder_images, results, folder / "encoders")


def _present(experiment, data, path, quick):
    """Return one of the networks in spikes, either stored or trained again."""
    presentation = shared.import_extra("experiments.presentation", "experiments")
    results = shared.import_extra(
        "experiments.sweep.store", "experiments"
    ).find_dataset(path, experiment)
    if results is None:
        print("\nOne of these networks, trained again, in spikes:")
        results = presentation.train_and_present(
            experiment, n_samples=N_QUICK_SAMPLES if quick else None
        )
        # the baseline of the same trial, for comparison
        results["baseline_error"] = data.baseline_error.isel(trial=0, drop=True)
        if experiment.neurons != "spiking":
            results["rate_error"] = data.test_error.sel(
                rule="FeedbackAlignment", normalization="augmented", drop=True
            ).isel(trial=0, epoch=-1, drop=True)
        shared.store(results, path, experiment)
    return results


def make_experiment(options, **parameters):
    """Return the experiment that the options describe.

    Parameters
    ----------
    options : argparse.Namespace
    **parameters
        Other parameters of the experiment.
    """
    classification = shared.import_extra("experiments.classification", "experiments")
    load = classification.load_centered  # which caches the data
    dataset = options.dataset
    if dataset is None:
        dataset = shared.load_digits(load).name
    data = load(dataset)
    baseline = "gabor"
    if data.image_shape is None:
        baseline = "differences"
    elif find_spec("nengo_extras") is None:
        print(
            "The baseline of Gabor filters needs nengo_extras, which is not installed (pip "
            "install nengo-extras); differences of samples are used instead."
        )
        baseline = "differences"
    quick = options.quick
    return classification.ClassificationExperiment(
        dataset=dataset,
        neurons=options.neurons,
        encoders=options.encoders,
        baseline=baseline,
        n_trials=options.trials or (2 if quick else N_TRIALS),
        epochs=options.epochs or (2 if quick else EPOCHS),
        n_neurons=options.n_neurons,
        device=options.device,
        seed=options.seed,
        **parameters,
    )


def name_data(experiment):
    """Return words for the folder of results."""
    path = experiment.dataset.replace("\\", "/").rstrip("/")
    name = path.rpartition("/")[2].replace(".npz", "")
    return [experiment.neurons] if name == "mnist" else [name, experiment.neurons]
