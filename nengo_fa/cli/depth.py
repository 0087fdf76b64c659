"""The command ``nengo-fa depth``."""

from dataclasses import replace

from nengo_fa.cli import mnist
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
    sweep,
)

N_TRIALS, EPOCHS = 8, 10
DEPTHS, RATES = (1, 2, 3, 5, 8), (0.001, 0.003, 0.01, 0.03, 0.1)
QUICK_RATES = (0.03,)

#: Trials in which learning rates are chosen, none of which is compared.
N_OTHER_TRIALS = 2


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "depth",
        run,
        help="networks of one to eight hidden layers: where each variant of feedback "
        "alignment stops learning",
    )
    command.add_argument(
        "--dataset",
        metavar="DATA",
        help="as for nengo-fa mnist (default: mnist, or digits if it is nowhere; digits if "
        "it is to be quick)",
    )
    command.add_argument(
        "--neurons",
        choices=("rate", "relu"),
        default="rate",
        help="rates of LIF neurons, or rectified linear neurons (default: %(default)s)",
    )
    command.add_argument(
        "--depths",
        type=number(int, 1, 100),
        nargs="+",
        metavar="N",
        help="numbers of hidden layers (default: 1 2 3 5 8)",
    )
    command.add_argument(
        "--n-neurons",
        type=number(int, 2, 10**5),
        default=100,
        metavar="N",
        help="number of neurons of each layer (default: %(default)s)",
    )
    command.add_argument(
        "--samples",
        type=number(int, 1, 10**7),
        metavar="N",
        help="number of training samples, of which each trial has others (default: 5000)",
    )
    command.add_argument(
        "--learning-rates",
        type=number(float, 1e-9, 1e3),
        nargs="+",
        metavar="RATE",
        help="how far the first update changes the encoders of each layer, as a fraction "
        "of their length; the best for each variant and depth is chosen in trials of its "
        f"own (default: {' '.join(map(str, RATES))})",
    )
    command.add_argument(
        "--device",
        default="cpu",
        help="cpu for NumPy, cuda for a GPU through PyTorch or CuPy (default: %(default)s)",
    )
    quick = (
        "two trials of two epochs, with one learning rate, few samples and up to three "
        "layers"
    )
    add_sweep_options(command, N_TRIALS, EPOCHS, quick)


def run(options):
    """Choose learning rates, run the trials, print the claims and draw the figure."""
    plots = import_plots()
    depth = import_extra("experiments.depth", "experiments")
    learning_rates = import_extra("experiments.learning_rates", "experiments")
    precision = import_extra("experiments.sweep", "experiments").precision
    with precision("32"):
        experiment = make_experiment(depth, options)
        folder = get_folder(options, *mnist.name_data(experiment))
        other = replace(
            experiment,
            n_trials=1 if options.quick else N_OTHER_TRIALS,
            seed=options.seed + depth.OTHER_SEED,
        )
        relative = options.learning_rates or (QUICK_RATES if options.quick else RATES)
        print("Learning rates, chosen in trials of their own:")
        rates = sweep(
            learning_rates.LearningRateExperiment(other, tuple(sorted(set(relative)))),
            options,
            folder / "learning_rates.zarr",
        )
        chosen = depth.choose_rates(rates)
        print_rates(chosen)
        experiment = replace(experiment, learning_rate=chosen)
        data = sweep(experiment, options, folder / "depth.zarr")
    print(f"\n{depth.report(data)}")
    print_claims(depth.check_claims(data))
    draw(plots.depth, data, folder / "depth")


def make_experiment(depth, options):
    """The experiment that the options describe, but for its learning rates."""
    quick = options.quick
    dataset = options.dataset
    if dataset is None:
        dataset = "digits" if quick else load_digits(depth.load_centered).name
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
