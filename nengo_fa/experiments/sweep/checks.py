"""Checks of the parameters of experiments."""

from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer


def check_count(name, value, low=1):
    """Refuse a parameter that is not an integer, or below the lowest that is possible."""
    if not is_integer(value) or value < low:
        raise ValidationError(
            f"Must be an integer, at least {low} (got {value!r})", attr=name
        )


def check_counts(experiment, *names, low=1):
    """Refuse attributes of an experiment as `check_count` does."""
    for name in names:
        check_count(name, getattr(experiment, name), low)


def check_choice(name, value, choices):
    """Refuse a parameter that is not one of the choices."""
    if value not in choices:
        raise ValidationError(
            f"Must be one of {', '.join(choices)} (got {value!r})", attr=name
        )
