"""Normalizations: how the length of encoders changes during learning."""

from collections.abc import Callable

import numpy as np
from nengo.exceptions import ValidationError
from nengo.params import FrozenObject, Parameter

from nengo_fa import equations
from nengo_fa.equations import Array
from nengo_fa.rules.outer_product import MANY_DIMENSIONS, make_step_add_outer


class Normalization(FrozenObject):
    """Base class of normalizations: the equation of an update, and its step online.

    To add a normalization, derive from this class, write `make_step` and `find_update`, and
    pass an instance to a rule. (You need not write `find_update` if ``name`` is known to
    `.encoder_update`.) Declare settings that can differ between instances as Nengo
    parameters, as for all frozen objects.

    Attributes
    ----------
    name : str or None
        The name that users pass, if it is in ``NORMALIZATIONS``.
    needs_directions : bool
        Whether encoders of length zero are refused.
    needs_whole_encoders : bool
        Whether a rule must reach all dimensions of the ensemble.
    keeps_lengths : bool
        Whether the lengths of encoders stay constant in every step, up to rounding, so that
        no other rule may change them.
    lets_lengths_grow : bool
        Whether encoders can grow without bound, so that the default learning rate in a
        simulator is divided by the gains.
    """

    name: str | None = None
    needs_directions = True
    needs_whole_encoders = False
    keeps_lengths = False
    lets_lengths_grow = False

    def find_update(
        self,
        gradient: Array,
        encoders: Array,
        gain: Array,
        learning_rate: float | Array,
    ) -> Array:
        """Return the change of encoders, as `nengo_fa.equations.encoder_update` does."""
        return equations.UPDATES[self.name](gradient, encoders, gain, learning_rate)

    def make_step(
        self,
        h: np.ndarray,
        x: np.ndarray,
        encoders: np.ndarray,
        delta: np.ndarray,
        fields: np.ndarray | None,
        scale: np.ndarray,
    ) -> Callable[[], None]:
        """Bind the change of scaled encoders to its arrays.

        Parameters
        ----------
        h : (n_neurons,) ndarray
            Without a normalization, the change is the outer product ``h x``.
        x : (dimensions,) or (n_neurons, dimensions) ndarray
            Input of the ensemble, or an eligibility trace for each neuron.
        encoders : (n_neurons, dimensions) ndarray
            Scaled encoders. The step must not write to ``h``, ``x`` and ``encoders``, which
            have no values yet when this method is called.
        delta : (n_neurons, dimensions) ndarray
            The step writes the change into this array.
        fields : (n_neurons, dimensions) ndarray or None
            One for entries that follow the gradient, and zero for entries that stay zero.
            None if all entries follow the gradient.
        scale : (n_neurons,) ndarray
            Gain over radius.

        Returns
        -------
        step : callable
            Writes ``delta``; takes no argument.
        """
        raise NotImplementedError("Normalizations must provide make_step")

    def make_step_in_place(
        self,
        h: np.ndarray,
        x: np.ndarray,
        encoders: np.ndarray,
        scale: np.ndarray,
        work: np.ndarray,
    ) -> Callable[[], None]:
        """Bind the same change to scaled encoders of many dimensions, and apply it to them.

        Only built-in normalizations provide this method; the change by a user-defined
        normalization is written to ``delta`` and then added. The method is called several
        times, each time for some of the neurons, so that the arrays stay in the cache of a
        processor.

        Parameters
        ----------
        h : (n_neurons,) ndarray
            As for `make_step`.
        x : (dimensions,) ndarray
            Input of the ensemble.
        encoders : (n_neurons, dimensions) ndarray
            Scaled encoders, which the step changes.
        scale : (n_neurons,) ndarray
            Gain over radius.
        work : (n_neurons, dimensions) ndarray
            An array that the step may write to, with no values that anybody needs.

        Returns
        -------
        step : callable
            Changes ``encoders``; takes no argument.
        """
        raise NotImplementedError("User-defined normalizations provide only make_step")


