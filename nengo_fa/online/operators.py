"""The operators that a simulator runs for encoder learning rules, in every step."""

import numpy as np
from nengo.builder import Operator

from nengo_fa.online.random_state import keep_random_state
from nengo_fa.rules.feedback import make_feedback_step
from nengo_fa.rules.learning_rules import ProjectedErrorRule
from nengo_fa.rules.normalizations import get_normalization


class SignalByName:
    """The signal that an operator knows by the name of this attribute, or None."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, operator, owner=None):
        return self if operator is None else operator.get_signal(self.name)


class NamedSignalsOperator(Operator):
    """Base class of operators that know their signals by name.

    Parameters
    ----------
    reads : dict of str: Signal or None, or callable
        The signals that are read; None stands for one that there is not. A function without arguments that returns them is
        called when they are first asked for, after the whole build: an operator may be
        built before what it reads.
    sets, updates : dict of str: Signal or None, optional
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    def __init__(self, reads, sets=None, updates=None, tag=None):
        super().__init__(tag=tag)
        self._places = {}
        self._reads = reads
        self.sets = self._name("sets", sets or {})
        self.incs = []
        self.updates = self._name("updates", updates or {})

    def _name(self, kind, signals):
        signals = {name: found for name, found in signals.items() if found is not None}
        self._places.update({name: (kind, i) for i, name in enumerate(signals)})
        return list(signals.values())

    @property
    def reads(self):
        if callable(self._reads):
            self._reads = self._reads()
        if isinstance(self._reads, dict):
            self._reads = self._name("reads", self._reads)
        return self._reads

    @reads.setter
    def reads(self, signals):
        self._reads = signals

    def get_signal(self, name):
        """Return the signal of a name, or None if there is no such signal."""
        found = self._find_signals()
        return found.get(name)

    def get_arrays(self, signals):
        """Return the live arrays of all signals, by name."""
        return {name: signals[found] for name, found in self._find_signals().items()}

    def _find_signals(self):
        kinds = {"reads": self.reads, "sets": self.sets, "updates": self.updates}
        return {name: kinds[kind][i] for name, (kind, i) in self._places.items()}


class SimFeedback(NamedSignalsOperator):
    """Bring feedback weights up to date with the forward weights.

    Parameters
    ----------
    kind : Feedback
        How the feedback weights follow.
    find_reads : callable
        A function without arguments that returns the signals that are read, once the
        whole model has been built: the weights of the connection, (size_out, n_neurons),
        and, if the error is one of neurons, their scaled encoders, (n_post_neurons,
        dimensions).
    feedback : Signal
        The transpose of the feedback weights, (size_in, n_neurons).
    seed : array_like
        Of what is drawn in a simulation.
    state : dict of str: Signal, optional
        What the feedback weights remember, each transposed.
    random_state : Signal, optional
        The state of what is drawn in a simulation, if anything is.
    tag : str, optional
        A label associated with the operator, for debugging purposes.

    Notes
    -----
    1. sets ``[feedback]``
    2. incs ``[]``
    3. reads ``[weights]`` or ``[weights, encoders]``
    4. updates ``[random_state, *state]``
    """

    weights, encoders, feedback, random_state = (SignalByName() for _ in range(4))

    def __init__(
        self, kind, find_reads, feedback, seed, state=None, random_state=None, tag=None
    ):
        self.state_names = tuple(state or {})
        updates = {f"state {name}": signal for name, signal in (state or {}).items()}
        super().__init__(
            lambda: dict(zip(("weights", "encoders"), find_reads())),
            {"feedback": feedback},
            {"random_state": random_state, **updates},
            tag=tag,
        )
        self.kind = kind
        self.seed = seed

    @property
    def state(self):
        """What the feedback weights remember, a dict of str: Signal."""
        return {name: self.get_signal(f"state {name}") for name in self.state_names}

    @property
    def _descstr(self):
        return f"{self.kind} -> {self.feedback}"

    def make_step(self, signals, dt, rng):
        feedback = signals[self.feedback]
        # those of the start, as live arrays may not hold any values yet
        weights = np.empty_like(feedback)
        start = [signal.initial_value for signal in self.reads]
        self._make_step_weights(start, weights)()
        feedback[...] = self.feedback.initial_value
        live = [signals[signal] for signal in self.reads]
        step_weights = self._make_step_weights(live, weights)

        shown = weights.view()
        shown.setflags(write=False)
        # not those of the simulator, so that what else is random stays as it is
        rng = np.random.RandomState(self.seed)
        state = {name: signals[signal].T for name, signal in self.state.items()}
        step_feedback = make_feedback_step(
            self.kind, shown.T, feedback.T, dt, rng, state
        )
        if self.random_state is not None:
            random_state = signals[self.random_state]
            step_feedback = keep_random_state(step_feedback, rng, random_state)

        def step_simfeedback():
            step_weights()
            step_feedback()

        return step_simfeedback

    def _make_step_weights(self, arrays, out):
        """Bind the forward weights: those of the connection, or between neurons."""
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
            # clipping nothing, but NumPy would allocate a buffer without it
            np.take(encoders, columns, axis=1, out=reached, mode="clip")
            np.dot(reached, decoders, out=out)

        return step_reached


