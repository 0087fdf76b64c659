"""Where encoders point."""

import numpy as np
from nengo.exceptions import ValidationError

#: The axes that the encoders of a multiplication network should lie along.
DIAGONALS = ((1, 1), (1, -1))


def angle_to_axes(encoders, axes=DIAGONALS):
    """Angle between each encoder and the nearest of some axes.

    An axis has no sign: an encoder along it, in either sense, has angle zero.

    Parameters
    ----------
    encoders : (..., n_neurons, dimensions) array_like
        Encoders of any length but zero.
    axes : (n_axes, dimensions) array_like, optional
        By default the diagonals of the plane, where the encoders of a multiplication
        network are best (Gosmann, 2015).

    Returns
    -------
    angle : (..., n_neurons) ndarray
        In radians, from 0 to pi/2. For directions drawn at random in the plane, the
        angle to the nearest diagonal is pi/8 = 0.39 on average.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the dimensions do not agree.

    Examples
    --------
    >>> from nengo_fa.geometry import angle_to_axes
    >>> angle_to_axes([[1, 1], [-2, 2], [1, 0]]).round(3)
    array([0.   , 0.   , 0.785])
    """
    encoders = np.asarray(encoders, dtype=float)
    axes = np.asarray(axes, dtype=float)
    if encoders.shape[-1:] != axes.shape[-1:]:
        raise ValidationError(
            f"Encoders have shape {encoders.shape} and axes {axes.shape}, but must have "
            "the same number of dimensions, their last",
            attr="axes",
        )
    cosine = np.abs(_directions(encoders) @ _directions(axes).T)
    return np.arccos(np.clip(cosine.max(axis=-1), 0, 1))


def _directions(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
