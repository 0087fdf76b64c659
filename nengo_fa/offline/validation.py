"""Samples that are held out, to stop early and to keep the best epoch."""

import reprlib

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.checks import check_count, is_number_within
from nengo_fa.offline.arguments import check_arrays


def check_patience(patience, validation):
    """Refuse a ``patience`` without validation samples."""
    if patience is None:
        return
    check_count("patience", patience, 1)
    if validation is None:
        raise ValidationError(
            "Needs held-out samples: give validation=0.2, or a pair (x, y)",
            attr="patience",
        )


def hold_out(x, y, validation, path, rng):
    """Return the samples to train with, and those to validate with.

    Parameters
    ----------
    x : (n_samples, size_in) ndarray
    y : (n_samples, size_out) ndarray
    validation : float or tuple of (x, y) or None
        As for `.train`.
    path : Path
    rng : numpy.random.RandomState
        Chooses the samples if there is a fraction of them to hold out.

    Returns
    -------
    samples : tuple of (x, y)
    held_out : tuple of (x, y) or None
    """
    if validation is None or isinstance(validation, (tuple, list)):
        pair = validation
        return (x, y), pair and check_arrays("validation", pair, path)
    n_held_out = _check_fraction(validation, len(x))
    order = rng.permutation(len(x))
    # in the order in which they were given
    held_out, chosen = np.sort(order[:n_held_out]), np.sort(order[n_held_out:])
    return (x[chosen], y[chosen]), (x[held_out], y[held_out])


def _check_fraction(fraction, n_samples):
    """Return the number of samples that are held out."""
    is_fraction = is_number_within(fraction, 0, 1)
    n_held_out = round(fraction * n_samples) if is_fraction else 0
    if not 0 < n_held_out < n_samples:
        raise ValidationError(
            "Must be a pair (x, y), or the fraction of the samples to hold out, such as "
            "0.2, with some samples in both parts "
            f"(got {reprlib.repr(fraction)})",
            attr="validation",
        )
    return n_held_out
