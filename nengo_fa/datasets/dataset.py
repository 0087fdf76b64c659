"""Labelled samples in a uniform format."""

import hashlib
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.learned.scaling import Scaling

KEYS = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples for training and testing, and the class of each sample.

    Attributes
    ----------
    name : str
    x_train : (n_train, d) ndarray of float32
        Training samples, one per row. Images are stored row by row, with pixels from 0 to 1.
    labels_train : (n_train,) ndarray of int64
        The class of each training sample, from 0 to ``n_classes - 1`` (``y_train`` of a
        file). `one_hot` converts labels to targets.
    x_test : (n_test, d) ndarray of float32
        Test samples.
    labels_test : (n_test,) ndarray of int64
        The class of each test sample (``y_test`` of a file).
    image_shape : tuple of int or None
        Height and width of the images, if the samples are images.
    digest : str
        SHA-256 digest, in hexadecimal, of the samples and labels as they were loaded. It
        does not depend on the format of the file and on later centering.
    mean : (d,) ndarray of float32 or float
        The mean that `centered` has subtracted from each sample.
    length : float
        The length by which `centered` has divided each sample.
    """

    name: str
    x_train: np.ndarray
    labels_train: np.ndarray
    x_test: np.ndarray
    labels_test: np.ndarray
    image_shape: tuple[int, int] | None
    digest: str
    mean: np.ndarray | float = 0.0
    length: float = 1.0

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(max(self.labels_train.max(), self.labels_test.max())) + 1

    def centered(self) -> Self:
        """Return a `Dataset` of the same samples with a mean of zero and a mean length of one.

        The mean of the training samples is subtracted from all samples, and the result is
        divided by the mean length of the centered training samples. Such samples suit
        encoders of unit length and Nengo's default intercepts.

        Raises
        ------
        nengo.exceptions.ValidationError
            If all training samples are equal.
        """
        mean = self.x_train.mean(axis=0, dtype=np.float64).astype(np.float32)
        x_train, x_test = self.x_train - mean, self.x_test - mean
        # not numpy.linalg.norm, which needs another copy
        length = np.sqrt(np.einsum("ij,ij->i", x_train, x_train)).mean()
        if not length > 0:
            raise ValidationError("All samples are equal", "x_train", obj=self)
        x_train /= length
        x_test /= length
        return replace(self, x_train=x_train, x_test=x_test, mean=mean, length=length)

    @property
    def scaling(self) -> Scaling:
        """The `Scaling` of `centered`, for a network that receives raw samples."""
        return Scaling(np.broadcast_to(self.mean, self.x_train.shape[1:]), self.length)

    def restore(self, x: np.ndarray) -> np.ndarray:
        """Return centered samples x, (n_samples, d), in their original units."""
        return x * self.length + self.mean

    def one_hot(self) -> tuple[np.ndarray, np.ndarray]:
        """Return targets for an output that has one dimension per class.

        Returns
        -------
        y_train : (n_train, n_classes) ndarray of float32
            One in the column of the class, and zero elsewhere.
        y_test : (n_test, n_classes) ndarray of float32
        """
        targets = np.eye(self.n_classes, dtype=np.float32)
        return targets[self.labels_train], targets[self.labels_test]


def make_dataset(name, arrays, path=None):
    """Return a `Dataset` of four arrays, which are removed from the dict."""
    where = "" if path is None else f" in {str(path)!r}"
    image_shapes = {arrays[key].shape[1:] for key in ("x_train", "x_test")}
    if len(image_shapes) > 1:
        raise ValidationError(
            f"x_train and x_test{where} must have samples of the same shape (got shapes "
            f"{arrays['x_train'].shape} and {arrays['x_test'].shape})",
            attr="x_test",
        )
    types = [arrays[key].dtype.newbyteorder("=") for key in ("x_train", "x_test")]
    data = {}
    for x, y in (("x_train", "y_train"), ("x_test", "y_test")):
        # popped, so that no array is kept longer than needed
        data[x] = _make_rows(arrays.pop(x), x, where)
        data[y] = _make_labels(arrays.pop(y), y, where, len(data[x]))
    _check_types(types, [data["x_train"], data["x_test"]], where)
    _check_classes(data["y_train"], data["y_test"], where)
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
            f"{key}{where} must contain real numbers, as images (n, height, width) or rows "
            f"(n, d) (got shape {x.shape} of type {x.dtype})",
            attr=key,
        )
    x = x.reshape(len(x), -1)
    if x.dtype == np.uint8:
        return np.divide(x, np.float32(255), dtype=np.float32)
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(x, dtype=np.float32)
    # both pass NaN on, and one of them passes infinity on
    if not np.isfinite(rows.min()) or not np.isfinite(rows.max()):
        raise ValidationError(
            f"{key}{where} must be finite in single precision, but contains NaN or numbers "
            "that are too large",
            attr=key,
        )
    return rows


def _check_types(types, rows, where):
    """Refuse samples whose types differ, because their scales may differ."""
    if types[0] == types[1] or all(dtype.kind == "f" for dtype in types):
        return
    if np.uint8 in types and any(dtype.kind == "f" for dtype in types):
        if all(x.min() >= 0 and x.max() <= 1 for x in rows):
            return
    raise ValidationError(
        f"x_train and x_test{where} must have the same type (got {types[0]} and "
        f"{types[1]}), because uint8 is divided by 255 and other types are not. Save both "
        "with the same type.",
        attr="x_test",
    )


def _check_classes(y_train, y_test, where):
    """Refuse labels that omit a class, and test samples of an unknown class."""
    classes = np.unique(y_train)
    if classes[-1] != len(classes) - 1 or len(classes) < 2:
        raise ValidationError(
            f"y_train{where} must contain all classes from 0 to n_classes - 1, and at least "
            f"two classes (got the classes {np.array2string(classes, threshold=10)})",
            attr="y_train",
        )
    if y_test.max() > classes[-1]:
        raise ValidationError(
            f"y_test{where} contains class {y_test.max()}, for which there are no training "
            "samples",
            attr="y_test",
        )


def _make_labels(y, key, where, n_samples):
    if y.shape != (n_samples,) or y.dtype.kind not in "iu":
        raise ValidationError(
            f"{key}{where} must contain the class of each of {n_samples} samples as an "
            f"integer (got shape {y.shape} of type {y.dtype})",
            attr=key,
        )
    labels = y.astype(np.int64)
    if labels.min() < 0:
        raise ValidationError(
            f"{key}{where} must count classes from 0 (got {labels.min()})", attr=key
        )
    return labels
