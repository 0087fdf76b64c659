"""Tasks with random samples."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import ArrayLike

from nengo_fa.checks import check_count
from nengo_fa.datasets.dataset import Dataset, make_dataset


def banded(
    n_bands: int = 3,
    dimensions: int = 2,
    n_train: int = 1000,
    n_test: int = 1000,
    seed: int | Sequence[int] = 0,
) -> Dataset:
    """Draw points of two classes, which alternate in bands like a checkerboard.

    Each dimension is divided into numbered bands of the same width; the class of a point is
    whether the sum of its band numbers is odd. With two bands in two dimensions, this is the
    exclusive or. The default is the three-banded task of Hunsberger (2018).

    Parameters
    ----------
    n_bands : int, optional
        Number of bands in each dimension.
    dimensions : int, optional
    n_train, n_test : int, optional
        Numbers of points.
    seed : int, optional

    Returns
    -------
    dataset : Dataset
        Points are uniform from -1 to 1 in each dimension.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a number is too small or not an integer, or if NumPy does not take the seed.
    """
    for name, value, low in (
        ("n_bands", n_bands, 2),
        ("dimensions", dimensions, 1),
        ("n_train", n_train, 1),
        ("n_test", n_test, 1),
    ):
        check_count(name, value, low)
    try:
        rng = np.random.RandomState(seed)
    except (TypeError, ValueError) as error:
        raise ValidationError(f"{error} (got {seed!r})", attr="seed") from error
    arrays = {}
    for part, n_points in (("train", n_train), ("test", n_test)):
        x = rng.uniform(-1, 1, size=(n_points, dimensions))
        arrays[f"x_{part}"] = x
        arrays[f"y_{part}"] = find_bands(x, n_bands).sum(axis=1) % 2
    return make_dataset(f"{n_bands} bands", arrays)


def find_bands(x: ArrayLike, n_bands: int) -> np.ndarray:
    """Return the number of the band of each coordinate, an ndarray of int.

    Coordinates x, an array_like from -1 to 1, are divided into ``n_bands`` bands, which
    are numbered from 0.
    """
    bands = np.floor((np.asarray(x) + 1) / 2 * n_bands).astype(int)
    return np.clip(bands, 0, n_bands - 1)


def parity(
    dimensions: int = 3,
    n_train: int = 1000,
    n_test: int = 1000,
    seed: int | Sequence[int] = 0,
) -> Dataset:
    """Draw points whose class is whether an odd number of coordinates is above zero.

    These are `banded` points with two bands in each dimension; see `banded` for parameters,
    return values and errors.
    """
    data = banded(2, dimensions, n_train, n_test, seed)
    return replace(data, name=f"parity of {dimensions}")
