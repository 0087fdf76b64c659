"""Encoders that suit images, for learning or for use as fixed encoders.

Each function draws the encoders of an ensemble that represents images row by row. All
encoders have unit length. Encoders with a patch are zero outside of the patch, and remain
zero there with a learning rule that is ``sparse``.
"""

import numpy as np
from nengo.dists import Uniform
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer
from numpy.typing import ArrayLike

from nengo_fa.checks import check_count


def gabor(
    n_neurons: int, image_shape: tuple[int, ...], rng: np.random.RandomState, size: int
) -> np.ndarray:
    """Gabor filters, each in a random patch of the image.

    Parameters
    ----------
    n_neurons : int
    image_shape : tuple of int
        Height and width of the images.
    rng : numpy.random.RandomState
    size : int
        Height and width of the patches. Half of the image is a good choice.

    Returns
    -------
    encoders : (n_neurons, height * width) ndarray
        Encoders of unit length, which are zero outside of the patches. The filters have all
        orientations, with 0.4 to 2 periods across the patch, which suits strokes.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the patches do not fit into the image.
    ImportError
        If nengo_extras is not installed.
    """
    _check_patches(n_neurons, image_shape, size)
    vision = _import_vision()
    filters = vision.Gabor(freq=Uniform(0.2, 1)).generate(
        n_neurons, (size, size), rng=rng
    )
    encoders = vision.Mask(image_shape).populate(filters, rng=rng, flatten=True)
    return _scale_to_unit(encoders)


def patches(
    n_neurons: int, image_shape: tuple[int, ...], rng: np.random.RandomState, size: int
) -> np.ndarray:
    """Random weights, each in a random patch of the image.

    Parameters, returned encoders and errors are as for `gabor`, except that the directions
    of encoders are distributed uniformly within the patches.
    """
    _check_patches(n_neurons, image_shape, size)
    weights = rng.normal(size=(n_neurons, size, size))
    mask = _import_vision().Mask(image_shape)
    return _scale_to_unit(mask.populate(weights, rng=rng, flatten=True))


def differences(
    n_neurons: int,
    x: ArrayLike,
    labels: ArrayLike,
    rng: np.random.RandomState,
    image_shape: tuple[int, ...] | None = None,
    size: int | None = None,
) -> np.ndarray:
    """Differences of two random samples of different classes.

    A neuron with such an encoder distinguishes these two samples, and often other samples
    of the same classes (McDonnell et al., 2015).

    Parameters
    ----------
    n_neurons : int
    x : (n_samples, d) array_like
        Samples, which may be images.
    labels : (n_samples,) array_like
        The class of each sample.
    rng : numpy.random.RandomState
    image_shape : tuple of int, optional
        Height and width of the images. If given, only a random patch is compared.
    size : int, optional
        Height and width of the patches. Give ``image_shape`` and ``size``, or neither.

    Returns
    -------
    encoders : (n_neurons, d) ndarray
        Encoders of unit length, which are zero outside of the patches, if there are patches.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the numbers of labels and samples differ; if all samples belong to one class, or
        samples of different classes do not differ; or if patches, images and samples do not
        fit each other in size.
    ImportError
        If there are patches, and nengo_extras is not installed.
    """
    x, labels = np.asarray(x), np.asarray(labels)
    check_count("n_neurons", n_neurons)
    if x.ndim != 2 or labels.shape != x.shape[:1]:
        raise ValidationError(
            "Must contain one label for each sample (row) (got shapes "
            f"{labels.shape} and {x.shape})",
            attr="labels",
        )
    if len(x) == 0 or np.all(labels == labels[0]):
        raise ValidationError("Must contain at least two classes", attr="labels")
    if (image_shape is None) != (size is None):
        raise ValidationError("Give image_shape and size, or neither", attr="size")
    if image_shape is not None:
        _check_patches(n_neurons, image_shape, size)
        if x.shape[1] != np.prod(image_shape):
            raise ValidationError(
                f"Must be the height and width of images of {x.shape[1]} pixels (got "
                f"{image_shape})",
                attr="image_shape",
            )

    encoders = np.zeros((n_neurons, x.shape[1]))
    left = np.arange(n_neurons)
    for _ in range(1000):
        whole = _draw_differences(len(left), x, labels, rng)
        encoders[left] = whole
        if size is not None:
            encoders[left] *= (
                _import_vision()
                .Mask(image_shape)
                .generate(len(left), (size, size), rng=rng, flatten=True)
            )
        # drawn again if the samples hardly differ within the patch
        length = np.linalg.norm(encoders[left], axis=1)
        left = left[length <= 0.1 * np.linalg.norm(whole, axis=1)]
        if len(left) == 0:
            return _scale_to_unit(encoders)
    raise ValidationError(
        "Samples of different classes do not differ, or do not differ within the patches",
        attr="x",
    )


def _draw_differences(n, x, labels, rng):
    first, second = rng.randint(len(x), size=(2, n))
    same = labels[first] == labels[second]
    while same.any():
        second[same] = rng.randint(len(x), size=np.count_nonzero(same))
        same = labels[first] == labels[second]
    return np.subtract(x[first], x[second], dtype=float)


def _scale_to_unit(encoders):
    return encoders / np.linalg.norm(encoders, axis=1, keepdims=True)


def _check_patches(n_neurons, image_shape, size):
    check_count("n_neurons", n_neurons)
    if (
        not isinstance(image_shape, tuple)
        or len(image_shape) != 2
        or not all(is_integer(length) and length > 0 for length in image_shape)
    ):
        raise ValidationError(
            "Must be a tuple with the height and the width of the images (got "
            f"{image_shape!r})",
            attr="image_shape",
        )
    if not is_integer(size) or not 1 <= size <= min(image_shape):
        raise ValidationError(
            f"Patches must fit into images of shape {image_shape}: an integer from 1 to "
            f"{min(image_shape)} (got {size!r})",
            attr="size",
        )


def _import_vision():
    try:
        from nengo_extras import vision  # an extra because of its licence
    except ImportError as error:
        raise ImportError(
            "Receptive fields need nengo_extras, which is free for non-commercial use. "
            "Install it with pip install nengo-extras."
        ) from error
    return vision
