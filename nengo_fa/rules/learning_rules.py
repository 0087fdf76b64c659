"""The encoder learning rules, as a modeller declares them on a connection."""

from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from array_api_compat import array_namespace
from nengo.dists import UniformHypersphere
from nengo.exceptions import BuildError, ValidationError
from nengo.learning_rules import LearningRuleType
from nengo.params import BoolParam, Default, IntParam, Parameter
from nengo.synapses import SynapseParam
from numpy.typing import ArrayLike

from nengo_fa.equations import Array
from nengo_fa.rules.derivatives import Derivative, Step
from nengo_fa.rules.feedback import Feedback
from nengo_fa.rules.normalizations import Normalization, NormalizationParam
from nengo_fa.rules.params import (
    FiniteDistOrArrayParam,
    LearningRateParam,
    NextConnectionParam,
    is_given,
    refuse_bool,
)


class DerivativeParam(Parameter):
    """A `Derivative` instance."""

    equatable = True

    def coerce(self, instance, derivative):
        if not isinstance(derivative, Derivative):
            raise ValidationError(
                "Must be an instance of nengo_fa.Derivative, such as nengo_fa.Step() "
                f"or nengo_fa.Rate() (got {derivative!r})",
                attr=self.name,
                obj=instance,
            )
        return super().coerce(instance, derivative)


class SizeInParam(IntParam):
    """Number of dimensions of the error."""

    def coerce(self, instance, size_in):
        refuse_bool(self, instance, size_in)
        if isinstance(size_in, str):
            raise ValidationError(
                "Must be the number of dimensions of the error, an integer "
                f"(got {size_in!r}). It cannot be inferred from this connection, "
                "because the error comes from the output of the network",
                attr=self.name,
                obj=instance,
            )
        return super().coerce(instance, size_in)


class FeedbackParam(FiniteDistOrArrayParam):
    """Feedback weights: an array, a distribution, or a `.Feedback` of the right size."""

    kinds = (
        "a distribution, an array of real numbers, or an instance of "
        "nengo_fa.feedback.Feedback"
    )

    def coerce(self, instance, feedback):
        if not isinstance(feedback, Feedback):
            return super().coerce(instance, feedback)
        if feedback.size_in != instance.size_in:
            if feedback.to_neurons:
                about = f"each neuron of {feedback.connection.post_obj}"
                remedy = "to_neurons=False, if it is about what the connection delivers"
            else:
                about = f"what {feedback.connection} delivers"
                remedy = (
                    "to_neurons=True, if it is one of each neuron of the next layer"
                )
            raise ValidationError(
                f"{type(feedback).__name__} is for an error of {about}, of "
                f"{feedback.size_in} dimensions, but size_in is {instance.size_in}. Let "
                f"size_in be {feedback.size_in}, or give the feedback {remedy}.",
                attr=self.name,
                obj=instance,
            )
        return Parameter.coerce(self, instance, feedback)


