"""Nodes that show curves over the whole session."""

from collections.abc import Callable, Sequence

import nengo
import numpy as np
from nengo.connection import Connection
from nengo.exceptions import ValidationError
from nengo.params import NumberParam

from nengo_fa.geometry import angle_to_axes
from nengo_fa.gui import views
from nengo_fa.gui.arrays import get_mean
from nengo_fa.gui.nodes import View
from nengo_fa.gui.svg import COLOURS
from nengo_fa.gui.teaching import check_ensemble, unscale

MOST_SAMPLES = 400  # largest number that is kept, so that memory does not grow


class SessionView(View):
    """Base class of views that show numbers over the whole session.

    In a derived class, write `make_measure` instead of ``make_step``, and put its own state
    first in ``make_state``.

    Parameters
    ----------
    names : list of str
        Names of the curves.
    title : str
        Title above the curves.
    ylabel : str
        Label of the vertical axis, with the unit.
    label : str
        Name of the node.
    size_in : int, optional
        Number of dimensions of the input.
    period : float, optional
        Time between two samples, in simulated seconds.
    colours : sequence of str, optional
        Colours of the curves, such as those of `nengo_fa.palette`.
    """

    def __init__(
        self, names, title, ylabel, label, size_in=0, period=0.25, colours=COLOURS
    ):
        if not 1 <= len(names) <= len(COLOURS):
            raise ValidationError(
                f"Must be 1 to {len(COLOURS)} curves (got {len(names)})", attr="curves"
            )
        super().__init__(label, size_in=size_in, period=period)
        if len(colours) < len(names):
            raise ValidationError(
                f"Must be {len(names)}, one for each curve (got {len(colours)})",
                attr="colours",
            )
        self.names, self.title, self.ylabel = names, title, ylabel
        self.colours = colours

    def make_state(self):
        return {"n_steps": np.array([0]), **make_samples(len(self.names))}

    def make_measure(self, model, arrays, dt):
        """Bind the measurement to a simulator.

        Parameters
        ----------
        model, arrays, dt
            As for `.View.make_step`.

        Returns
        -------
        measure : callable
            Called in every time step with the input of the node (size_in,), or None if it
            has no input, and whether a sample is due. If it is due, returns a number for
            each curve.
        """
        raise NotImplementedError("Views of the session must provide make_measure")

    def make_step(self, model, arrays, dt):
        *arrays, n_steps, rows, total, counts = arrays
        measure = self.make_measure(model, arrays, dt)
        samples = Samples(rows, total, counts)

        def step(x, is_due):
            n_steps[...] += 1
            values = measure(x, is_due)
            if not is_due or not samples.add(n_steps.item() * dt, values):
                return None
            times, *curves = samples.get()
            curves = dict(zip(self.names, curves))
            return views.history(times, curves, self.title, self.ylabel, self.colours)

        return step


def _check_curves(name, curves):
    if not isinstance(curves, dict) or not all(isinstance(key, str) for key in curves):
        raise ValidationError(
            f"Must be a dictionary with a name for each curve (got {curves!r})",
            attr=name,
        )


def make_samples(n_values):
    """Return the arrays of `Samples` with their initial values."""
    return {
        "rows": np.zeros((MOST_SAMPLES, 1 + n_values)),
        "total": np.zeros(1 + n_values),
        "counts": np.array([0, 0, 1]),
    }


class Samples:
    """Samples of the whole session, with fewer samples per second the longer it lasts.

    Parameters
    ----------
    rows : (MOST_SAMPLES, 1 + n_values) ndarray
        Times and values; each row is the mean of the same number of samples.
    total : (1 + n_values,) ndarray
        Sum of the samples of the next row.
    counts : (3,) ndarray of int
        Number of rows, of samples in ``total``, and of samples in a row.
    """

    def __init__(self, rows, total, counts):
        self._rows, self._total, self._counts = rows, total, counts

    def add(self, time, values):
        """Add a sample, and return whether there is a new row."""
        self._total += [time, *values]
        self._counts[1] += 1
        n_rows, n_samples, size = self._counts
        if n_samples < size:
            return False
        self._rows[n_rows] = self._total / size
        self._total[...] = 0
        self._counts[:2] = n_rows + 1, 0
        if n_rows + 1 == MOST_SAMPLES:
            halves = np.mean([self._rows[::2], self._rows[1::2]], axis=0)
            self._rows[: len(halves)] = halves
            self._counts[:] = len(halves), 0, 2 * size
        return True

    def get(self):
        """Return times and values, (1 + n_values, n_rows)."""
        return np.transpose(self._rows[: self._counts[0]])


