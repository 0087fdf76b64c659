"""The operators that a simulator runs for encoder learning rules in every step."""

import numpy as np
from nengo.builder import Operator
from nengo.exceptions import NengoException, SimulationError

from nengo_fa.online.random_state import LiveRandomState, keep_random_state
from nengo_fa.rules.feedback import make_feedback_step
from nengo_fa.rules.learning_rules import ProjectedErrorRule
from nengo_fa.rules.normalizations import NORMALIZATIONS, get_normalization

#: The number of entries of the encoders from which a pass over them takes longer than another
#: function call, which takes as long as about a thousand additions.
MANY_ENTRIES = 4096


class NotFiniteError(SimulationError, FloatingPointError):
    """An error for values that are not finite, which names the rule."""


class SignalByName:
    """The signal with the name of this attribute, or None."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, operator, owner=None):
        return self if operator is None else operator.signals.get(self.name)


class NamedSignalsOperator(Operator):
    """Base class of operators that know their signals by name.

    Parameters
    ----------
    reads : dict of str: Signal or None, or callable
        The signals that are read; None for a signal that does not exist. A function
        without arguments that returns the signals is called when they are needed first,
        after the build, because an operator may be built before the signals it reads.
    sets, updates, incs : dict of str: Signal, optional
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    def __init__(self, reads, sets=None, updates=None, tag=None, incs=None):
        super().__init__(tag=tag)
        self._names = {}
        self._find_reads = reads if callable(reads) else lambda: reads
        self.sets = self._name("sets", sets or {})
        self.incs = self._name("incs", incs or {})
        self.updates = self._name("updates", updates or {})

    def _name(self, kind, signals):
        signals = {name: found for name, found in signals.items() if found is not None}
        self._names[kind] = list(signals)
        return list(signals.values())

    @property
    def reads(self):
        if self._find_reads is not None:
            self.reads = self._name("reads", self._find_reads())
        return self._reads

    @reads.setter
    def reads(self, signals):
        self._reads, self._find_reads = signals, None

    @property
    def signals(self):
        """All signals by name, a dict."""
        # by index, because Nengo's optimizer replaces signals in the lists
        lists = {
            "reads": self.reads,
            "sets": self.sets,
            "incs": self.incs,
            "updates": self.updates,
        }
        return {
            name: signal
            for kind, signals in lists.items()
            for name, signal in zip(self._names[kind], signals)
        }


def describe_not_finite(operator, error):
    """Return an error that names the rule whose operator cannot be computed."""
    return NotFiniteError(
        f"{operator._descstr} cannot be computed ({error}). The error or the input of the "
        "rule is infinite or too large, or its learning rate is too high."
    )


