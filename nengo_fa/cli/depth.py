"""The command ``nengo-fa depth``."""

from dataclasses import replace

from nengo_fa.cli import mnist, shared
from nengo_fa.cli.options import (
    add_choice,
    add_dataset,
    add_device,
    add_learning_rates,
    add_number,
)

N_TRIALS, EPOCHS = 8, 10
DEPTHS, RATES = (1, 2, 3, 5, 8), (0.001, 0.003, 0.01, 0.03, 0.1)
QUICK_RATES = (0.03,)

#: Trials in which learning rates are chosen, and which are not compared.
N_OTHER_TRIALS = 2


def add_to(commands):
    """Add the command to the parser."""
    command = shared.add_command(
        commands,
        "depth",
        run,
        help="networks of one to eight hidden layers: where each variant of feedback "
        "alignment stops learning",
        takes="some minutes with digits, longer with MNIST",
        example="depth --dataset digits --depths 1 2 3",
        page="experiments.rst",
    )
    add_dataset(
        command,
        "as for nengo-fa mnist (default: mnist, or digits if MNIST is not found or with "
        "--quick)",
    )
    neurons = "rates of LIF neurons, or rectified linear neurons"
    add_choice(command, "--neurons", ("rate", "relu"), "rate", neurons)
    depths = "numbers of hidden layers (default: 1 2 3 5 8)"
    add_number(command, "--depths", int, 1, 100, depths, nargs="+")
    n_neurons = "number of neurons in each layer (default: %(default)s)"
    add_number(command, "--n-neurons", int, 2, 10**5, n_neurons, default=100)
    add_number(
        command,
        "--samples",
        int,
        1,
        10**7,
        "number of training samples, which differ between trials (default: 5000)",
    )
    add_learning_rates(
        command,
        1e3,
        "change of the encoders of each layer in the first update, as a fraction of their "
        "length; the best value for each variant and depth is chosen in separate trials "
        f"(default: {' '.join(map(str, RATES))})",
    )
    add_device(command)
    quick = (
        "two trials of two epochs, with one learning rate, few samples and up to three "
        "layers"
    )
    shared.add_sweep_options(command, N_TRIALS, EPOCHS, quick)


def run(options):
    """Choose learning rates, run the trials, print the claims and draw the figure."""
    plots = shared.import_plots()
    depth = shared.import_extra("experiments.depth", "experiments")
    learning_rates = shared.import_extra("experiments.learning_rates", "experiments")
    precision = shared.import_extra("experiments.sweep", "experiments").precision
    with precision("32"):
        experiment = make_experiment(depth, options)
        folder = shared.get_folder(options, *mnist.name_data(experiment))
        other = replace(
            experiment,
            n_trials=1 if options.quick else N_OTHER_TRIALS,
            seed=options.seed + depth.OTHER_SEED,
        )
        relative = options.learning_rates or (QUICK_RATES if options.quick else RATES)
        print("Learning rates, chosen in separate trials:")
        rates = shared.sweep(
            learning_rates.LearningRateExperiment(other, tuple(sorted(set(relative)))),
            options,
            folder / "learning_rates.zarr",
        )
        chosen = depth.choose_rates(rates)
        print_rates(chosen)
        experiment = replace(experiment, learning_rate=chosen)
        data = shared.sweep(experiment, options, folder / "depth.zarr")
    print(f"\n{depth.report(data)}")
    shared.print_claims(depth.check_claims(data))
    shared.draw(plots.depth, data, folder / "depth")


def make_experiment(depth, options):
    """Return the experiment that the options describe, without its learning rates."""
    quick = options.quick
    dataset = options.dataset
    if dataset is None:
        dataset = "digits" if quick else shared.load_digits(depth.load_centered).name
    return depth.DepthExperiment(
        dataset=dataset,
        neurons=options.neurons,
        n_trials=options.trials or (2 if quick else N_TRIALS),
        epochs=options.epochs or (2 if quick else EPOCHS),
        depths=tuple(sorted(set(options.depths or ((1, 2, 3) if quick else DEPTHS)))),
        n_neurons=options.n_neurons,
        n_samples=options.samples or (500 if quick else 5000),
        device=options.device,
        seed=options.seed,
    )


def print_rates(chosen):
    """Print a table of learning rates, by variant and number of hidden layers."""
    depths = list(next(iter(chosen.values())))
    print(f"\n{'hidden layers':20}" + "".join(f"{depth:9}" for depth in depths))
    for variant, rates in chosen.items():
        print(f"{variant:20}" + "".join(f"{rates[depth]:9g}" for depth in depths))
    print()
