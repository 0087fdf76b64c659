"""Options that several commands have."""

from nengo_fa.cli.shared import number, text


def add_number(command, name, kind, low, high, help, metavar="N", **options):
    """Add an option that is a number, or several numbers.

    Parameters
    ----------
    command : argparse.ArgumentParser
    name : str
        With its dashes.
    kind : type
        ``int`` or ``float``.
    low, high : float
        The lowest and the highest of such numbers.
    help : str
    metavar : str, optional
        What stands for the number in the help.
    **options
        Others of `argparse.ArgumentParser.add_argument`.
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
    """Add the option of several learning rates, none of which is zero."""
    add_number(
        command,
        "--learning-rates",
        float,
        1e-9,  # on a logarithmic axis
        high,
        help,
        "RATE",
        nargs="+",
        default=default,
    )


def add_turns(command, turn, turns, learning_rate):
    """Add the options of the first turn; or of the learning rate, in place of it.

    Parameters
    ----------
    command : argparse.ArgumentParser
    turn : float
        The default.
    turns : tuple of float
        The default of those from which each condition has its own.
    learning_rate : str
        What the help says of the learning rates that have been usual.
    """
    either = command.add_mutually_exclusive_group()
    add_number(
        either,
        "--turn",
        float,
        1e-9,
        10**6,
        "how far the first update, or the updates of the first epoch together, turn the "
        "encoders under each of the six rules, in radians (default: %(default)s)",
        "TURN",
        default=turn,
    )
    add_learning_rate(
        either,
        "learning rate of the encoder rules, per update, in place of a turn; "
        + learning_rate,
    )
    add_number(
        command,
        "--turns",
        float,
        1e-9,
        10**6,
        "turns of which each of the six then has its own, the best for training samples that "
        "are held out in trials of their own (default: "
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
    """Add the option of where to compute."""
    command.add_argument(
        "--device",
        type=text,
        default="cpu",
        help="cpu for NumPy, cuda for a GPU through PyTorch or CuPy (default: %(default)s)",
    )
