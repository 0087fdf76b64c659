"""The command ``nengo-fa``."""

import argparse
import importlib
import os
import sys
from concurrent.futures import BrokenExecutor
from pathlib import Path

import nengo
from nengo.exceptions import NengoException

import nengo_fa
from nengo_fa.experiments import online

NEURONS = {"spiking": nengo.LIF, "rate": nengo.LIFRate}


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        By default the arguments of the process.

    Returns
    -------
    status : int
        The exit status: 0; 1 if it could not be done, with the reason on the standard
        error; 130 if Ctrl-C came before there was a result to report.
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print(options.interrupted, file=sys.stderr)
        return 130
    except (NengoException, OSError) as error:
        print(f"nengo-fa: {error}", file=sys.stderr)
        return 1
    except BrokenExecutor as error:
        print(
            f"nengo-fa: A worker process has ended ({error}). Is there enough memory? "
            "What is finished is kept; the same command goes on from there.",
            file=sys.stderr,
        )
        return 1
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="nengo-fa", description=nengo_fa.__doc__)
    parser.add_argument(
        "--version", action="version", version=f"nengo-fa {nengo_fa.__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add_command(name, run, interrupted, help):
        command = commands.add_parser(
            name, help=help, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        command.set_defaults(command=name, run=run, interrupted=interrupted)
        return command

    _add_online(add_command)
    _add_multiplication(add_command)
    return parser


def _add_online(add_command):
    command = add_command(
        "online",
        _run_online,
        "Interrupted before there was anything to report.",
        help="learn to multiply two numbers online, with and without encoder learning",
    )
    command.add_argument(
        "--neurons",
        choices=NEURONS,
        default="spiking",
        help="LIF neurons, or their rates",
    )
    command.add_argument(
        "--n-neurons",
        type=_number(int, 1, 10**6),
        default=20,
        metavar="N",
        help="number of neurons of each of the two networks",
    )
    command.add_argument(
        "--seconds",
        type=_number(float, 1, 10**6),
        default=100.0,
        metavar="S",
        help="simulated time",
    )
    command.add_argument(
        "--seed",
        type=_number(int, 0, 2**31 - 1),
        default=0,
        metavar="SEED",
        help="seed of the input, the neurons and the feedback weights",
    )
    command.add_argument(
        "--figure",
        type=_figure_path,
        default="online.png",
        metavar="FILE",
        help="file for the figure; its ending decides the format",
    )


def _add_multiplication(add_command):
    interrupted = (
        "Interrupted. What is finished is kept; the same command goes on from there."
    )
    command = add_command(
        "multiplication",
        _run_multiplication,
        interrupted,
        help="the paper's first experiment: its data, Figures 2 to 5 and its claims",
    )
    command.add_argument(
        "--learning-rate",
        type=_number(float, 0, 10**6),
        default=10.0,
        metavar="RATE",
        help="learning rate of the encoder rules, per update",
    )
    _add_sweep_arguments(command)

    command = add_command(
        "learning-rates",
        _run_learning_rates,
        interrupted,
        help="how the first experiment depends on the learning rate, which the paper "
        "does not give",
    )
    _add_sweep_arguments(command)


def _add_sweep_arguments(command):
    command.add_argument(
        "--neurons",
        choices=NEURONS,
        default="rate",
        help="rates of LIF neurons, or their spikes, which takes some hundred times as "
        "long",
    )
    command.add_argument(
        "--trials",
        type=_number(int, 1, 10**6),
        metavar="N",
        help="number of trials (default: 200)",
    )
    command.add_argument(
        "--epochs",
        type=_number(int, 1, 10**6),
        metavar="N",
        help="number of epochs (default: 100)",
    )
    command.add_argument(
        "--seed",
        type=_number(int, 0, 2**31 - 1),
        default=0,
        metavar="SEED",
        help="seed of all trials",
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help="by default, fewer trials, and with spikes fewer epochs: a few seconds",
    )
    command.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="where data and figures go (default: one below results)",
    )
    command.add_argument(
        "--workers",
        type=_number(int, 1, 10**4),
        metavar="N",
        help="number of processes (default: one for each processor)",
    )
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="address of a Dask scheduler, to run on its workers instead",
    )


def _number(kind, low, high):
    def parse(text):
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"must be from {low} to {high}, not {text}"
            )
        return value

    parse.__name__ = kind.__name__  # argparse names it when text is no number
    return parse


def _figure_path(text):
    """A path that a figure can be saved to; checked before the work begins."""
    path = Path(text)
    formats = _import_plots().FORMATS
    if path.suffix[1:].lower() not in formats:
        raise argparse.ArgumentTypeError(
            f"{text} must end in one of {', '.join(formats)}"
        )
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{path} cannot be written")
    return path


