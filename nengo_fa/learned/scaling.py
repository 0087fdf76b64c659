"""Scaling of samples at the input of a network."""

from typing import Self

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import ArrayLike

from nengo_fa.checks import is_number_within


class Scaling:
    """Scales samples: subtracts a mean, and divides by a scale.

    As the ``function`` of a connection from a node, it is part of the network: simulators,
    `.train` and `.predict` all receive samples in their own units. `nengo_fa.save` keeps the
    scaling, and `nengo_fa.load` replaces the scaling of the connection.

    Parameters
    ----------
    mean : () or (d,) array_like
    scale : () or (d,) array_like
        Must be above zero. The mean or the scale must have an entry for each dimension.

    Attributes
    ----------
    mean, scale : (d,) ndarray

    Raises
    ------
    nengo.exceptions.ValidationError
        If these are not finite, or do not fit each other.

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> x = rng.uniform([10, 1000], [30, 1100], size=(500, 2))
    >>> scaling = nengo_fa.datasets.Scaling.fit(x)
    >>> bool(np.allclose(scaling(x).std(axis=0), 1))
    True
    >>> bool(np.allclose(scaling.inverse(scaling(x)), x))
    True
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node([20, 1050])
    ...     hidden = nengo.Ensemble(50, 2, radius=2)
    ...     encode = nengo.Connection(stimulus, hidden, function=scaling)
    """

    def __init__(self, mean: ArrayLike, scale: ArrayLike) -> None:
        given = _as_real("mean", mean), _as_real("scale", scale)
        try:
            arrays = np.broadcast_arrays(*given)
        except ValueError as error:
            raise ValidationError(
                "Must have as many entries as the mean (got shapes "
                f"{np.shape(scale)} and {np.shape(mean)})",
                attr="scale",
            ) from error
        self.mean, self.scale = (np.array(array) for array in arrays)
        for array in (self.mean, self.scale):
            array.setflags(write=False)
        if self.mean.ndim != 1 or self.mean.size == 0:
            raise ValidationError(
                "The mean or the scale must have an entry for each dimension (got shapes "
                f"{np.shape(mean)} and {np.shape(scale)})",
                attr="mean",
            )
        if not np.all(self.scale > 0):
            raise ValidationError("Must be above zero", attr="scale")

    @classmethod
    def fit(cls, x: ArrayLike, each: bool = True, length: float | None = None) -> Self:
        """Find the scaling that standardizes samples.

        Parameters
        ----------
        x : (n_samples, d) array_like
            The training samples, without test samples.
        each : bool, optional
            If True, each dimension is scaled to a standard deviation of one; constant
            dimensions are not scaled. If False, all dimensions have the same scale.
        length : float, optional
            The mean length of the scaled samples, such as the radius of the ensemble that
            represents them. By default, the standard deviation is one.

        Returns
        -------
        scaling : Scaling

        Raises
        ------
        nengo.exceptions.ValidationError
            If ``x`` has the wrong shape, or all samples are equal.
        """
        samples: np.ndarray = _as_real("x", x)
        if (
            samples.ndim != 2
            or samples.size == 0
            or not np.any(np.ptp(samples, axis=0))
        ):
            raise ValidationError(
                f"Must be samples that differ, (n_samples, d) (got shape {samples.shape})",
                attr="x",
            )
        mean = samples.mean(axis=0, dtype=float)
        deviation = (samples - mean).std(axis=0)
        scale = np.where(np.ptp(samples, axis=0) > 0, deviation, 1)
        if not each:
            scale = np.full_like(scale, np.sqrt(np.mean(deviation**2)))
        if length is not None:
            if not is_number_within(length, 0, np.inf):
                raise ValidationError(
                    f"Must be a length above zero (got {length!r})", attr="length"
                )
            lengths = np.linalg.norm((samples - mean) / scale, axis=1)
            scale = scale * (lengths.mean() / length)
        return cls(mean, scale)

    @property
    def inverse(self) -> Self:
        """Return the scaling that reverses this scaling."""
        return type(self)(-self.mean / self.scale, 1 / self.scale)

    def __call__(self, x: ArrayLike) -> np.ndarray:
        """Scale one sample, (d,), or several, (n_samples, d); returns the same shape.

        Single precision stays single precision.
        """
        x = np.asarray(x)
        if x.shape[-1:] != self.mean.shape:
            raise ValidationError(
                f"Must have {self.mean.size} dimensions (got shape {x.shape})", attr="x"
            )
        dtype = np.result_type(x, np.float32)
        return (x - self.mean.astype(dtype)) / self.scale.astype(dtype)

    def __repr__(self):
        return f"<Scaling of {self.mean.size} dimensions>"


def _as_real(name, values):
    try:
        array = np.asarray(values)
        array = array.astype(np.result_type(array, np.float32), copy=False)
    except (TypeError, ValueError) as error:
        raise ValidationError("Must be real numbers", attr=name) from error
    if array.dtype.kind != "f" or not np.all(np.isfinite(array)):
        raise ValidationError("Must be finite real numbers", attr=name)
    return array
