"""Checks of arguments of many functions."""

import os

import numpy as np
from nengo.exceptions import ValidationError
from nengo.network import Network
from nengo.utils.numpy import is_integer, is_number


def check_count(name, value, low=1, high=np.inf):
    """Return an integer within limits as an int, or refuse the value."""
    if isinstance(value, bool) or not is_integer(value) or not low <= value <= high:
        limits = f"at least {low}" if high == np.inf else f"from {low} to {high}"
        raise ValidationError(
            f"Must be an integer, {limits} (got {value!r})", attr=name
        )
    return int(value)


def is_number_within(value, low, high):
    """Return whether a value is a number between two others; True and False do not count."""
    is_bool = isinstance(value, (bool, np.bool_))
    return not is_bool and is_number(value) and low < value < high


def check_network(network):
    """Refuse objects that are not networks."""
    if not isinstance(network, Network):
        raise ValidationError(
            f"Must be a nengo.Network (got {type(network).__name__})", attr="network"
        )


def check_path(path, attr="path"):
    """Return a path as text, or refuse it if no file system supports it."""
    path = os.fsdecode(path)
    try:
        valid = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        valid = False
    if not valid:
        raise ValidationError(
            f"Must not contain characters that are invalid in paths (got {path!r})",
            attr=attr,
        )
    return path