class ErrorHistory(SessionView):
    """Shows errors over the whole session, as root mean square over the last seconds.

    Parameters
    ----------
    errors : dict
        Up to 6 objects with an output by the names of their curves, such as nodes whose
        output is an error of any number of dimensions (actual minus target).
    title : str, optional
        Title above the curves.
    tau : float, optional
        Time constant of the mean, in seconds.
    label : str, optional
    period : float, optional
        Time between two samples, in simulated seconds.
    colours : sequence of str, optional
        Colours of the curves, such as those of `nengo_fa.palette`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there are no errors or too many, or if an error is not part of a model.
    """

    tau = NumberParam("tau", default=2.0, low=0, low_open=True, readonly=True)

    def __init__(
        self,
        errors: dict,
        title: str = "Error",
        tau: float = 2.0,
        label: str = "error over time",
        period: float = 0.25,
        colours: Sequence[str] = COLOURS,
    ) -> None:
        _check_curves("errors", errors)
        for source in errors.values():
            if not hasattr(source, "size_out"):
                raise ValidationError(
                    f"Must be a node or another object with an output (got {source!r})",
                    attr="errors",
                )
        sizes = [source.size_out for source in errors.values()]
        super().__init__(
            list(errors),
            title,
            "RMS error (as output)",
            label,
            size_in=sum(sizes),
            period=period,
            colours=colours,
        )
        self.tau = tau
        ends = np.cumsum([0, *sizes])
        self.slices = [slice(*pair) for pair in zip(ends, ends[1:])]
        for source, part in zip(errors.values(), self.slices):
            Connection(source, self[part], synapse=None)

    def make_state(self) -> dict[str, np.ndarray]:
        start = {"squares": np.zeros(self.size_in), "weight": np.zeros(1)}
        return {**start, **super().make_state()}

    def make_measure(
        self, model: nengo.builder.Model, arrays: list[np.ndarray], dt: float
    ) -> Callable:
        decay = np.exp(-dt / self.tau)
        squares, weight = arrays

        def measure(x, is_due):
            squares[...] += (1 - decay) * (x**2 - squares)
            weight[...] += (1 - decay) * (
                1 - weight
            )  # filtered one, which starts at zero
            if is_due:
                return [
                    np.sqrt(squares[part].mean() / weight[0]) for part in self.slices
                ]

        return measure


class AngleHistory(SessionView):
    """Shows the mean angle between encoders and the nearest diagonal over the session.

    Parameters
    ----------
    ensembles : dict
        Up to 6 ensembles with two dimensions, by the names of their curves.
    title, label : str, optional
    period : float, optional
    colours : sequence of str, optional
        As for `ErrorHistory`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there are no ensembles or too many, or if an ensemble does not have encoders with
        two dimensions.
    """

    def __init__(
        self,
        ensembles: dict,
        title: str = "Angle to the nearest diagonal",
        label: str = "angle over time",
        period: float = 0.25,
        colours: Sequence[str] = COLOURS,
    ) -> None:
        _check_curves("ensembles", ensembles)
        super().__init__(
            list(ensembles),
            title,
            "Mean angle (rad)",
            label,
            period=period,
            colours=colours,
        )
        self.ensembles = [check_ensemble(ensemble) for ensemble in ensembles.values()]

    def get_signals(self, model: nengo.builder.Model) -> list[nengo.builder.Signal]:
        return [model.sig[ensemble]["encoders"] for ensemble in self.ensembles]

    def make_measure(
        self, model: nengo.builder.Model, arrays: list[np.ndarray], dt: float
    ) -> Callable:
        def measure(x, is_due):
            if is_due:
                return [
                    get_mean(angle_to_axes(unscale(model, ensemble, scaled_encoders)))
                    for ensemble, scaled_encoders in zip(self.ensembles, arrays)
                ]

        return measure
