r"""Where rules that turn a preferred direction come to rest, from their inputs alone.

All of these rules turn a preferred direction towards a mean of the inputs,
:math:`\vec m(\vec p) = E[h \, \vec x]`, and differ in the weight h of an input. In two
dimensions the directions at which a rule comes to rest can be found from that alone:
where :math:`\vec m` points along :math:`\vec p`, and turns back what is next to it.
"""

import numpy as np
from numpy.typing import ArrayLike

#: What each rule weighs an input with, given the currents J and the inputs.
WEIGHTS = {
    "constant error": lambda current, x: (current > 0) * 1.0,
    "activity as gate": lambda current, x: np.maximum(current, 0),
    "Oja": lambda current, x: np.maximum(current, 0),
    "Voja": lambda current, x: np.maximum(current, 0),
    "feedback alignment": lambda current, x: (current > 0) * np.prod(x, 1)[:, None],
}


def find_mean(rule: str, x: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return the weighted mean of inputs that a rule turns preferred directions to.

    Parameters
    ----------
    rule : str
        One of `WEIGHTS`.
    x : (n_samples, 2) ndarray
    angle : (n,) ndarray
        Of the preferred directions, in radians.

    Returns
    -------
    mean : (n, 2) ndarray
    """
    directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return WEIGHTS[rule](x @ directions.T, x).T @ x / len(x)


def find_fixed_points(rule: str, x: np.ndarray, n_angles: int = 720) -> np.ndarray:
    """Return the directions at which a rule comes to rest, found from its inputs alone.

    Parameters
    ----------
    rule : str
        One of `WEIGHTS`.
    x : (n_samples, 2) ndarray
    n_angles : int, optional
        How many directions are tried.

    Returns
    -------
    angle : (n,) ndarray
        In radians: where what turns a direction goes from above to below zero.
    """
    angle = np.linspace(-np.pi, np.pi, n_angles, endpoint=False)
    mean = find_mean(rule, x, angle)
    turning = np.cos(angle) * mean[:, 1] - np.sin(angle) * mean[:, 0]
    # of a finite number of inputs, it is a little rough
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
        If given, only inputs at which it is above zero count.
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
        Those that are infinite do not count.
    period : float, optional
        After which angles are the same: pi for axes, which have no sign.
    """
    angle, points = np.asarray(angle)[..., None], np.asarray(points)[..., None, :]
    finite = np.isfinite(points)
    difference = angle - np.where(finite, points, 0)
    distance = np.abs((difference + period / 2) % period - period / 2)
    return np.where(finite, distance, np.inf).min(axis=-1)
