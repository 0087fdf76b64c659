"""Checks of the parameters of experiments."""

from nengo.exceptions import ValidationError

from nengo_fa.checks import check_count


def check_counts(experiment, *names, low=1):
    """Refuse attributes of an experiment that `check_count` refuses."""
    for name in names:
        check_count(name, getattr(experiment, name), low)


def check_choice(name, value, choices):
    """Refuse a parameter that is not one of the choices."""
    if value not in choices:
        raise ValidationError(
            f"Must be one of {', '.join(choices)} (got {value!r})", attr=name
        )
