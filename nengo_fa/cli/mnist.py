"""The command ``nengo-fa mnist``."""

from importlib.util import find_spec

from nengo_fa.cli.shared import (
    add_command,
    add_sweep_options,
    draw,
    get_folder,
    import_extra,
    import_plots,
    load_digits,
    number,
    print_claims,
    store,
    sweep,
)

N_TRIALS, EPOCHS = 16, 100
N_QUICK_SAMPLES = 100


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "mnist",
        run,
        help="the paper's second experiment: handwritten digits, Figure 6 and its claims",
    )
    command.add_argument(
        "--learning-rate",
        type=number(float, 0, 10**6),
        metavar="RATE",
        help="learning rate of the encoder rules, per update (default: 5, and 1 for "
        "rectified linear neurons)",
    )
    add_experiment_options(command)


def add_experiment_options(command):
    """Add the options that all commands about this experiment have."""
    command.add_argument(
        "--dataset",
        metavar="DATA",
        help="mnist, digits (the small ones that come with scikit-learn) or a file "
        "ending in .npz with x_train, y_train, x_test and y_test (default: mnist, or "
        "digits if it is nowhere)",
    )
    command.add_argument(
        "--neurons",
        choices=("rate", "spiking", "relu"),
        default="rate",
        help="rates of LIF neurons, their spikes, which takes some fifty times as long, "
        "or rectified linear neurons (default: %(default)s)",
    )
    command.add_argument(
        "--n-neurons",
        type=number(int, 1, 10**6),
        default=200,
        metavar="N",
        help="number of neurons (default: %(default)s)",
    )
    command.add_argument(
        "--encoders",
        choices=("sphere", "gabor", "patches", "differences"),
        default="sphere",
        help="encoders to begin with; gabor and patches are receptive fields, and stay so "
        "(default: %(default)s)",
    )
    command.add_argument(
        "--bits",
        choices=("32", "64"),
        default="32",
        help="precision of all numbers (default: %(default)s)",
    )
    command.add_argument(
        "--device",
        default="cpu",
        help="cpu for NumPy, cuda for a GPU through PyTorch or CuPy (default: %(default)s)",
    )
    add_sweep_options(command, N_TRIALS, EPOCHS, "two trials of two epochs")


def run(options):
    """Run the trials, print the claims and draw the figure."""
    plots = import_plots()
    precision = import_extra("experiments.sweep", "experiments").precision
    classification = import_extra("experiments.classification", "experiments")
    learning_rate = options.learning_rate
    if learning_rate is None:
        learning_rate = 1.0 if options.neurons == "relu" else 5.0
    with precision(options.bits):
        experiment = make_experiment(options, learning_rate=learning_rate)
        folder = get_folder(options, *name_data(experiment))
        data = sweep(experiment, options, folder / "figure6.zarr")
        print_claims(classification.check_claims(data))
        draw(plots.classification_curves, data, folder / "figure6")
        results = _present(experiment, data, folder / "spikes.zarr", options.quick)
    draw(plots.presentation, results, folder / "spikes")
    draw(plots.confusion_matrix, results, folder / "confusion")
    draw(plots.encoder_images, results, folder / "encoders")


def _present(experiment, data, path, quick):
    """One of the networks in spikes, as it is stored, or trained once more."""
    presentation = import_extra("experiments.presentation", "experiments")
    results = import_extra("experiments.sweep.store", "experiments").find_dataset(
        path, experiment
    )
    if results is None:
        print("\nOne of these networks, trained once more, in spikes:")
        results = presentation.train_and_present(
            experiment, n_samples=N_QUICK_SAMPLES if quick else None
        )
        # of the same trial, for comparison
        results["baseline_error"] = data.baseline_error.isel(trial=0, drop=True)
        store(results, path, experiment)
    return results


def make_experiment(options, **parameters):
    """The experiment that the options describe.

    Parameters
    ----------
    options : argparse.Namespace
    **parameters
        Of the experiment.
    """
    classification = import_extra("experiments.classification", "experiments")
    load = classification.load_centered  # which keeps it
    dataset = options.dataset
    if dataset is None:
        dataset = load_digits(load).name
    data = load(dataset)
    baseline = "gabor"
    if data.image_shape is None:
        baseline = "differences"
    elif find_spec("nengo_extras") is None:
        print(
            "For the baseline of Gabor filters nengo_extras is not installed (pip install "
            "'nengo-fa[images]'); differences of samples take their place."
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
    """Words for the folder of results."""
    name = experiment.dataset.replace("\\", "/").rpartition("/")[2].replace(".npz", "")
    return [experiment.neurons] if name == "mnist" else [name, experiment.neurons]
