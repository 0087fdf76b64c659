"""The operators that a simulator runs for encoder learning rules, in every step."""

import numpy as np
from nengo.builder import Operator
from nengo.exceptions import BuildError


class LateReadingOperator(Operator):
    """Base class of operators of nodes, which are built before most of what they read.

    A class derived from this one writes `find_reads`.
    """

    def __init__(self, tag=None):
        super().__init__(tag=tag)
        self.sets, self.incs, self.reads, self.updates = [], [], None, []

    def find_reads(self):
        """The signals that are read, a list; called once, after the whole build."""
        raise NotImplementedError("Late reading operators must provide find_reads")

    @property
    def reads(self):
        if self._reads is None:
            self._reads = self.find_reads()
        return self._reads

    @reads.setter
    def reads(self, signals):
        self._reads = signals


class SimFeedback(LateReadingOperator):
    """Bring feedback weights up to date with the forward weights.

    Parameters
    ----------
    kind : Feedback
        How the feedback weights follow.
    find_reads : callable
        A function without arguments that returns the signals that are read, once the
        whole model has been built.
    feedback : Signal
        The transpose of the feedback weights, (size_in, n_neurons).
    seed : array_like
        Of what is drawn in a simulation.
    tag : str, optional
        A label associated with the operator, for debugging purposes.

    Notes
    -----
    1. sets ``[feedback]``
    2. incs ``[]``
    3. reads the weights of the connection, (size_out, n_neurons), and, if the error is one
       of neurons, their scaled encoders, (n_post_neurons, dimensions)
    4. updates ``[]``
    """

    def __init__(self, kind, find_reads, feedback, seed, tag=None):
        super().__init__(tag=tag)
        self.kind = kind
        self.seed = seed
        self.sets = [feedback]
        self.find_reads = find_reads

    @property
    def _descstr(self):
        return f"{self.kind} -> {self.sets[0]}"

    def make_step(self, signals, dt, rng):
        weights, *encoders = (signals[signal] for signal in self.reads)
        feedback = signals[self.sets[0]]
        step_weights = None
        if encoders:
            (encoders,), decoders = encoders, weights
            weights = np.empty_like(feedback)
            reached = self.kind.connection.post_slice
            step_weights = _make_step_between_neurons(
                encoders, decoders, reached, weights
            )
            step_weights()

        weights = weights.view()
        weights.setflags(write=False)
        # not those of the simulator, so that what else is random stays as it is
        rng = np.random.RandomState(self.seed)
        step_feedback = self.kind.make_step(weights.T, feedback.T, dt, rng)
        if not callable(step_feedback):
            raise BuildError(
                f"{self.kind}.make_step must return a function without arguments."
            )
        if step_weights is None:
            return step_feedback

        def step_simfeedback():
            step_weights()
            step_feedback()

        return step_simfeedback


def _make_step_between_neurons(encoders, decoders, reached, out):
    """Scaled encoders, in the columns that are reached, times decoders."""
    columns = np.arange(encoders.shape[1])[reached]
    if np.array_equal(columns, np.arange(encoders.shape[1])):

        def step():
            np.dot(encoders, decoders, out=out)

        return step

    reached_encoders = np.empty((len(encoders), len(columns)), dtype=encoders.dtype)

    def step_reached():
        # clipping nothing, but NumPy would allocate a buffer without it
        np.take(encoders, columns, axis=1, out=reached_encoders, mode="clip")
        np.dot(reached_encoders, decoders, out=out)

    return step_reached


