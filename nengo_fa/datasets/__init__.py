"""Labelled samples to learn from: digits, bands, or your own, all in one form."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer

from nengo_fa.datasets import mnist_files

KEYS = ("x_train", "y_train", "x_test", "y_test")

# which part of MNIST is which
PARTS = dict(zip(KEYS, mnist_files.PARTS))


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples for training and for testing, and the class of each.

    Attributes
    ----------
    name : str
    x_train : (n_train, d) ndarray of float32
        Pixels of images from 0 to 1, row by row.
    labels_train : (n_train,) ndarray of int64
        Classes, from 0 to ``n_classes - 1``.
    x_test : (n_test, d) ndarray of float32
    labels_test : (n_test,) ndarray of int64
    image_shape : tuple of int or None
        Height and width of the images, if the samples are images.
    digest : str
        SHA-256 digest, in hexadecimal, of samples and labels as they were loaded:
        whatever file they came from, and whether or not they have been centered since.
    mean : (d,) ndarray of float32 or float
        What `centered` has taken away from each sample.
    length : float
        What it has then divided each sample by.
    """

    name: str
    x_train: np.ndarray
    labels_train: np.ndarray
    x_test: np.ndarray
    labels_test: np.ndarray
    image_shape: tuple
    digest: str
    mean: np.ndarray = 0.0
    length: float = 1.0

    @property
    def n_classes(self):
        """Number of classes."""
        return int(max(self.labels_train.max(), self.labels_test.max())) + 1

    def centered(self):
        """The same samples about their mean, with a mean length of one.

        The mean over the training samples is taken away from all samples, and what is left
        is divided by the mean length of what is left of the training samples. So
        encoders of unit length and Nengo's usual intercepts suit them.

        Returns
        -------
        dataset : Dataset

        Raises
        ------
        nengo.exceptions.ValidationError
            If all training samples are the same.
        """
        mean = self.x_train.mean(axis=0, dtype=np.float64).astype(np.float32)
        x_train, x_test = self.x_train - mean, self.x_test - mean
        # not numpy.linalg.norm, which needs another copy
        length = np.sqrt(np.einsum("ij,ij->i", x_train, x_train)).mean()
        if not length > 0:
            raise ValidationError("All samples are the same", "x_train", obj=self)
        x_train /= length
        x_test /= length
        return replace(self, x_train=x_train, x_test=x_test, mean=mean, length=length)

    def restore(self, x):
        """Samples as they were before they were centered.

        Parameters
        ----------
        x : (n_samples, d) ndarray

        Returns
        -------
        x : (n_samples, d) ndarray
        """
        return x * self.length + self.mean

    def one_hot(self):
        """Targets for an output that has one dimension per class.

        Returns
        -------
        y_train : (n_train, n_classes) ndarray of float32
            One in the column of the class, and zero elsewhere.
        y_test : (n_test, n_classes) ndarray of float32
        """
        targets = np.eye(self.n_classes, dtype=np.float32)
        return targets[self.labels_train], targets[self.labels_test]


def load(name):
    """Load a dataset by its name.

    Parameters
    ----------
    name : str or os.PathLike
        ``"mnist"``, ``"digits"``, or a file that ends in ``.npz``.

    Returns
    -------
    dataset : Dataset

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no dataset of this name, or as `mnist` and `load_npz`.
    ImportError, OSError
        As `mnist`, `digits` and `load_npz`.
    """
    name = os.fspath(name)
    if name in ("mnist", "digits"):
        return {"mnist": mnist, "digits": digits}[name]()
    if name.endswith(".npz"):
        return load_npz(name)
    raise ValidationError(
        f"Must be 'mnist', 'digits' or a file ending in .npz (got {name!r})",
        attr="name",
    )