class SimFeedback(NamedSignalsOperator):
    """Update feedback weights that follow the forward weights.

    Parameters
    ----------
    kind : Feedback
        How the feedback weights follow.
    find_reads : callable
        As for `NamedSignalsOperator`: ``"weights"`` of the connection, (size_out,
        n_neurons), and, if the error is one of neurons, their scaled ``"encoders"``,
        (n_post_neurons, dimensions).
    feedback : Signal
        Set to the transpose of the feedback weights, (size_in, n_neurons).
    seed : array_like
        Seed of the random numbers that are drawn in a simulation.
    random_state : Signal
        Updated: the state of these random numbers.
    state : dict of str: Signal
        Updated: the state of the feedback weights, with transposed arrays.
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    weights, encoders, feedback, random_state = (SignalByName() for _ in range(4))

    def __init__(self, kind, find_reads, feedback, seed, random_state, state, tag=None):
        updates = {f"state {name}": signal for name, signal in state.items()}
        updates["random_state"] = random_state
        super().__init__(find_reads, {"feedback": feedback}, updates, tag=tag)
        self.kind = kind
        self.seed = seed

    @property
    def _descstr(self):
        return f"{self.kind} -> {self.feedback}"

    def make_step(self, signals, dt, rng):
        feedback = signals[self.feedback]
        # the initial values, because live arrays may not have values yet
        weights = np.empty_like(feedback)
        start = [signal.initial_value.astype(weights.dtype) for signal in self.reads]
        self._make_step_weights(start, weights)()
        feedback[...] = self.feedback.initial_value
        live = [signals[signal] for signal in self.reads]
        step_weights = self._make_step_weights(live, weights)

        shown = weights.view()
        shown.setflags(write=False)
        # not the simulator's generator, so that other random numbers do not change
        rng = LiveRandomState(self.seed)
        state = {
            name.removeprefix("state "): signals[signal].T
            for name, signal in self.signals.items()
            if name.startswith("state ")
        }
        step_feedback = keep_random_state(
            make_feedback_step(self.kind, shown.T, feedback.T, dt, rng, state),
            rng,
            signals[self.random_state],
        )

        def step_simfeedback():
            step_weights()
            step_feedback()

        return step_simfeedback

    def _make_step_weights(self, arrays, out):
        """Bind the forward weights, those of the connection or those between neurons."""
        decoders, *encoders = arrays
        if not encoders:
            return lambda: np.copyto(out, decoders)

        (encoders,) = encoders
        dimensions = np.arange(encoders.shape[1])
        columns = dimensions[self.kind.connection.post_slice]
        if np.array_equal(columns, dimensions):
            return lambda: np.dot(encoders, decoders, out=out)

        reached = np.empty((len(encoders), len(columns)), dtype=encoders.dtype)

        def step_reached():
            # no index is out of range, but NumPy would allocate a buffer without clipping
            np.take(encoders, columns, axis=1, out=reached, mode="clip")
            np.dot(reached, decoders, out=out)

        return step_reached


class SimEncoderLearning(NamedSignalsOperator):
    r"""Calculate the change of scaled encoders by an `.EncoderLearningRule`.

    With the scaled encoders :math:`W = s p`, :math:`s = \alpha / r`, and an error
    :math:`e_i` of each neuron, the change of the encoders in `.equations` becomes

    .. math:: \Delta W_i = s_i \, \Delta p_i, \qquad h_i = -\kappa \, dt \, s_i^2 \, e_i

    and is :math:`h_i x` without normalization. A single operator computes all of this,
    because for small ensembles calling an operator takes longer than its arithmetic.

    Parameters
    ----------
    rule : EncoderLearningRule
        The learning rule type.
    neuron_type : nengo.neurons.NeuronType
        The neurons that are taught.
    scale : (n_neurons,) ndarray
        Gain over radius.
    reads : dict or callable
        ``"x"``, the input of the ensemble, (dimensions,), and ``"scaled_encoders"``,
        (n_neurons, dimensions). With a projected error, ``"error"``, (size_in,), and
        ``"feedback"``, the feedback weights or decoders, (size_in, n_neurons). With a
        derivative, ``"gate"``, the signal it is computed from, (n_neurons,). In a row of
        rules, ``"start"``, the encoders from which this rule starts. With a learning signal,
        ``"learning_signal"``, the factor on the learning rate, (1,). With an eligibility
        trace, ``"eligibility"``, (n_neurons, dimensions). Also other signals that the rule
        reads.
    sets : dict
        ``"projected_error"`` and ``"derivative"``, (n_neurons,), if the rule has them. In a
        row of rules, ``"moved"``, the encoders after the change of this rule. With an
        eligibility trace, ``"eligible"``, derivative times input, which the trace filters.
    updates : dict
        ``"delta"``, the change of the scaled encoders, (n_neurons, dimensions); or the two
        vectors from which ``SimEncodersInc`` computes it, ``"delta_neurons"``, which is h,
        (n_neurons,), and ``"delta_input"``, which is x, (dimensions,). Also the state of the
        rule, (n_neurons,) each.
    columns : (dimensions,) ndarray, optional
        One for the columns that are taught, zero for the others. Default: all.
    fields : (n_neurons, dimensions) ndarray, optional
        One for entries of the encoders that follow the gradient, and zero for entries that
        stay zero. Default: all entries follow the gradient.
    learning_rate : float, optional
        Learning rate per second. Default: the rate of the rule.
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    error, feedback, gate, x = (SignalByName() for _ in range(4))
    scaled_encoders, projected_error, derivative = (SignalByName() for _ in range(3))
    delta, delta_neurons, delta_input = (SignalByName() for _ in range(3))
    start, moved, learning_signal = (SignalByName() for _ in range(3))
    eligible, eligibility = (SignalByName() for _ in range(2))

    def __init__(
        self,
        rule,
        neuron_type,
        scale,
        reads,
        sets,
        updates,
        columns=None,
        fields=None,
        tag=None,
        learning_rate=None,
    ):
        super().__init__(reads, sets, updates, tag=tag)
        self.rule, self.neuron_type, self.scale = rule, neuron_type, scale
        self.learning_rate = (
            rule.learning_rate if learning_rate is None else learning_rate
        )
        self.normalization = get_normalization(rule.normalization)
        self.columns, self.fields = columns, fields

    @property
    def is_standard(self):
        """Whether error and normalization are those of nengo_fa, as kernels need them."""
        return self.has_standard_error and self.normalization in NORMALIZATIONS.values()

    @property
    def has_standard_error(self):
        """Whether the error of each neuron is its projected error times the derivative."""
        return type(self.rule).make_step is ProjectedErrorRule.make_step

    @property
    def _descstr(self):
        return f"{self.rule} -> {self.delta or self.delta_neurons}"

    def make_step(self, signals, dt, rng):
        arrays = {name: signals[signal] for name, signal in self.signals.items()}
        full_step = -self.learning_rate * dt * self.scale**2
        full_step = full_step.astype(arrays["scaled_encoders"].dtype)
        step_size, make_step = np.array(full_step), self._make_step_factors
        if "delta" in arrays:
            make_step = self._make_step_delta
        step = make_step(arrays, step_size)
        learning_signal = arrays.get("learning_signal")
        if learning_signal is None:
            return step

        def step_scaled():
            np.multiply(full_step, learning_signal, out=step_size)
            step()

        return step_scaled

    def _make_step_factors(self, arrays, step_size):
        step_h = self._make_step_h(arrays, step_size, arrays["delta_neurons"])
        x, delta_input = arrays["x"], arrays["delta_input"]
        columns = 1 if self.columns is None else self.columns

        def step_factors():
            try:
                step_h()
                np.multiply(x, columns, out=delta_input)
            except FloatingPointError as error:
                raise describe_not_finite(self, error) from error

        return step_factors

    def _make_step_delta(self, arrays, step_size):
        delta, start, moved = (arrays.get(name) for name in ("delta", "start", "moved"))
        h = np.empty_like(step_size)
        step_h = self._make_step_h(arrays, step_size, h)
        normalization = self.normalization
        encoders = arrays["scaled_encoders"]
        if start is not None and normalization.keeps_lengths:
            encoders = start
        is_traced = self.rule.eligibility_synapse is not None
        x = arrays["eligibility" if is_traced else "x"]
        step_outer = normalization.make_step(
            h, x, encoders, delta, self.fields, self.scale
        )
        if self.normalization in NORMALIZATIONS.values() and delta.size >= MANY_ENTRIES:
            step_outer = _make_step_resting(step_outer, h, delta)
        columns = self.columns
        if columns is not None:
            columns = np.tile(columns, (len(delta), 1))

        def step_simencoderlearning():
            try:
                step_h()
                step_outer()
            except FloatingPointError as error:
                raise describe_not_finite(self, error) from error
            if columns is not None:
                np.multiply(delta, columns, out=delta)
            if moved is not None:
                np.add(start, delta, out=moved)

        return step_simencoderlearning

    def _make_step_h(self, arrays, step_size, h):
        """Bind h to the arrays; ``step_size`` is h without the error of the neurons."""
        names = "error", "feedback", "projected_error", "derivative"
        error, feedback, projected_error, derivative = map(arrays.get, names)
        step_derivative = None
        if derivative is not None:
            kind = self.rule.derivative
            step_derivative = kind.make_step(
                self.neuron_type, arrays["gate"], derivative
            )
            step_derivative = _make_step_checked(step_derivative, kind, derivative)
        if self.rule.eligibility_synapse is not None:
            return _make_step_traced(arrays, step_derivative, step_size, h)

        if self.has_standard_error:

            def step_product():
                np.dot(error, feedback, out=projected_error)
                step_derivative()
                np.multiply(step_size, derivative, out=h)
                np.multiply(h, projected_error, out=h)

            return step_product

        step_errors = _make_step_checked(self.rule.bind_step(h, arrays), self.rule, h)

        def step_any():
            if projected_error is not None:
                np.dot(error, feedback, out=projected_error)
            if derivative is not None:
                step_derivative()
            step_errors()
            np.multiply(step_size, h, out=h)

        return step_any


