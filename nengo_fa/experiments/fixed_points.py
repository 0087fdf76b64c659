r"""Directions at which rules for preferred directions come to rest, computed from inputs.

Each of these rules turns a preferred direction towards a weighted mean of the inputs,
:math:`\vec m(\vec p) = E[h \, \vec x]`; the rules differ in the weight h of an input. In two
dimensions, this mean determines the directions at which a rule comes to rest: there,
:math:`\vec m` points along :math:`\vec p`, and neighbouring directions turn towards them.
"""

import numpy as np
from numpy.typing import ArrayLike

#: The weight of an input by each rule, given the currents J and the inputs.
WEIGHTS = {
    "constant error": lambda current, x: (current > 0) * 1.0,
    "activity as gate": lambda current, x: np.maximum(current, 0),
    "Oja": lambda current, x: np.maximum(current, 0),
    "Voja": lambda current, x: np.maximum(current, 0),
    "feedback alignment": lambda current, x: (current > 0) * np.prod(x, 1)[:, None],
}


def find_mean(rule: str, x: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return the weighted mean of inputs towards which a rule turns preferred directions.

    Parameters
    ----------
    rule : str
        One of `WEIGHTS`.
    x : (n_samples, 2) ndarray
    angle : (n,) ndarray
        Angles of the preferred directions, in radians.

    Returns
    -------
    mean : (n, 2) ndarray
    """
    directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return WEIGHTS[rule](x @ directions.T, x).T @ x / len(x)


def find_fixed_points(rule: str, x: np.ndarray, n_angles: int = 720) -> np.ndarray:
    """Return the directions at which a rule comes to rest, computed from its inputs.

    Parameters
    ----------
    rule : str
        One of `WEIGHTS`.
    x : (n_samples, 2) ndarray
    n_angles : int, optional
        Number of directions to try.

    Returns
    -------
    angle : (n,) ndarray
        Angles in radians at which the turning speed changes from positive to negative.
    """
    angle = np.linspace(-np.pi, np.pi, n_angles, endpoint=False)
    mean = find_mean(rule, x, angle)
    turning = np.cos(angle) * mean[:, 1] - np.sin(angle) * mean[:, 0]
    # smoothed, because the number of inputs is finite
    window = np.exp(-0.5 * (np.arange(-12, 13) / 4) ** 2)
    around = np.pad(turning, 12, mode="wrap")
    turning = np.convolve(around, window / window.sum(), mode="valid")
    after = np.roll(turning, -1)
    stable = (turning > 0) & (after <= 0)
    part = turning[stable] / (turning[stable] - after[stable])
    return angle[stable] + part * 2 * np.pi / n_angles


def find_principal_angle(x: np.ndarray, current: np.ndarray | None = None) -> float:
    """Return the angle of the principal eigenvector of second moments, within pi/2 of 0.

    Parameters
    ----------
    x : (n_samples, 2) ndarray
    current : (n_samples,) ndarray, optional
        If given, only inputs with a positive current are used.
    """
    if current is not None:
        x = x[current > 0]
    _, vectors = np.linalg.eigh(x.T @ x)
    return np.arctan(vectors[1, 1] / vectors[0, 1])


def get_distance(
    angle: ArrayLike, points: ArrayLike, period: float = 2 * np.pi
) -> np.ndarray:
    """Return the distance of each angle to the nearest of some points, (..., n_angles).

    Parameters
    ----------
    angle : (..., n_angles) array_like
    points : (..., n_points) array_like
        Infinite points are ignored.
    period : float, optional
        Period of the angles: pi for axes, which have no sign.
    """
    angle, points = np.asarray(angle)[..., None], np.asarray(points)[..., None, :]
    finite = np.isfinite(points)
    difference = angle - np.where(finite, points, 0)
    distance = np.abs((difference + period / 2) % period - period / 2)
    return np.where(finite, distance, np.inf).min(axis=-1)
