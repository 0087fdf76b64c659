"""Checks of arguments that many functions take."""

import os

from nengo.exceptions import ValidationError


def check_path(path, attr="path"):
    """Return a path as text, or refuse one that no file system can hold."""
    path = os.fsdecode(path)
    try:
        valid = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        valid = False
    if not valid:
        raise ValidationError(
            f"Must not hold characters that paths cannot have (got {path!r})", attr=attr
        )
    return path
