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