def _import_plots():
    return _import("plots", "plots")


def _import(name, extra):
    # not with the others: the command is to start without the extras
    try:
        return importlib.import_module(f"nengo_fa.{name}")
    except ImportError as error:
        raise SystemExit(
            f"nengo-fa: this needs what is not installed ({error}). Install it with "
            f"pip install 'nengo-fa[{extra}]'."
        ) from error


def _run_online(options):
    plots = _import_plots()
    print(
        f"{options.n_neurons} {options.neurons} LIF neurons learn to multiply, "
        f"{options.seconds:g} s, seed {options.seed}"
    )
    model = nengo_fa.networks.MultiplicationComparison(
        n_neurons=options.n_neurons,
        neuron_type=NEURONS[options.neurons](),
        period=options.seconds,
        seed=options.seed,
    )
    result = online.run(model, seconds=options.seconds)
    if result.seconds < options.seconds - 0.01:  # more than a step
        print(f"Interrupted after {result.seconds:.1f} s; this is what it had learned.")
    print(result)
    plots.online(result).savefig(options.figure, dpi=150)
    print(f"Figure: {options.figure}")


def _run_multiplication(options):
    plots = _import_plots()
    multiplication = _import("experiments.multiplication", "experiments")
    illustrations = _import("experiments.illustrations", "experiments")
    size = _get_size(options, n_quick=10)
    experiment = _make_experiment(options, learning_rate=options.learning_rate, **size)
    folder = _get_folder(options)
    data = _sweep(experiment, options, folder / "figure5.zarr")
    for claim in multiplication.check_claims(data):
        print(f"\n{claim}")
    print()

    _store(illustrations.make_tuning_curves(), folder / "figure2.zarr")
    pictures = {
        "figure3": illustrations.make_iterations(experiment),
        "figure4": illustrations.make_encoder_movement(experiment),
    }
    for name, picture in pictures.items():
        _store(picture, folder / f"{name}.zarr", experiment)
    _draw(plots.tuning_curves, folder / "figure2")
    _draw(plots.iterations, folder / "figure3")
    _draw(plots.encoder_movement, folder / "figure4")
    _draw(plots.learning_curves, folder / "figure5")


def _run_learning_rates(options):
    plots = _import_plots()
    learning_rates = _import("experiments.learning_rates", "experiments")
    size = _get_size(options, n_quick=4)
    experiment = learning_rates.LearningRateExperiment(
        _make_experiment(options, **size)
    )
    folder = _get_folder(options)
    data = _sweep(experiment, options, folder / "learning_rates.zarr")
    print(f"\n{learning_rates.report(data)}\n")
    _draw(plots.sensitivity, folder / "learning_rates")


def _make_experiment(options, **parameters):
    multiplication = _import("experiments.multiplication", "experiments")
    return multiplication.MultiplicationExperiment(
        neurons=options.neurons, seed=options.seed, **parameters
    )


def _get_size(options, n_quick):
    """How many trials and epochs, and how many trials at a time."""
    spiking = options.neurons == "spiking"
    n_trials, epochs = 200, 100
    if options.quick:
        n_trials, epochs = (2, 5) if spiking else (n_quick, 100)
    return {
        "n_trials": options.trials or n_trials,
        "epochs": options.epochs or epochs,
        # spikes take their time: little at once, so that little is lost
        "chunk_size": 1 if spiking else 2 if options.quick else 10,
    }


def _get_folder(options):
    quick = "-quick" if options.quick else ""
    return options.folder or Path(
        "results", f"{options.command}-{options.neurons}{quick}"
    )


def _sweep(experiment, options, path):
    sweep = _import("experiments.sweep", "experiments")
    print(f"{experiment.n_trials} trials, to be found in {path}")
    try:
        with sweep.open_executor(options.workers, options.scheduler) as executor:
            return sweep.run_trials(experiment, path, executor)
    except ImportError as error:
        raise SystemExit(
            f"nengo-fa: --scheduler needs Dask ({error}). Install it with "
            "pip install 'nengo-fa[dask]'."
        ) from error


def _store(data, path, experiment=None):
    store = _import("experiments.store", "experiments")
    if experiment is not None:
        data.attrs.update(store.describe(experiment))
    store.write_dataset(data, path)


def _draw(plot, path):
    """Draw a figure of what is stored under its name."""
    plots, store = _import_plots(), _import("experiments.store", "experiments")
    figure = plot(store.read_dataset(path.with_suffix(".zarr")))
    print("Figure:", *plots.save(figure, path))