def mnist(path=None):
    """Handwritten digits: 60000 for training, 10000 for testing, of 28 x 28 pixels.

    They are looked for in four places, of which the first that is given or holds them
    counts:

    1. ``path``;
    2. the environment variable ``NENGO_FA_DATA``, with such a path;
    3. the data folder of nengo_extras: ``data_dir`` in the section ``nengo_extras`` of
       ``nengo.rc``, or the working directory if that is not set;
    4. OpenML, through `sklearn.datasets.fetch_openml`, which keeps what it has downloaded.

    Parameters
    ----------
    path : str or os.PathLike, optional
        The file ``mnist.pkl.gz`` as nengo_extras reads it; or a folder that holds it, or
        the four original files, such as ``train-images-idx3-ubyte.gz``, gzipped or not.

    Returns
    -------
    dataset : Dataset
        The same to the last bit, wherever it came from. Pixels are whole numbers over
        255, so white is 1.

    Raises
    ------
    FileNotFoundError
        If there is nothing under the path that is given; if none is, and MNIST is in none
        of these places.
    nengo.exceptions.ValidationError
        If what is found is damaged, incomplete, or something else than MNIST.

    Notes
    -----
    A pickle can run any code when it is opened. So the file is only opened if it is, by
    its digest, the one that is known.
    """
    parts = mnist_files.read(path)
    # popped, so that no part is held any longer than it is needed
    return _make_dataset("mnist", {key: parts.pop(part) for key, part in PARTS.items()})


