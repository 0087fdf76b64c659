"""The command ``nengo-fa online``."""

import nengo_fa
from nengo_fa.cli.options import add_choice, add_number
from nengo_fa.cli.shared import (
    NEURONS,
    add_command,
    add_seed,
    figure_path,
    import_plots,
)
from nengo_fa.experiments import online


def add_to(commands):
    """Add the command to the parser."""
    command = add_command(
        commands,
        "online",
        run,
        help="learn to multiply two numbers online, with learned and with fixed encoders",
        takes="about a minute",
        example="online --neurons rate --seconds 30",
        page="getting_started.rst",
    )
    command.set_defaults(interrupted="Interrupted before there was anything to report.")
    neurons = "LIF neurons, or their rates"
    add_choice(command, "--neurons", NEURONS, "spiking", neurons)
    n_neurons = "number of neurons in each of the two networks (default: %(default)s)"
    add_number(command, "--n-neurons", int, 1, 10**6, n_neurons, default=20)
    seconds = "simulated time in seconds (default: %(default)s)"
    add_number(command, "--seconds", float, 1, 10**6, seconds, "S", default=100.0)
    add_seed(command, "the input, the neurons and the feedback weights")
    command.add_argument(
        "--figure",
        type=figure_path,
        default="online.png",
        metavar="FILE",
        help="file for the figure; its ending determines the format "
        "(default: %(default)s)",
    )


def run(options):
    """Learn, print the errors and draw the figure."""
    plots = import_plots("plots")
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
        print(f"Interrupted after {result.seconds:.1f} s. Results up to this time:")
    print(result)
    plots.online(result).savefig(options.figure, dpi=150)
    print(f"Figure: {options.figure}")