def _make_step_checked(step, source, out):
    """Bind the step of a user's rule or derivative, and name it if what it writes is wrong."""
    if type(source).__module__.startswith("nengo_fa."):
        return step

    def step_checked():
        try:
            step()
        except NengoException:
            raise  # from the step itself
        except (ValueError, IndexError) as error:
            raise SimulationError(
                f"The function that make_step of {source} returns cannot write a number for "
                f"each of {len(out)} neurons into the array out ({error})."
            ) from error
        if not np.isfinite(out).all():
            wrong = np.flatnonzero(~np.isfinite(out))[0]
            raise SimulationError(
                f"The function that make_step of {source} returns has written {out[wrong]} "
                f"for neuron {wrong}. It must write finite numbers."
            )

    return step_checked


def _make_step_resting(step_outer, h, delta):
    """Bind a step that only sets the change to zero while no neuron has an error."""

    def step():
        if np.count_nonzero(h):
            step_outer()
        else:
            delta.fill(0)

    return step


def _make_step_traced(arrays, step_derivative, step_size, h):
    """Bind h without the derivative, which the eligibility trace contains."""
    names = "error", "feedback", "projected_error"
    error, feedback, projected_error = (arrays[name] for name in names)
    derivative = arrays["derivative"][:, np.newaxis]
    x, eligible = arrays["x"][np.newaxis, :], arrays["eligible"]

    def step():
        np.dot(error, feedback, out=projected_error)
        step_derivative()
        np.dot(derivative, x, out=eligible)
        np.multiply(step_size, projected_error, out=h)

    return step