def digits():
    """Handwritten digits that come with scikit-learn: 1797, of 8 x 8 pixels.

    The last fifth is for testing. The digits are in the order in which people were asked
    to write them, so these are by other people than those for training, except for
    one at most; a split at random would let a network know all hands.

    Returns
    -------
    dataset : Dataset
        Pixels are whole numbers over 16.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # heavy, and an extra
    except ImportError as error:
        raise ImportError(
            "These digits come with scikit-learn. Install it with "
            "pip install 'nengo-fa[experiments]'."
        ) from error
    data = load_digits()
    n_train = len(data.images) * 4 // 5
    images, labels = (
        np.split(data.images / 16, [n_train]),
        np.split(data.target, [n_train]),
    )
    return _make_dataset(
        "digits", dict(zip(KEYS, (images[0], labels[0], images[1], labels[1])))
    )


def banded(n_bands=3, dimensions=2, n_train=1000, n_test=1000, seed=0):
    """Points in a square of bands, which alternate between two classes as a checkerboard.

    Each dimension is divided into bands of the same width, which are numbered; the class
    is whether the sum of a point's numbers is odd. With two bands of two dimensions this
    is the exclusive or. The three-banded task of Hunsberger (2018) is the default.

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
        If a number is none, or too small.
    """
    for name, value, low in (
        ("n_bands", n_bands, 2),
        ("dimensions", dimensions, 1),
        ("n_train", n_train, 1),
        ("n_test", n_test, 1),
    ):
        if not is_integer(value) or value < low:
            raise ValidationError(
                f"Must be an integer, at least {low} (got {value!r})", attr=name
            )
    rng = np.random.RandomState(seed)
    arrays = {}
    for part, n_points in (("train", n_train), ("test", n_test)):
        x = rng.uniform(-1, 1, size=(n_points, dimensions))
        arrays[f"x_{part}"] = x
        arrays[f"y_{part}"] = find_bands(x, n_bands).sum(axis=1) % 2
    return _make_dataset(f"{n_bands} bands", arrays)


def find_bands(x, n_bands):
    """In which band points are, in each dimension.

    Parameters
    ----------
    x : array_like
        From -1 to 1.
    n_bands : int

    Returns
    -------
    bands : ndarray of int
        From 0 to ``n_bands - 1``, of the shape of ``x``.
    """
    bands = np.floor((np.asarray(x) + 1) / 2 * n_bands).astype(int)
    return np.clip(bands, 0, n_bands - 1)


def parity(dimensions=3, n_train=1000, n_test=1000, seed=0):
    """Points whose class is whether an odd number of their coordinates is above zero.

    These are two bands in each dimension.

    Parameters
    ----------
    dimensions, n_train, n_test, seed : int, optional
        As for `banded`.

    Returns
    -------
    dataset : Dataset
    """
    data = banded(2, dimensions, n_train, n_test, seed)
    return replace(data, name=f"parity of {dimensions}")


def load_npz(path):
    """Load labelled samples of your own.

    Parameters
    ----------
    path : str or os.PathLike
        A file as `numpy.savez` writes it, with four arrays: ``x_train`` and ``x_test``,
        images (n, height, width) or rows (n, d), and ``y_train`` and ``y_test``, their
        classes (n,), counted from 0.

    Returns
    -------
    dataset : Dataset
        Named as the file. Samples of type uint8 are divided by 255; all others are taken
        as they are.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the file is damaged or no such file, or if its arrays are none of samples or do
        not fit each other.
    OSError
        If the file cannot be read.
    """
    path = Path(path).expanduser()
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as data:
                arrays = {key: data[key] for key in KEYS if key in data.files}
        except Exception as error:  # damage can show in any layer of zip and NumPy
            raise ValidationError(
                f"{str(path)!r} cannot be read as numbers saved by numpy.savez ({error})",
                attr="path",
            ) from error
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise ValidationError(
            f"{str(path)!r} must hold the arrays {', '.join(KEYS)}; it does not hold "
            f"{', '.join(missing)}",
            attr="path",
        )
    return _make_dataset(path.stem, arrays, path)


def _make_dataset(name, arrays, path=None):
    """Bring four arrays into one form, if they fit each other; they leave the dict."""
    where = "" if path is None else f" in {str(path)!r}"
    image_shapes = {arrays[key].shape[1:] for key in ("x_train", "x_test")}
    if len(image_shapes) > 1:
        raise ValidationError(
            f"x_train and x_test{where} must have samples of one shape (got shapes "
            f"{arrays['x_train'].shape} and {arrays['x_test'].shape})",
            attr="x_test",
        )
    data = {}
    for x, y in (("x_train", "y_train"), ("x_test", "y_test")):
        # popped, so that no array is held any longer than it is needed
        data[x] = _make_rows(arrays.pop(x), x, where)
        data[y] = _make_labels(arrays.pop(y), y, where, len(data[x]))
    classes = np.unique(data["y_train"])
    if classes[-1] != len(classes) - 1 or len(classes) < 2:
        raise ValidationError(
            f"y_train{where} must hold each class from 0 to n_classes - 1, and two at "
            f"least (got the classes {np.array2string(classes, threshold=10)})",
            attr="y_train",
        )
    if data["y_test"].max() > classes[-1]:
        raise ValidationError(
            f"y_test{where} holds class {data['y_test'].max()}, of which there are no "
            "samples to learn from",
            attr="y_test",
        )
    digest = hashlib.sha256()
    for array in data.values():
        digest.update(str(array.shape).encode())
        digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False))
    (image_shape,) = image_shapes
    return Dataset(
        name=name,
        x_train=data["x_train"],
        labels_train=data["y_train"],
        x_test=data["x_test"],
        labels_test=data["y_test"],
        image_shape=image_shape if len(image_shape) == 2 else None,
        digest=digest.hexdigest(),
    )


def _make_rows(x, key, where):
    if x.size == 0:
        raise ValidationError(f"{key}{where} is empty (got shape {x.shape})", attr=key)
    if x.ndim not in (2, 3) or x.dtype.kind not in "biuf":
        raise ValidationError(
            f"{key}{where} must hold real numbers, as images (n, height, width) or rows "
            f"(n, d) (got shape {x.shape} of type {x.dtype})",
            attr=key,
        )
    x = x.reshape(len(x), -1)
    if x.dtype == np.uint8:
        return np.divide(x, np.float32(255), dtype=np.float32)
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(x, dtype=np.float32)
    # NaN is passed on by both; so is infinity by one
    if not np.isfinite(rows.min()) or not np.isfinite(rows.max()):
        raise ValidationError(
            f"{key}{where} must be finite in single precision; it holds NaN, or what is "
            "too large",
            attr=key,
        )
    return rows


def _make_labels(y, key, where, n_samples):
    if y.shape != (n_samples,) or y.dtype.kind not in "iu":
        raise ValidationError(
            f"{key}{where} must hold one integer for each of {n_samples} samples, its "
            f"class (got shape {y.shape} of type {y.dtype})",
            attr=key,
        )
    labels = y.astype(np.int64)
    if labels.min() < 0:
        raise ValidationError(
            f"{key}{where} must count classes from 0 (got {labels.min()})", attr=key
        )
    return labels