class EncoderLearningRule(LearningRuleType):
    r"""Base class of rules that change encoders by an error of each neuron times the input.

    .. math:: \Delta \vec p_i = -\kappa \, \frac{\alpha_i}{r} \, h_i \, \vec x \, dt

    To write your own rule, derive from this class, list in ``arrays`` the signals that the
    rule reads, and compute from them the error :math:`h_i` of each neuron in `make_step`.
    All rules share the rest, in simulators and in `.train`: the product with the input
    :math:`\vec x`, the receptive fields, the normalization, the gains and the radius. For
    rules with a projected error, derive from `FeedbackAlignment`.

    Parameters
    ----------
    size_in : int, optional
        Number of dimensions of the error that is connected to the rule. Default: 0.
    learning_rate, derivative, normalization, pre_synapse, sparse
        As for `FeedbackAlignment`. The derivative is computed if it is in ``arrays``.

    Attributes
    ----------
    arrays : tuple of str
        Names of the arrays that `make_step` takes: ``"derivative"``, f'(J);
        ``"current"``, which drives the soma; ``"output"``, spikes or rates; and, for
        rules derived from `FeedbackAlignment` and `Backprop`, ``"projected_error"``.
        Online, rules can also read the state variables of the neuron type, such as
        ``"voltage"``, and the state of the rule, from `make_state`.

    Examples
    --------
    A rule that needs no error: the encoders of neurons that fire turn to the input.

    >>> class Hebbian(nengo_fa.EncoderLearningRule):
    ...     arrays = ("output",)
    ...     def make_step(self, out, output):
    ...         return lambda: np.negative(output, out=out)
    >>> rule = Hebbian(learning_rate=0.01)
    """

    modifies = "encoders"
    probeable: tuple[str, ...] = ("delta", "scaled_encoders")
    arrays: tuple[str, ...] = ()
    eligibility_synapse = None  # only rules that project an error have one

    size_in = SizeInParam("size_in", low=0)
    learning_rate = LearningRateParam("learning_rate", default=1.0)
    derivative = DerivativeParam("derivative", default=Step(), readonly=True)
    normalization: Any = NormalizationParam(
        "normalization", default="augmented", optional=True, readonly=True
    )
    pre_synapse = SynapseParam("pre_synapse", default=None, readonly=True)
    sparse = BoolParam("sparse", default=False, readonly=True)

    def __init__(
        self,
        size_in: int = 0,
        learning_rate: float = Default,
        derivative: Derivative = Default,
        normalization: str | Normalization | None = Default,
        pre_synapse: float | nengo.synapses.Synapse | None = Default,
        sparse: bool = Default,
    ) -> None:
        super().__init__(learning_rate, size_in=size_in)
        self.derivative = derivative
        self.normalization = normalization
        self.pre_synapse = pre_synapse
        self.sparse = sparse

    @property
    def _argreprs(self):
        # Nengo omits values that equal the default, even if they were given
        found, rate = super()._argreprs, self.learning_rate
        text = f"learning_rate={rate!r}"
        if isinstance(found, str) or not is_given(rate) or text in found:
            return found
        return [*found, text]

    def make_state(self, n_neurons: int) -> dict[str, np.ndarray]:
        """Return the state that the rule keeps from one time step to the next.

        A simulator keeps the state in signals, so that it is saved and reset with
        everything else. A rule with a state learns online only.

        Parameters
        ----------
        n_neurons : int

        Returns
        -------
        state : dict of str: (n_neurons,) ndarray
            Initial values, by names that are in ``arrays``. Default: no state.
        """
        return {}

    def bind_step(self, out: Array, arrays: dict[str, Array]) -> Callable[[], None]:
        """Return the step of `make_step`, given only the arrays that the rule takes."""
        step = self.make_step(out, **{name: arrays[name] for name in self.arrays})
        if not callable(step):
            raise BuildError(
                f"{type(self).__name__}.make_step must return a function without arguments."
            )
        return step

    def make_step(self, out: Array, **arrays: Array) -> Callable[[], None]:
        """Bind the error of each neuron to its arrays.

        Parameters
        ----------
        out : (..., n_neurons) array
            The step writes the errors into this array.
        **arrays : (..., n_neurons) array
            The arrays that are named in ``arrays``: (n_neurons,) for one time step online,
            and (n_samples, n_neurons) offline. They have no values yet when this method is
            called. Only the state of the rule may be written to.

        Returns
        -------
        step : callable
            Reads the arrays and writes ``out``, element by element; takes no argument.
        """
        raise NotImplementedError("Encoder learning rules must provide make_step")


class ProjectedErrorRule(EncoderLearningRule):
    """Base class of the rules that project an error; not to be used by itself."""

    probeable: tuple[str, ...] = (
        "delta",
        "error",
        "projected_error",
        "derivative",
        "scaled_encoders",
    )
    arrays = ("projected_error", "derivative")

    eligibility_synapse = SynapseParam(
        "eligibility_synapse", default=None, readonly=True
    )

    def _trace(self, eligibility_synapse):
        """Set the synapse of the eligibility trace, which can be probed if there is one."""
        self.eligibility_synapse = eligibility_synapse
        if self.eligibility_synapse is not None:
            self.probeable = (*self.probeable, "eligibility")

    def make_step(self, out, projected_error, derivative):
        xp = array_namespace(out)
        return lambda: xp.multiply(projected_error, derivative, out=out)


