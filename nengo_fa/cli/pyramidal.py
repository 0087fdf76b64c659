"""The command ``nengo-fa pyramidal``."""

from nengo_fa.cli.shared import (
    add_command,
    add_seed,
    figure_path,
    import_extra,
    import_plots,
    number,
    print_claims,
)


def add_to(commands):
    """Add the command to those of the parser."""
    command = add_command(
        commands,
        "pyramidal",
        run,
        help="pyramidal neurons with two compartments, which learn from bursts",
    )
    command.set_defaults(interrupted="Interrupted before there was anything to report.")
    command.add_argument(
        "--trials",
        type=number(int, 1, 10**6),
        default=7,
        metavar="N",
        help="number of trials (default: %(default)s)",
    )
    command.add_argument(
        "--seconds",
        type=number(float, 2, 10**6),
        default=40.0,
        metavar="S",
        help="simulated time to learn in, and to average updates over (default: %(default)s)",
    )
    add_seed(command, "all trials")
    command.add_argument(
        "--figure",
        type=figure_path,
        default="pyramidal.png",
        metavar="FILE",
        help="file for the figure; its ending decides the format "
        "(default: %(default)s)",
    )


def run(options):
    """Simulate, print what was found and draw the figure."""
    plots = import_plots()
    pyramidal = import_extra("experiments.pyramidal", "experiments")
    data = pyramidal.run(options.trials, options.seconds, options.seed)
    print_claims(pyramidal.check_claims(data))
    plots.pyramidal(data).savefig(options.figure, dpi=150)
    print(f"Figure: {options.figure}")
