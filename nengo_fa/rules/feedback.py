"""Feedback weights that follow the forward weights, and fixed orthogonal feedback weights."""

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

    To write your own, derive from this class and write `make_step`, and also `draw` unless
    the weights start at zero. Return the state of a step from `make_state`. Declare settings
    that can differ between instances as Nengo parameters (`nengo.params`), as for all frozen
    objects.

    Parameters
    ----------
    connection : nengo.Connection
        The connection from the taught ensemble to the next layer, whose weights the
        feedback weights follow. As for `.Backprop`, this is a decoded connection from the
        ensemble, or a connection with a dense transform from all of its neurons.
    to_neurons : bool, optional
        If False, the default, the error is that of the output of ``connection``, and the
        forward weights are its weights. If True, the error is that of the current of each
        neuron of the ensemble to which ``connection`` leads, such as the output of a
        `.NeuronError`. The forward weights are then those between the neurons of the two
        ensembles, scaled encoders times decoders.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``connection`` is not a connection, or if ``to_neurons`` is True and it does
        not lead to an ensemble of neurons.

    Notes
    -----
    Weights between neurons are a product of matrices, which is computed at each update of
    the feedback weights; online, this is every time step.

    Examples
    --------
    Backpropagation through noisy feedback weights:

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
                f"{connection} leads to {post}, but must lead to an ensemble, whose "
                "neurons have one error each. Use to_neurons=False for an error of the "
                "output of the connection.",
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
        """Return the initial feedback weights; by default, zeros.

        Parameters
        ----------
        n_neurons, size_in : int
            The shape.
        rng : numpy.random.RandomState
            A generator with the seed of the taught connection.

        Returns
        -------
        feedback : (n_neurons, size_in) ndarray
        """
        return np.zeros((n_neurons, size_in))

    def make_state(
        self, n_neurons: int, size_in: int, rng: np.random.RandomState
    ) -> dict[str, np.ndarray]:
        """Return the state that is kept from one update to the next; by default, no state.

        A simulator keeps these arrays in signals, so that they are saved, copied and
        reset with everything else. Variables of the step function are lost when a
        simulator is pickled.

        Parameters
        ----------
        n_neurons, size_in, rng
            As for `draw`.

        Returns
        -------
        state : dict of str: ndarray
            Initial values. Each is a keyword argument of `make_step`.
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
            The current forward weights, transposed. They have their initial values when
            this method is called, and must not be written to.
        feedback : (n_neurons, size_in) ndarray
            The feedback weights, which have the values from `draw` when this method is
            called. Both arrays may be views, with rows that are not contiguous.
        dt : float
            Time from one update to the next in seconds; 1 offline, where time is counted
            in updates.
        rng : numpy.random.RandomState
            A generator for weights that are drawn during learning. Its state is also
            saved and reset.
        **state : ndarray
            The arrays from `make_state`, which the step changes in place. A class without
            a state may omit this argument.

        Returns
        -------
        step : callable
            Updates ``feedback`` in place, before each projection of an error; takes no
            argument.
        """
        raise NotImplementedError("Feedback weights must provide make_step")


def make_feedback_state(kind, feedback, rng):
    """Return the state of a `Feedback`, with the precision of the weights."""
    state = kind.make_state(*feedback.shape, rng)
    try:
        return as_state(state, feedback.dtype, {"weights", "feedback", "dt", "rng"})
    except (TypeError, ValueError) as error:
        raise BuildError(
            f"{kind}.make_state must return a dict of arrays of numbers ({error})."
        ) from error


def as_state(state, dtype, reserved):
    """Return a state as arrays, real numbers with a given precision; refuse other values."""
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

    With the current forward weights :math:`W` and magnitudes :math:`M`,

    .. math:: b_{ij} = m_{ij} \, \mathrm{sign}(w_{ji}), \qquad m_{ij} \geq 0 .

    This is called *uniform* sign-concordant feedback if all magnitudes are the same, *fixed
    random* if they are random, and *batchwise random* if they are drawn for each update
    (Liao, Leibo & Poggio, 2016; Moskovitz, Litwin-Kumar & Abbott, 2018). It is weight
    transport of one bit per synapse. If a forward weight is zero, so is the feedback weight.

    Parameters
    ----------
    connection, to_neurons
        As for `Feedback`.
    magnitudes : float or (n_neurons, size_in) array_like or nengo.dists.Distribution, optional
        Magnitudes M. For a distribution, these are the absolute values of its samples.
        Default: 1.
    redraw : bool, optional
        Whether magnitudes are drawn from their distribution again for each update.
        Default: False.

    Raises
    ------
    nengo.exceptions.ValidationError
        If magnitudes are negative, or if ``redraw`` is True without a distribution.

    Notes
    -----
    ``sim.data[rule].feedback`` contains the magnitudes without signs.

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
                "Fixed magnitudes cannot be drawn again. Give a distribution, such as "
                "nengo.dists.Uniform(0, 1), or use redraw=False.",
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
    r"""Feedback weights that change like the forward weights, and so approach them.

    After Kolen & Pollack (1994) and Akrout et al. (2019). The feedback weights :math:`B`
    change by the same amounts as the forward weights :math:`W`, and the difference between
    them decays:

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
        Initial values of B. By default, they are drawn uniformly from the unit sphere, as
        for `.FeedbackAlignment`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``decay`` is negative, or a parameter is not finite.

    Notes
    -----
    A feedback synapse joins the same neurons as the forward synapse, and can compute the
    same change if this change is a product of the activity and the error, as for
    `nengo.PES`. In the rule of Kolen and Pollack, the forward weights decay as well. This
    class does not change the forward weights. The term :math:`\lambda W^T` is therefore
    weight transport, and so are changes of forward weights that are not such a product.

    The difference decays from the start of each simulator. After `.freeze_params`, a new
    simulator starts with ``initial`` again; to keep B, set ``initial`` to the values that
    you have probed at the end.

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
    # the connection determines the shape of the initial weights
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
            # computed from the number of updates: repeated multiplication would lead to
            # denormal numbers, with which processors are slow
            factor = math.exp(-self.decay * dt * n_updates.item())
            np.multiply(difference, factor, out=feedback)
            np.add(feedback, weights, out=feedback)
            n_updates[0] += 1

        return step


class Orthogonal(Distribution):
    """Random weights with orthonormal columns, times a scale.

    The projections of different dimensions of the error are orthogonal, and the projection
    keeps the length of an error, up to the scale. If there are fewer samples than
    dimensions, the rows are orthonormal instead.

    Parameters
    ----------
    scale : float, optional
        Length of each column. With ``np.sqrt(n_neurons / size_in)``, the rows, which are
        the preferred error directions of the neurons, have a mean square length of one.
        Default: 1.

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
        # without these signs, the directions would not be distributed uniformly
        q *= np.copysign(self.scale, np.diag(r))
        return np.reshape(q if rows >= columns else q.T, shape)
