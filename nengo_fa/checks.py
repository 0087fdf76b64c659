"""Checks of arguments that many functions take."""

import os

from nengo.exceptions import ValidationError


def check_path(path, attr="path"):
    """Return a path as text, if a file system can hold it.

    Parameters
    ----------
    path : str or bytes or os.PathLike
    attr : str, optional
        Name of the argument.

    Returns
    -------
    path : str

    Raises
    ------
    nengo.exceptions.ValidationError
        If the path holds a null character, or one that cannot be encoded.
    """
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
