"""Parameters of experiments that are refused."""

from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer


def check_counts(experiment, *names):
    """Refuse attributes of an experiment that are no whole numbers from one upwards."""
    for name in names:
        value = getattr(experiment, name)
        if not is_integer(value) or value < 1:
            raise ValidationError(
                f"Must be an integer, at least 1 (got {value!r})", attr=name
            )