class FeedbackAlignment(ProjectedErrorRule):
    r"""Feedback alignment: learns encoders from a randomly projected error (eq. 3).

    The rule modifies the encoders of an ensemble to reduce an error, which reaches it
    through a connection to the learning rule. Each neuron has a *preferred error direction*,
    its row of the feedback weights. While the neuron is firing, its encoder turns away from
    inputs with an error along this direction, and towards inputs with the opposite error:

    .. math:: \Delta \vec p_i = -\kappa \, \frac{\alpha_i}{r}
              f'(J_i) \, \langle \vec b_i, \vec\delta \rangle \, \vec x \, dt

    with the error :math:`\vec\delta` (actual minus target, as for `nengo.PES`), the
    input :math:`\vec x` of the ensemble, its gains :math:`\alpha` and radius r.

    Parameters
    ----------
    size_in : int
        Number of dimensions of the error.
    learning_rate : float, optional
        :math:`\kappa`, per second of simulated time, and per update in `.train`. The
        default in a simulator is 1.0, divided by the root mean square of the derivative if
        this is larger than one, and, for the normalizations None and ``"homeostatic"``,
        also divided by the root mean square of the gains. `.train` finds its own rate.
    feedback : (n_neurons, size_in) array_like, nengo.dists.Distribution or Feedback, optional
        The feedback weights B: an array or a distribution for fixed weights, or a
        `.Feedback`, such as `.SignSymmetric` or `.KolenPollack`, for weights that follow
        the weights of a connection. By default, they are drawn uniformly from the unit
        sphere.
    derivative : Derivative, optional
        f'(J), which gates the error: `Step` (the default), `Rate`, or your own.
    normalization : {None, "forced", "augmented", "homeostatic", "stabilized"}, optional
        None: follows the plain gradient; encoders and firing rates can grow.
        ``"forced"``: scales each encoder back to its previous length after each step.
        ``"augmented"``, the default: follows the gradient under weight normalization
        (eqs. 4 to 6), which is orthogonal to the encoder.
        ``"homeostatic"``: the same, but assumes encoders of length one and needs no
        division. Lengths approach one if the gradient would lengthen the encoder;
        otherwise, they diverge from one.
        ``"stabilized"``: the same with a local correction, so that lengths approach one
        for any gradient, if steps are small.
    pre_synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the input :math:`\vec x`, an eligibility trace that compensates for a
        delay of the error. Default: None.
    sparse : bool, optional
        Whether entries of the encoders that are zero when the model is built stay zero,
        so that each neuron keeps its receptive field. The gradient is then computed for
        the other entries alone. Default: False.
    eligibility_synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the product :math:`f'(J_i) \, \vec x`, which is the eligibility trace of
        a single weight (see `nengo_fa.equations.eligibility_trace`). Pass the synapse
        through which the output is decoded. For recurrent weights, this is random-feedback
        local online learning. Offline, inputs are constant, so that the trace has settled
        and has no effect. Default: None.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a parameter has the wrong type or is not finite, or if the size of the feedback
        weights does not fit the error.

    See Also
    --------
    Backprop, nengo.Voja, nengo.PES

    Notes
    -----
    Encoders belong to the ensemble, not to the connection: :math:`\vec x` is the sum of
    all inputs of the ensemble. A connection to some dimensions of the ensemble
    (``ensemble[0]``) teaches the columns of the encoders for these dimensions.

    You can probe ``"delta"``, the change of the scaled encoders (n_neurons, dimensions)
    in a step; ``"error"`` (size_in,); ``"projected_error"`` and ``"derivative"``
    (n_neurons,); ``"scaled_encoders"``, the encoders times gain over radius; and
    ``"feedback"``, the current feedback weights. These have the shape (size_in, n_neurons),
    like the weights of a connection in Nengo. The initial feedback weights are
    ``sim.data[connection.learning_rule].feedback``, (n_neurons, size_in). With an
    ``eligibility_synapse``, you can also probe ``"eligibility"``, the trace of each weight
    (n_neurons, dimensions).

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node([0.5, -0.5])
    ...     error = nengo.Node([1.0])
    ...     hidden = nengo.Ensemble(20, 2)
    ...     encode = nengo.Connection(
    ...         stimulus, hidden, learning_rule_type=nengo_fa.FeedbackAlignment(1))
    ...     _ = nengo.Connection(error, encode.learning_rule)
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(0.1)
    >>> sim.data[encode.learning_rule].feedback.shape
    (20, 1)
    """

    probeable = (*ProjectedErrorRule.probeable, "feedback")
    _param_init_order = ["size_in"]  # the shape of the feedback weights needs it

    size_in = SizeInParam("size_in", low=1)
    feedback: Any = FeedbackParam(
        "feedback",
        default=UniformHypersphere(surface=True),
        sample_shape=("*", "size_in"),
        readonly=True,
    )

    def __init__(
        self,
        size_in: int,
        learning_rate: float = Default,
        feedback: Feedback | nengo.dists.Distribution | ArrayLike = Default,
        derivative: Derivative = Default,
        normalization: str | Normalization | None = Default,
        pre_synapse: float | nengo.synapses.Synapse | None = Default,
        sparse: bool = Default,
        eligibility_synapse: float | nengo.synapses.Synapse | None = Default,
    ) -> None:
        super().__init__(
            size_in, learning_rate, derivative, normalization, pre_synapse, sparse
        )
        self._trace(eligibility_synapse)
        self.feedback = feedback


