"""The command ``nengo-fa``."""

import argparse
import os
import sys
from pathlib import Path

import nengo

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
        The exit status: 0, or 130 if Ctrl-C came before there was anything to report.
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("Interrupted before there was anything to report.", file=sys.stderr)
        return 130
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="nengo-fa", description=nengo_fa.__doc__)
    parser.add_argument(
        "--version", action="version", version=f"nengo-fa {nengo_fa.__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "online",
        help="learn to multiply two numbers online, with and without encoder learning",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=_run_online)
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
    return parser


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
    # not with the others: the command is to start without the extra
    try:
        from nengo_fa import plots
    except ImportError as error:
        raise SystemExit(
            f"nengo-fa: figures need Matplotlib ({error}). Install it with "
            "pip install 'nengo-fa[plots]'."
        ) from error
    return plots


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
