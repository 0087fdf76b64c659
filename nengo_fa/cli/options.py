"""Options of several commands."""

from nengo_fa.cli.shared import number, text


def add_number(command, name, kind, low, high, help, metavar="N", **options):
    """Add an option that is a number, or several numbers.

    Parameters
    ----------
    command : argparse.ArgumentParser
    name : str
        Name with its dashes.
    kind : type
        ``int`` or ``float``.
    low, high : float
        The lowest and the highest allowed number.
    help : str
    metavar : str, optional
        Placeholder for the number in the help.
    **options
        Other options of `argparse.ArgumentParser.add_argument`.
    """
    command.add_argument(
        name, type=number(kind, low, high), metavar=metavar, help=help, **options
    )


def add_learning_rate(command, help, default=None):
    """Add the option of the learning rate of the encoder rules."""
    add_number(
        command, "--learning-rate", float, 0, 10**6, help, "RATE", default=default
    )


def add_learning_rates(command, high, help, default=None):
    """Add the option of several learning rates, which must not be zero."""
    add_number(
        command,
        "--learning-rates",
        float,
        1e-9,  # above zero, because the axis is logarithmic
        high,
        help,
        "RATE",
        nargs="+",
        default=default,
    )


def add_turns(command, turn, turns, learning_rate):
    """Add the options of the first turn, and of a learning rate to use instead.

    Parameters
    ----------
    command : argparse.ArgumentParser
    turn : float
        The default.
    turns : tuple of float
        The default turns among which each condition chooses.
    learning_rate : str
        Text of the help about suitable learning rates.
    """
    either = command.add_mutually_exclusive_group()
    add_number(
        either,
        "--turn",
        float,
        1e-9,
        10**6,
        "angle by which the updates of the first epoch turn the encoders with each of the "
        "six rules, in radians (default: %(default)s)",
        "TURN",
        default=turn,
    )
    add_learning_rate(
        either,
        "learning rate of the encoder rules, per update, instead of a turn; "
        + learning_rate,
    )
    add_number(
        command,
        "--turns",
        float,
        1e-9,
        10**6,
        "turns for a second comparison, in which each of the six rules has the turn that is "
        "best for held-out training samples in separate trials (default: "
        f"{' '.join(f'{turn:g}' for turn in turns)}; not with --quick)",
        "TURN",
        nargs="+",
    )


def add_choice(command, name, choices, default, help):
    """Add an option that is one of several words."""
    command.add_argument(
        name,
        choices=choices,
        default=default,
        help=f"{help} (default: %(default)s)",
    )


def add_dataset(command, help):
    """Add the option of the samples to learn from."""
    command.add_argument("--dataset", type=text, metavar="DATA", help=help)


def add_device(command):
    """Add the option of the device to compute on."""
    command.add_argument(
        "--device",
        type=text,
        default="cpu",
        help="cpu for NumPy, cuda for a GPU through PyTorch or CuPy (default: %(default)s)",
    )