class Backprop(ProjectedErrorRule):
    """Backpropagation: learns encoders through the current decoders (eq. 2).

    Like `FeedbackAlignment`, but each neuron's error direction is its column of the
    current decoders of the next connection, whichever rule teaches them. This is exact
    weight transport, which is not possible in a biological synapse.

    Parameters
    ----------
    connection : nengo.Connection
        The connection from the taught ensemble to the next layer: a decoded connection
        from the ensemble, or a connection with a dense transform from all of its neurons.
        The error of the rule is the error of the output of this connection, so ``size_in``
        of the rule is its ``size_out``. If it leads to neurons, the error is that of the
        input it delivers to them, before their gains.
    learning_rate, derivative, normalization, pre_synapse, sparse, eligibility_synapse
        As for `FeedbackAlignment`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a parameter has the wrong type or is not finite.

    See Also
    --------
    FeedbackAlignment

    Notes
    -----
    You can probe the same signals as for `FeedbackAlignment`, except ``"feedback"``: the
    feedback weights are the weights of ``connection``.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node([0.5, -0.5])
    ...     output = nengo.Node(size_in=1)
    ...     hidden = nengo.Ensemble(20, 2)
    ...     encode = nengo.Connection(stimulus, hidden)
    ...     decode = nengo.Connection(hidden, output, function=lambda x: x[0] * x[1])
    ...     encode.learning_rule_type = nengo_fa.Backprop(decode)
    >>> encode.learning_rule.size_in
    1
    """

    connection = NextConnectionParam("connection", readonly=True)

    def __init__(
        self,
        connection: nengo.Connection,
        learning_rate: float = Default,
        derivative: Derivative = Default,
        normalization: str | Normalization | None = Default,
        pre_synapse: float | nengo.synapses.Synapse | None = Default,
        sparse: bool = Default,
        eligibility_synapse: float | nengo.synapses.Synapse | None = Default,
    ) -> None:
        self.connection = (
            connection  # first, because it determines the size of the error
        )
        super().__init__(
            connection.size_out,
            learning_rate,
            derivative,
            normalization,
            pre_synapse,
            sparse,
        )
        self._trace(eligibility_synapse)