class SimEncoderUpdate(NamedSignalsOperator):
    r"""Base class of the operators that calculate the change of scaled encoders.

    With the scaled encoders :math:`W = s p`, :math:`s = \alpha / r`, and an error
    :math:`e_i` of each neuron, the change of the encoders in `.equations` becomes

    .. math:: \Delta W_i = s_i \, \Delta p_i, \qquad h_i = -\kappa \, dt \, s_i^2 \, e_i

    and is :math:`h_i x` without normalization. All of it is one operator because a
    simulator spends more on calling an operator than on the arithmetic of a small
    ensemble. A class derived from this one writes `make_step_h`.

    Parameters
    ----------
    rule : EncoderLearningRule
        The learning rule type.
    scale : (n_neurons,) ndarray
        Gain over radius.
    reads : dict or callable
        Returns ``"x"``, the input of the ensemble, (dimensions,), and
        ``"scaled_encoders"``, (n_neurons, dimensions), among others.
    sets, updates : dict
        Updated is ``"delta"``, the change of the scaled encoders, (n_neurons,
        dimensions). In a row of rules, each sets ``"moved"`` to what it starts from and
        its change together.
    columns : (dimensions,) ndarray, optional
        One for the columns that are taught, zero for the others. Default: all.
    fields : (n_neurons, dimensions) ndarray, optional
        One for the entries of the encoders that follow the gradient, zero for those that
        stay zero. Default: all follow it.
    find_start : callable, optional
        In a row of rules, returns the signal of the encoders from which this one starts,
        once the whole model has been built.
    when_built : callable, optional
        Called once in each simulator, when the whole model has been built.
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    x, scaled_encoders, delta = (SignalByName() for _ in range(3))
    start, moved = (SignalByName() for _ in range(2))

    def __init__(
        self,
        rule,
        scale,
        reads,
        sets,
        updates,
        columns=None,
        fields=None,
        find_start=None,
        when_built=None,
        tag=None,
    ):
        def find_reads():
            if when_built is not None:
                when_built()
            start = None if find_start is None else find_start()
            return {**(reads() if callable(reads) else reads), "start": start}

        super().__init__(find_reads, sets, updates, tag=tag)
        self.rule = rule
        self.scale = scale
        self.columns = columns
        self.fields = fields

    @property
    def _descstr(self):
        return f"{self.rule} -> {self.delta}"

    def make_step_h(self, arrays, step_size, dt, h):
        """Bind ``h`` to the live arrays, a dict; ``step_size`` is :math:`-\\kappa dt s^2`."""
        raise NotImplementedError("Encoder updates must provide make_step_h")

    def make_step(self, signals, dt, rng):
        arrays = self.get_arrays(signals)
        delta, start, moved = (arrays.get(name) for name in ("delta", "start", "moved"))
        step_size = (-self.rule.learning_rate * dt * self.scale**2).astype(delta.dtype)
        h = np.empty_like(step_size)
        step_h = self.make_step_h(arrays, step_size, dt, h)
        normalization = get_normalization(self.rule.normalization)
        encoders = arrays["scaled_encoders"]
        if start is not None and normalization.keeps_lengths:
            encoders = start
        step_outer = normalization.make_step(
            h, arrays["x"], encoders, delta, self.fields, self.scale
        )
        columns = self.columns
        if columns is not None:
            columns = np.tile(columns, (len(delta), 1))

        def step_simencoderupdate():
            step_h()
            step_outer()
            if columns is not None:
                np.multiply(delta, columns, out=delta)
            if moved is not None:
                np.add(start, delta, out=moved)

        return step_simencoderupdate


class SimEncoderLearning(SimEncoderUpdate):
    """Calculate the change of scaled encoders by an `.EncoderLearningRule`.

    Parameters
    ----------
    error : Signal or None
        The error, (size_in,). None for rules that do not project an error.
    feedback : Signal or callable or None
        The transpose of the feedback weights, (size_in, n_neurons); or a function
        without arguments that returns the decoders in its place, once the whole model
        has been built.
    x : Signal
        The input of the ensemble, (dimensions,).
    gate : Signal or None
        What the derivative is computed from, (n_neurons,). None for rules without one.
    scaled_encoders : Signal
        The live scaled encoders, (n_neurons, dimensions).
    projected_error, derivative : Signal or None
        Set to the error of each neuron and to f', (n_neurons,).
    delta : Signal
        Updated to the change of the scaled encoders, (n_neurons, dimensions).
    rule : EncoderLearningRule
        The learning rule type.
    neuron_type : nengo.neurons.NeuronType
        The neurons that are taught.
    scale, columns, fields, find_start, when_built, tag
        As for `.SimEncoderUpdate`.
    others : dict of str: Signal, optional
        What else the rule reads of the neurons, (n_neurons,) each, by name.
    state : dict of str: Signal, optional
        What the rule remembers, (n_neurons,) each, by name.
    moved : Signal, optional
        As for `.SimEncoderUpdate`.

    Notes
    -----
    1. sets ``[projected_error, derivative, moved]``
    2. incs ``[]``
    3. reads ``[error, feedback, x, gate, scaled_encoders, *others]``
    4. updates ``[delta, *state]``
    """

    error, feedback, gate = (SignalByName() for _ in range(3))
    projected_error, derivative = (SignalByName() for _ in range(2))

    def __init__(
        self,
        error,
        feedback,
        x,
        gate,
        scaled_encoders,
        projected_error,
        derivative,
        delta,
        rule,
        neuron_type,
        scale,
        columns=None,
        fields=None,
        others=None,
        state=None,
        moved=None,
        find_start=None,
        when_built=None,
        tag=None,
    ):
        def find_reads():
            reads = dict(error=error, x=x, gate=gate, scaled_encoders=scaled_encoders)
            reads["feedback"] = feedback() if callable(feedback) else feedback
            return {**reads, **(others or {})}

        sets = dict(projected_error=projected_error, derivative=derivative, moved=moved)
        updates = {"delta": delta, **(state or {})}
        super().__init__(
            rule,
            scale,
            find_reads,
            sets,
            updates,
            columns,
            fields,
            find_start,
            when_built,
            tag,
        )
        self.neuron_type = neuron_type

    def make_step_h(self, arrays, step_size, dt, h):
        error, feedback, projected_error, gate, derivative = (
            arrays.get(name)
            for name in ("error", "feedback", "projected_error", "gate", "derivative")
        )
        step_derivative = None
        if derivative is not None:
            step_derivative = self.rule.derivative.make_step(
                self.neuron_type, gate, derivative
            )
        if type(self.rule).make_step is ProjectedErrorRule.make_step:

            def step_product():
                np.dot(error, feedback, out=projected_error)
                step_derivative()
                np.multiply(step_size, derivative, out=h)
                np.multiply(h, projected_error, out=h)

            return step_product

        named = {name: arrays[name] for name in self.rule.arrays}
        step_errors = self.rule.make_step(h, **named)

        def step_any():
            if projected_error is not None:
                np.dot(error, feedback, out=projected_error)
            if derivative is not None:
                step_derivative()
            step_errors()
            np.multiply(step_size, h, out=h)

        return step_any
