"""Feedback weights that follow the forward weights, and orthogonal ones that do not."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from nengo.config import SupportDefaultsMixin
from nengo.dists import Distribution, UniformHypersphere, get_samples
from nengo.ensemble import Ensemble
from nengo.exceptions import BuildError, ValidationError
from nengo.neurons import Direct
from nengo.params import BoolParam, Default, FrozenObject
from numpy.typing import ArrayLike

from nengo_fa.rules.params import (
    FiniteDistOrArrayParam,
    FiniteParam,
    NextConnectionParam,
)

__all__ = ["Feedback", "KolenPollack", "Orthogonal", "SignSymmetric"]


class Feedback(FrozenObject, SupportDefaultsMixin):
    """Base class of feedback weights that follow forward weights while these change.

    To pass your own, derive from this class and write `make_step`, and `draw` unless the
    weights start at zero. What a step has to remember belongs in `make_state`. What sets
    instances apart must be Nengo parameters (`nengo.params`), as for all frozen objects.

    Parameters
    ----------
    connection : nengo.Connection
        The connection from the taught ensemble to the next layer, whose weights the
        feedback weights stand for. As for `.Backprop`: a decoded connection from the
        ensemble, or one with a dense transform from all of its neurons.
    to_neurons : bool, optional
        What the error is about. False, the default: what ``connection`` delivers, one
        error for each of its outputs. The forward weights are its weights. True: the
        current of each neuron of the ensemble that it leads to, as a `.NeuronError` is.
        The forward weights are then those between the neurons of the two ensembles,
        scaled encoders times decoders.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``connection`` is not a connection, or if ``to_neurons`` is set and it does
        not lead to an ensemble of neurons.

    Notes
    -----
    Weights between neurons are a product of matrices that is computed whenever the
    feedback weights are brought up to date: online, in every time step.

    Examples
    --------
    Backpropagation through weights that come back with noise:

    >>> class Noisy(nengo_fa.feedback.Feedback):
    ...     def make_step(self, weights, feedback, dt, rng):
    ...         def step():
    ...             feedback[...] = weights * rng.uniform(0.5, 1.5, size=weights.shape)
    ...         return step
    >>> with nengo.Network() as model:
    ...     hidden, output = nengo.Ensemble(20, 2), nengo.Node(size_in=2)
    ...     decode = nengo.Connection(hidden, output)
    >>> rule = nengo_fa.FeedbackAlignment(2, feedback=Noisy(decode))
    """

    connection = NextConnectionParam("connection", readonly=True)
    to_neurons = BoolParam("to_neurons", default=False, readonly=True)

    def __init__(
        self, connection: nengo.Connection, to_neurons: bool = Default
    ) -> None:
        super().__init__()
        self.connection = connection
        self.to_neurons = to_neurons
        post = connection.post_obj
        if self.to_neurons and (
            not isinstance(post, Ensemble) or isinstance(post.neuron_type, Direct)
        ):
            raise ValidationError(
                f"{connection} leads to {post}, but must lead to an ensemble of neurons, "
                "which have one error each. Use to_neurons=False for an error of what "
                "the connection delivers.",
                attr="to_neurons",
                obj=self,
            )

    @property
    def size_in(self) -> int:
        """Number of dimensions of the error, int."""
        if self.to_neurons:
            return self.connection.post_obj.n_neurons
        return self.connection.size_out

    def draw(
        self, n_neurons: int, size_in: int, rng: np.random.RandomState
    ) -> np.ndarray:
        """Feedback weights to start with; here, zeros.

        Parameters
        ----------
        n_neurons, size_in : int
            The shape.
        rng : numpy.random.RandomState
            From the seed of the taught connection.

        Returns
        -------
        feedback : (n_neurons, size_in) ndarray
        """
        return np.zeros((n_neurons, size_in))

    def make_state(
        self, n_neurons: int, size_in: int, rng: np.random.RandomState
    ) -> dict[str, np.ndarray]:
        """Return what the weights remember from one update to the next; here, nothing.

        A simulator keeps these arrays in signals, so that they are saved, copied and
        reset with everything else. What only the function of a step knows is lost when a
        simulator is pickled.

        Parameters
        ----------
        n_neurons, size_in, rng
            As for `draw`.

        Returns
        -------
        state : dict of str: ndarray
            Values at the start. Each is an argument of `make_step` by its name.
        """
        return {}

    def make_step(
        self,
        weights: np.ndarray,
        feedback: np.ndarray,
        dt: float,
        rng: np.random.RandomState,
        **state: np.ndarray,
    ) -> Callable[[], None]:
        """Bind the feedback weights to their arrays, as `nengo.builder.Operator.make_step`.

        Parameters
        ----------
        weights : (n_neurons, size_in) ndarray
            The forward weights, transposed: live, with their first values when this is
            called. Not to be written to.
        feedback : (n_neurons, size_in) ndarray
            The feedback weights: what `draw` has returned, when this is called. Both
            arrays may be views, with rows that are not contiguous.
        dt : float
            Time from one update to the next in seconds; 1 offline, where time is counted
            in updates.
        rng : numpy.random.RandomState
            For weights that are drawn as time goes by. Its state is saved and reset as
            well.
        **state : ndarray
            The arrays from `make_state`, to be changed in place. A class without a state
            may leave this argument out.

        Returns
        -------
        step : callable
            Brings ``feedback`` up to date, in place, before each projection of an error;
            takes no argument.
        """
        raise NotImplementedError("Feedback weights must provide make_step")


def make_feedback_state(kind, feedback, rng):
    """Return the state of a `Feedback`, of the same precision as the weights are."""
    state = kind.make_state(*feedback.shape, rng)
    try:
        return as_state(state, feedback.dtype, {"weights", "feedback", "dt", "rng"})
    except (TypeError, ValueError) as error:
        raise BuildError(
            f"{kind}.make_state must return a dict of arrays of numbers ({error})."
        ) from error


def as_state(state, dtype, reserved):
    """Return a state as arrays of numbers, real ones of a precision; refuse other things."""
    if not isinstance(state, dict):
        raise TypeError(f"got {state!r}")
    taken = reserved & set(state)
    if taken:
        raise ValueError(f"{', '.join(sorted(taken))}: choose another name")
    arrays = {name: np.array(value) for name, value in state.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{name} holds {array.dtype}")
    return {
        name: array.astype(dtype) if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }


def make_feedback_step(kind, weights, feedback, dt, rng, state):
    """Return the step of a `Feedback`, which takes all, some or no arrays of its state."""
    parameters = inspect.signature(kind.make_step).parameters.values()
    takes_all = any(other.kind is other.VAR_KEYWORD for other in parameters)
    names = state if takes_all else {other.name for other in parameters} & set(state)
    taken = {name: state[name] for name in names}
    step = kind.make_step(weights, feedback, dt, rng, **taken)
    if not callable(step):
        raise BuildError(f"{kind}.make_step must return a function without arguments.")
    return step


class SignSymmetric(Feedback):
    r"""Feedback weights with the signs of the forward weights, but other magnitudes.

    With forward weights :math:`W`, as they are at the time, and magnitudes :math:`M`,

    .. math:: b_{ij} = m_{ij} \, \mathrm{sign}(w_{ji}), \qquad m_{ij} \geq 0 .

    Known as *uniform*, if all magnitudes are the same, *fixed random*, or *batchwise
    random*, if they are drawn anew (Liao, Leibo & Poggio, 2016; Moskovitz, Litwin-Kumar &
    Abbott, 2018). It is weight transport of one bit a synapse. Where a forward weight is
    zero, so is the feedback weight.

    Parameters
    ----------
    connection, to_neurons
        As for `Feedback`.
    magnitudes : float or (n_neurons, size_in) array_like or nengo.dists.Distribution, optional
        Magnitudes M. The absolute values are taken of the samples of a distribution.
        Default: 1.
    redraw : bool, optional
        Whether magnitudes are drawn anew for each update, from their distribution.
        Default: False.

    Raises
    ------
    nengo.exceptions.ValidationError
        If magnitudes are negative, or to be drawn anew, but not from a distribution.

    Notes
    -----
    Before the signs are known, at ``sim.data[rule].feedback``, there are only magnitudes.

    Examples
    --------
    >>> with nengo.Network() as model:
    ...     hidden, output = nengo.Ensemble(20, 2), nengo.Node(size_in=2)
    ...     decode = nengo.Connection(hidden, output)
    >>> feedback = nengo_fa.feedback.SignSymmetric(
    ...     decode, magnitudes=nengo.dists.Uniform(0, 1), redraw=True)
    >>> rule = nengo_fa.FeedbackAlignment(2, feedback=feedback)
    """

    magnitudes: Any = FiniteDistOrArrayParam("magnitudes", default=1.0, readonly=True)
    redraw = BoolParam("redraw", default=False, readonly=True)

    def __init__(
        self,
        connection: nengo.Connection,
        magnitudes: float | nengo.dists.Distribution | ArrayLike = Default,
        redraw: bool = Default,
        to_neurons: bool = Default,
    ) -> None:
        super().__init__(connection, to_neurons)
        self.magnitudes = magnitudes
        self.redraw = redraw
        is_distribution = isinstance(self.magnitudes, Distribution)
        if not is_distribution and np.any(self.magnitudes < 0):
            raise ValidationError(
                "Must not be negative, as the signs are those of the forward weights",
                attr="magnitudes",
                obj=self,
            )
        if self.redraw and not is_distribution:
            raise ValidationError(
                "There is nothing to draw: magnitudes are given. Give a distribution, "
                "such as nengo.dists.Uniform(0, 1), or use redraw=False.",
                attr="redraw",
                obj=self,
            )

    def draw(
        self, n_neurons: int, size_in: int, rng: np.random.RandomState
    ) -> np.ndarray:
        magnitudes = get_samples(self.magnitudes, n_neurons, size_in, rng)
        if magnitudes.ndim == 0:
            return np.full((n_neurons, size_in), magnitudes)
        return np.abs(magnitudes)

    def make_step(
        self,
        weights: np.ndarray,
        feedback: np.ndarray,
        dt: float,
        rng: np.random.RandomState,
    ) -> Callable[[], None]:
        magnitudes = np.array(feedback)

        def step():
            np.sign(weights, out=feedback)
            np.multiply(feedback, magnitudes, out=feedback)

        def step_redraw():
            magnitudes[...] = self.draw(*magnitudes.shape, rng)
            step()

        return step_redraw if self.redraw else step


class KolenPollack(Feedback):
    r"""Feedback weights that change as the forward weights do, and so come to equal them.

    After Kolen & Pollack (1994) and Akrout et al. (2019). Each change of the forward
    weights :math:`W` is one of the feedback weights :math:`B` as well, and their
    difference decays:

    .. math:: dB = dW^T + \lambda \, (W^T - B) \, dt , \qquad
              B - W^T = e^{-\lambda t} \, (B - W^T)_{t = 0} .

    Parameters
    ----------
    connection, to_neurons
        As for `Feedback`.
    decay : float, optional
        :math:`\lambda`, per second of simulated time online, per update offline.
        Default: 0.1.
    initial : (n_neurons, size_in) array_like or nengo.dists.Distribution, optional
        B at the start. Default: drawn uniformly from the unit sphere, as for
        `.FeedbackAlignment`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``decay`` is negative, or a parameter is not finite.

    Notes
    -----
    A feedback synapse joins the same neurons as the forward synapse, and can compute the
    same change if it is a product of the activity and the error, as for `nengo.PES`. In
    the rule of Kolen and Pollack, the forward weights decay as well. Here, they are left
    to whatever teaches them. So the term :math:`\lambda W^T` is weight transport, and so
    are changes of forward weights that are not such a product.

    The difference decays from the start of each simulator on. After `.freeze_params`, B
    starts anew; to keep it, let ``initial`` be what was probed at the end.

    Examples
    --------
    >>> with nengo.Network() as model:
    ...     hidden, output = nengo.Ensemble(20, 2), nengo.Node(size_in=2)
    ...     decode = nengo.Connection(hidden, output, learning_rule_type=nengo.PES())
    >>> feedback = nengo_fa.feedback.KolenPollack(decode, decay=0.5)
    >>> rule = nengo_fa.FeedbackAlignment(2, feedback=feedback)
    """

    decay: Any = FiniteParam("decay", default=0.1, low=0, readonly=True)
    initial: Any = FiniteDistOrArrayParam(
        "initial",
        default=UniformHypersphere(surface=True),
        sample_shape=("*", "size_in"),
        readonly=True,
    )
    # the shape of the first weights needs the connection
    _param_init_order = ["connection", "to_neurons"]

    def __init__(
        self,
        connection: nengo.Connection,
        decay: float = Default,
        initial: nengo.dists.Distribution | ArrayLike = Default,
        to_neurons: bool = Default,
    ) -> None:
        super().__init__(connection, to_neurons)
        self.decay = decay
        self.initial = initial

    def draw(
        self, n_neurons: int, size_in: int, rng: np.random.RandomState
    ) -> np.ndarray:
        return get_samples(self.initial, n_neurons, size_in, rng)

    def make_state(
        self, n_neurons: int, size_in: int, rng: np.random.RandomState
    ) -> dict[str, np.ndarray]:
        return {"n_updates": np.zeros(1, dtype=np.int64)}

    def make_step(
        self,
        weights: np.ndarray,
        feedback: np.ndarray,
        dt: float,
        rng: np.random.RandomState,
        n_updates: np.ndarray | None = None,
    ) -> Callable[[], None]:
        n_updates = np.zeros(1, dtype=np.int64) if n_updates is None else n_updates
        difference = feedback - weights

        def step():
            # from the number of updates, as a small number that is multiplied again and
            # again ends as a denormal one, with which processors are slow
            factor = math.exp(-self.decay * dt * n_updates.item())
            np.multiply(difference, factor, out=feedback)
            np.add(feedback, weights, out=feedback)
            n_updates[0] += 1

        return step


class Orthogonal(Distribution):
    """Random weights with orthonormal columns, times a scale.

    No two dimensions of the error are projected alike, and an error keeps its length, up
    to the scale. Of fewer samples than dimensions, the rows are orthonormal instead.

    Parameters
    ----------
    scale : float, optional
        Length of each column. ``np.sqrt(n_neurons / size_in)`` gives rows, the preferred
        error directions of the neurons, a mean square length of one. Default: 1.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``scale`` is not a positive number.

    Examples
    --------
    >>> feedback = nengo_fa.feedback.Orthogonal(scale=2).sample(20, d=3)
    >>> np.allclose(feedback.T @ feedback, 4 * np.eye(3))
    True
    >>> rule = nengo_fa.FeedbackAlignment(3, feedback=nengo_fa.feedback.Orthogonal(2))
    """

    scale: Any = FiniteParam("scale", default=1.0, low=0, low_open=True, readonly=True)

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale

    def sample(self, n: int, d: int | None = None, rng: Any = np.random) -> np.ndarray:
        shape = self._sample_shape(n, d)
        rows, columns = n, 1 if d is None else d
        q, r = np.linalg.qr(rng.randn(max(rows, columns), min(rows, columns)))
        # without these signs, directions would not be uniform
        q *= np.copysign(self.scale, np.diag(r))
        return np.reshape(q if rows >= columns else q.T, shape)