class Free(Normalization):
    """Delta ``h x``."""

    needs_directions = False
    lets_lengths_grow = True

    def make_step(self, h, x, encoders, delta, fields, scale):
        return _make_step_outer(h, x, delta, fields)

    def make_step_in_place(self, h, x, encoders, scale, work):
        return make_step_add_outer(h, x, encoders)


class Forced(Normalization):
    """Delta that takes encoders w to ``|w| (w + h x) / |w + h x|``."""

    name = "forced"
    needs_whole_encoders = True
    keeps_lengths = True

    def make_step(self, h, x, encoders, delta, fields, scale):
        step_outer = _make_step_outer(h, x, delta, fields)
        moved, work, stretch = (np.empty_like(a) for a in (delta, delta, h))
        squared = np.empty_like(h)
        step_squared = _make_step_squared(encoders, squared)
        step_stretch = _make_step_stretch(squared, moved, stretch)

        def step():
            step_outer()
            np.add(encoders, delta, out=moved)
            step_squared()
            step_stretch()
            _scale_rows(moved, stretch, out=work)
            np.add(delta, work, out=delta)

        return step

    def make_step_in_place(self, h, x, encoders, scale, work):
        squared, stretch = np.empty_like(h), np.empty_like(h)
        step_squared = _make_step_squared(encoders, squared)
        step_outer = make_step_add_outer(h, x, encoders)
        step_stretch = _make_step_stretch(squared, encoders, stretch)

        def step():
            step_squared()
            step_outer()
            step_stretch()
            _scale_rows(encoders, stretch, out=work)
            np.add(encoders, work, out=encoders)

        return step


class _Orthogonal(Normalization):
    """Delta ``h x - a w``, with a factor a for each encoder w."""

    def make_step_along(self, h, x, encoders, scale, along):
        """Bind the factor ``along`` to its arrays, those of `make_step`."""
        raise NotImplementedError("Such normalizations must provide make_step_along")

    def make_step(self, h, x, encoders, delta, fields, scale):
        step_outer = _make_step_outer(h, x, delta, fields)
        along, work = np.empty_like(h), np.empty_like(delta)
        step_along = self.make_step_along(h, x, encoders, scale, along)

        def step():
            step_along()
            step_outer()
            _scale_rows(encoders, along, out=work)
            np.subtract(delta, work, out=delta)

        return step

    def make_step_in_place(self, h, x, encoders, scale, work):
        along = np.empty_like(h)
        step_along = self.make_step_along(h, x, encoders, scale, along)
        step_outer = make_step_add_outer(h, x, work)

        def step():
            step_along()
            np.negative(along, out=along)
            _scale_rows(encoders, along, out=work)
            step_outer()
            np.add(encoders, work, out=encoders)

        return step


class Augmented(_Orthogonal):
    """Delta ``h x - w <w, h x> / |w|^2``, orthogonal to each encoder w."""

    name = "augmented"

    def make_step_along(self, h, x, encoders, scale, along):
        squared = np.empty_like(h)
        step_squared = _make_step_squared(encoders, squared)
        step_drive = _make_step_drive(encoders, x, along)

        def step():
            step_squared()
            step_drive()
            np.multiply(along, h, out=along)
            np.divide(along, squared, out=along)

        return step


class Homeostatic(_Orthogonal):
    """Delta ``h x - w <w, h x> / s^2``, assuming that encoders w have length s."""

    name = "homeostatic"
    lets_lengths_grow = True

    def make_step_along(self, h, x, encoders, scale, along):
        # gains do not change, so that a step needs no division
        inverse = (1 / scale**2).astype(h.dtype)
        step_drive = _make_step_drive(encoders, x, along)

        def step():
            step_drive()
            np.multiply(along, h, out=along)
            np.multiply(along, inverse, out=along)

        return step


class Stabilized(Homeostatic):
    """Delta ``h x - w (a + 2 min(a, 0) (1 - |w|^2 / s^2))``, ``a = <w, h x> / s^2``."""

    name = "stabilized"
    lets_lengths_grow = False

    def make_step_along(self, h, x, encoders, scale, along):
        step_homeostatic = super().make_step_along(h, x, encoders, scale, along)
        inverse = (1 / scale**2).astype(h.dtype)
        negative, correction = np.empty_like(h), np.empty_like(h)
        step_squared = _make_step_squared(encoders, correction)

        def step():
            step_homeostatic()
            step_squared()
            np.multiply(correction, inverse, out=correction)
            np.subtract(1, correction, out=correction)
            np.minimum(along, 0, out=negative)
            np.multiply(correction, negative, out=correction)
            np.multiply(correction, 2, out=correction)
            np.add(along, correction, out=along)

        return step