class SimEncoderLearning(Operator):
    r"""Calculate the change of scaled encoders by an error-projecting rule.

    With the scaled encoders :math:`W = s p`, :math:`s = \alpha / r`, the change of the
    encoders in `.equations` becomes

    .. math:: \Delta W_i = s_i \, \Delta p_i, \qquad
              h_i = -\kappa \, dt \, s_i^2 \, f'(J_i) \langle b_i, \delta \rangle

    and is :math:`h_i x` without normalization. All of it is one operator because a
    simulator spends more on calling an operator than on the arithmetic of a small
    ensemble.

    Parameters
    ----------
    error : Signal
        The error :math:`\delta`, (size_in,).
    feedback : Signal or callable
        The transpose of the feedback weights B, (size_in, n_neurons); or a function
        without arguments that returns the decoders in its place, once the whole model
        has been built.
    x : Signal
        The input of the ensemble, (dimensions,).
    gate : Signal
        What the derivative is computed from, (n_neurons,).
    scaled_encoders : Signal
        The live scaled encoders, (n_neurons, dimensions).
    projected_error, derivative : Signal
        Set to the error of each neuron and to f', (n_neurons,).
    delta : Signal
        Updated to the change of the scaled encoders, (n_neurons, dimensions).
    rule : EncoderLearningRule
        The learning rule type.
    neuron_type : nengo.neurons.NeuronType
        The neurons that are taught.
    scale : (n_neurons,) ndarray
        Gain over radius.
    columns : (dimensions,) ndarray, optional
        One for the columns that are taught, zero for the others. Default: all.
    fields : (n_neurons, dimensions) ndarray, optional
        One for the entries of the encoders that follow the gradient, zero for those that
        stay zero. Default: all follow it.
    tag : str, optional
        A label associated with the operator, for debugging purposes.

    Notes
    -----
    1. sets ``[projected_error, derivative]``
    2. incs ``[]``
    3. reads ``[error, x, gate, scaled_encoders, feedback]``
    4. updates ``[delta]``
    """

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
        tag=None,
    ):
        super().__init__(tag=tag)
        self.rule = rule
        self.neuron_type = neuron_type
        self.scale = scale
        self.columns = columns
        self.fields = fields

        self.sets = [projected_error, derivative]
        self.incs = []
        self.reads = [error, x, gate, scaled_encoders]
        self.updates = [delta]

        if callable(feedback):
            self._get_feedback = feedback
        else:
            self.reads.append(feedback)

    @property
    def reads(self):
        # A rule may be built before the connection whose decoders it reads. They are
        # looked up when the signals are first asked for, after the whole build.
        if self._get_feedback is not None:
            self._reads.append(self._get_feedback())
            self._get_feedback = None
        return self._reads

    @reads.setter
    def reads(self, signals):
        self._reads = signals
        self._get_feedback = None

    @property
    def _descstr(self):
        return f"{self.rule} -> {self.updates[0]}"

    def make_step(self, signals, dt, rng):
        error, x, gate, encoders, feedback = (signals[signal] for signal in self.reads)
        projected_error, derivative = (signals[signal] for signal in self.sets)
        delta = signals[self.updates[0]]

        make_step_derivative = self.rule.derivative.make_step
        step_derivative = make_step_derivative(self.neuron_type, gate, derivative)
        step_size = (-self.rule.learning_rate * dt * self.scale**2).astype(delta.dtype)
        h = np.empty_like(projected_error)
        make_step_outer = NORMALIZATIONS[self.rule.normalization]
        step_outer = make_step_outer(h, x, encoders, delta, self.fields, self.scale)
        columns = self.columns
        if columns is not None:
            columns = np.tile(columns, (len(delta), 1))

        def step_simencoderlearning():
            np.dot(error, feedback, out=projected_error)
            step_derivative()
            np.multiply(step_size, derivative, out=h)
            np.multiply(h, projected_error, out=h)
            step_outer()
            if columns is not None:
                np.multiply(delta, columns, out=delta)

        return step_simencoderlearning


def _make_step_outer(h, x, encoders, delta, fields, scale):
    """Delta ``h x``, within the fields."""
    h_column, x_row = h[:, np.newaxis], x[np.newaxis, :]

    def step():
        # np.dot is the fastest way to an outer product, by a factor of two to five
        np.dot(h_column, x_row, out=delta)

    def step_in_fields():
        step()
        np.multiply(delta, fields, out=delta)

    return step if fields is None else step_in_fields


