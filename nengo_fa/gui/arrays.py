"""Checks of the arrays that views show, and formatting of numbers."""

import json

import numpy as np
from nengo.exceptions import ValidationError


def check_shape(name, array, shape):
    """Return an array with a shape, in which None stands for any length."""
    array = np.asarray(array, dtype=float)
    if array.ndim != len(shape) or any(
        length not in (None, actual) for length, actual in zip(shape, array.shape)
    ):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValidationError(
            f"Has shape {array.shape}, but must be of shape ({wanted}).", attr=name
        )
    return array


def find_largest(*arrays):
    """Return the largest finite value, or zero."""
    values = np.concatenate([np.ravel(array) for array in arrays])
    return np.max(values, initial=0, where=np.isfinite(values))


def get_mean(array):
    """Return the mean of the finite values, or NaN."""
    values = array[np.isfinite(array)]
    return values.mean() if values.size else np.nan


def write_json(values):
    """Return a number or a list of numbers with six digits; null if not finite."""
    if np.ndim(values):
        return json.dumps([_shorten(value) for value in values])
    return json.dumps(_shorten(values))


def _shorten(value):
    return float(f"{value:.6g}") if np.isfinite(value) else None