def _make_step_outer(h, x, delta, fields):
    """Bind delta ``h x`` to its arrays, within the fields."""
    step = _make_step_product(h, x, delta)

    def step_in_fields():
        step()
        np.multiply(delta, fields, out=delta)

    return step if fields is None else step_in_fields


def _make_step_product(h, x, delta):
    if x.ndim == 2:
        return lambda: _scale_rows(x, h, out=delta)
    h_column, x_row = h[:, np.newaxis], x[np.newaxis, :]
    # np.dot computes an outer product two to five times faster than other functions
    return lambda: np.dot(h_column, x_row, out=delta)


def _make_step_drive(encoders, x, out):
    """Bind the dot product of each encoder with the input or its eligibility trace."""
    if x.ndim == 1:
        return lambda: np.dot(encoders, x, out=out)
    return lambda: np.einsum("ij,ij->i", encoders, x, out=out)


def _make_step_squared(vectors, out):
    """Bind the squared length of each row of ``vectors``."""
    if vectors.shape[1] >= MANY_DIMENSIONS:
        return lambda: np.einsum("ij,ij->i", vectors, vectors, out=out)
    ones, work = np.ones_like(vectors[0]), np.empty_like(vectors)

    def step():
        np.multiply(vectors, vectors, out=work)
        np.dot(work, ones, out=out)

    return step


def _make_step_stretch(squared, moved, out):
    """Bind ``|w| / |w + h x| - 1``, which is exactly zero where h x is zero.

    Without the subtraction, which cancels, a number slightly below one would be rounded
    otherwise than a number slightly above one, and encoders would shrink.

    Parameters
    ----------
    squared : (n_neurons,) ndarray
        The squared lengths of the encoders w.
    moved : (n_neurons, dimensions) ndarray
        The encoders w + h x.
    out : (n_neurons,) ndarray
    """
    squared_moved = np.empty_like(out)
    step_moved = _make_step_squared(moved, squared_moved)

    def step():
        step_moved()
        # with r = |w|^2 / |w + h x|^2 - 1, it is r / (sqrt(1 + r) + 1)
        np.subtract(squared, squared_moved, out=out)
        np.divide(out, squared_moved, out=out)
        np.add(out, 1, out=squared_moved)
        np.sqrt(squared_moved, out=squared_moved)
        np.add(squared_moved, 1, out=squared_moved)
        np.divide(out, squared_moved, out=out)

    return step


def _scale_rows(vectors, scale, out):
    """Write ``vectors``, each row multiplied by its entry of ``scale``, to ``out``."""
    # in two steps, because NumPy would allocate a buffer to multiply by a column
    np.copyto(out, scale[:, np.newaxis])
    np.multiply(vectors, out, out=out)


#: The normalizations that users can pass as a string or as None.
NORMALIZATIONS = {
    normalization.name: normalization
    for normalization in (Free(), Forced(), Augmented(), Homeostatic(), Stabilized())
}


def get_normalization(normalization):
    """Return the normalization with a name; return a normalization unchanged."""
    if isinstance(normalization, Normalization):
        return normalization
    return NORMALIZATIONS[normalization]


class NormalizationParam(Parameter):
    """A normalization, or the name of one of ``NORMALIZATIONS``."""

    equatable = True
    values = tuple(NORMALIZATIONS)

    def coerce(self, instance, normalization):
        if not isinstance(normalization, Normalization) and (
            not isinstance(normalization, (str, type(None)))
            or normalization not in NORMALIZATIONS
        ):
            raise ValidationError(
                f"Must be {equations.describe_names(NORMALIZATIONS)} "
                f"(got {normalization!r})",
                attr=self.name,
                obj=instance,
            )
        return super().coerce(instance, normalization)