def _make_step_outer_forced(h, x, encoders, delta, fields, scale):
    """Delta that takes encoders w to ``|w| (w + h x) / |w + h x|``."""
    step_outer = _make_step_outer(h, x, encoders, delta, fields, scale)
    ones = np.ones_like(x)
    moved = np.empty_like(delta)
    work = np.empty_like(delta)
    length = np.empty_like(h)
    factor = np.empty_like(h)

    def step():
        step_outer()
        np.add(encoders, delta, out=moved)

        # |w| / |w + h x|, which is exactly one where h x is zero
        _square_lengths(moved, ones, work, out=factor)
        _square_lengths(encoders, ones, work, out=length)
        np.divide(length, factor, out=factor)
        np.sqrt(factor, out=factor)

        _scale_rows(moved, factor, out=work)
        np.subtract(work, encoders, out=delta)

    return step


def _make_step_outer_augmented(h, x, encoders, delta, fields, scale):
    """Delta ``h x - w <w, h x> / |w|^2``, orthogonal to each encoder w."""
    step_outer = _make_step_outer(h, x, encoders, delta, fields, scale)
    ones = np.ones_like(x)
    squared_length = np.empty_like(h)
    along = np.empty_like(h)
    work = np.empty_like(delta)

    def step():
        _square_lengths(encoders, ones, work, out=squared_length)
        np.dot(encoders, x, out=along)
        np.multiply(along, h, out=along)
        np.divide(along, squared_length, out=along)

        step_outer()
        _scale_rows(encoders, along, out=work)
        np.subtract(delta, work, out=delta)

    return step


def _make_step_outer_homeostatic(h, x, encoders, delta, fields, scale):
    """Delta ``h x - w <w, h x> / s^2``, with the length s that is assumed of encoders w."""
    step_outer = _make_step_outer(h, x, encoders, delta, fields, scale)
    step_along = _make_step_along(h, x, encoders, scale)
    along = np.empty_like(h)
    work = np.empty_like(delta)

    def step():
        step_along(along)
        step_outer()
        _scale_rows(encoders, along, out=work)
        np.subtract(delta, work, out=delta)

    return step


def _make_step_outer_stabilized(h, x, encoders, delta, fields, scale):
    """Delta ``h x - w (a + 2 min(a, 0) (1 - |w|^2 / s^2))``, ``a = <w, h x> / s^2``."""
    step_outer = _make_step_outer(h, x, encoders, delta, fields, scale)
    step_along = _make_step_along(h, x, encoders, scale)
    inverse = (1 / scale**2).astype(delta.dtype)
    ones = np.ones_like(x)
    along = np.empty_like(h)
    negative = np.empty_like(h)
    correction = np.empty_like(h)
    work = np.empty_like(delta)

    def step():
        step_along(along)
        _square_lengths(encoders, ones, work, out=correction)
        np.multiply(correction, inverse, out=correction)
        np.subtract(1, correction, out=correction)
        np.minimum(along, 0, out=negative)
        np.multiply(correction, negative, out=correction)
        np.multiply(correction, 2, out=correction)
        np.add(along, correction, out=along)

        step_outer()
        _scale_rows(encoders, along, out=work)
        np.subtract(delta, work, out=delta)

    return step


def _make_step_along(h, x, encoders, scale):
    """A function that writes ``<w, h x> / s^2`` of each encoder w to an array."""
    # gains do not change: there is nothing to divide by in a step
    inverse = (1 / scale**2).astype(h.dtype)

    def step(out):
        np.dot(encoders, x, out=out)
        np.multiply(out, h, out=out)
        np.multiply(out, inverse, out=out)

    return step


def _square_lengths(vectors, ones, work, out):
    """Write the squared length of each row of ``vectors`` to ``out``."""
    np.multiply(vectors, vectors, out=work)
    np.dot(work, ones, out=out)


def _scale_rows(vectors, scale, out):
    """Write ``vectors``, each row multiplied by its entry of ``scale``, to ``out``."""
    # in two steps, as NumPy would allocate a buffer to multiply by a column
    np.copyto(out, scale[:, np.newaxis])
    np.multiply(vectors, out, out=out)


#: The functions that bind a change of encoders to arrays, by the normalization.
NORMALIZATIONS = {
    None: _make_step_outer,
    "forced": _make_step_outer_forced,
    "augmented": _make_step_outer_augmented,
    "homeostatic": _make_step_outer_homeostatic,
    "stabilized": _make_step_outer_stabilized,
}
