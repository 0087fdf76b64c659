"""How a simulator runs the encoder learning rules: the operator and build functions."""

import warnings
from collections import namedtuple

import numpy as np
from nengo.builder import Builder, Operator, Signal
from nengo.builder.learning_rules import build_or_passthrough
from nengo.builder.operator import Reset
from nengo.dists import get_samples
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import BuildError, NengoWarning
from nengo.neurons import Direct
from nengo.transforms import Dense, NoTransform
from nengo.utils.numpy import is_iterable

from nengo_fa.learning_rules import Backprop, FeedbackAlignment


class BuiltFeedbackAlignment(namedtuple("BuiltFeedbackAlignment", ["feedback"])):
    """What `sim.data` holds for a `.FeedbackAlignment` rule.

    Attributes
    ----------
    feedback : (n_neurons, size_in) ndarray
        Feedback weights; row i is the preferred error direction of neuron i.
    """

    __slots__ = ()


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
    adaptation : Signal, optional
        What adaptive neurons subtract from their current, (n_neurons,).
    rule : EncoderLearningRule
        The learning rule type.
    neuron_type : nengo.neurons.NeuronType
        The neurons that are taught.
    scale : (n_neurons,) ndarray
        Gain over radius.
    norm : (n_neurons,) ndarray
        Length of the initial scaled encoders, for the augmented gradient.
    columns : (dimensions,) ndarray, optional
        One for the columns that are taught, zero for the others. Default: all.
    tag : str, optional
        A label associated with the operator, for debugging purposes.

    Notes
    -----
    1. sets ``[projected_error, derivative]``
    2. incs ``[]``
    3. reads ``[error, x, gate, scaled_encoders, adaptation, feedback]``
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
        norm,
        adaptation=None,
        columns=None,
        tag=None,
    ):
        super().__init__(tag=tag)
        self.rule = rule
        self.neuron_type = neuron_type
        self.scale = scale
        self.norm = norm
        self.columns = columns

        self.sets = [projected_error, derivative]
        self.incs = []
        self.reads = [error, x, gate, scaled_encoders]
        if adaptation is not None:
            self.reads.append(adaptation)
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
        error, x, gate, encoders, *adaptation, feedback = (
            signals[signal] for signal in self.reads
        )
        projected_error, derivative = (signals[signal] for signal in self.sets)
        delta = signals[self.updates[0]]

        step_derivative = self._make_step_derivative(gate, adaptation, derivative)
        step_size = -self.rule.learning_rate * dt * self.scale**2
        if self.rule.normalization == "augmented":
            step_size = step_size * self.norm
        step_size = step_size.astype(delta.dtype)
        h = np.empty_like(projected_error)
        step_outer = _normalizations[self.rule.normalization](h, x, encoders, delta)
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

    def _make_step_derivative(self, gate, adaptation, derivative):
        make_step = self.rule.derivative.make_step
        if not adaptation:
            return make_step(self.neuron_type, gate, derivative)

        # When this operator runs, the neurons have already updated their adaptation:
        # the current that drove them was less what it was a step ago.
        (adaptation,) = adaptation
        previous = adaptation.copy()
        current = np.empty_like(gate)
        step_derivative = make_step(self.neuron_type, current, derivative)

        def step():
            np.subtract(gate, previous, out=current)
            np.copyto(previous, adaptation)
            step_derivative()

        return step


def _make_step_outer(h, x, encoders, delta):
    """Delta ``h x``."""
    h_column, x_row = h[:, np.newaxis], x[np.newaxis, :]

    def step():
        # np.dot is the fastest way to an outer product, by a factor of two to five
        np.dot(h_column, x_row, out=delta)

    return step


def _make_step_outer_forced(h, x, encoders, delta):
    """Delta that takes encoders w to ``|w| (w + h x) / |w + h x|``."""
    step_outer = _make_step_outer(h, x, encoders, delta)
    row_sum = np.ones_like(x)
    moved = np.empty_like(delta)
    work = np.empty_like(delta)
    length = np.empty_like(h)
    scale = np.empty_like(h)
    scale_column = scale[:, np.newaxis]

    def step():
        step_outer()
        np.add(encoders, delta, out=moved)

        # |w| / |w + h x|, which is exactly one where h x is zero
        np.multiply(moved, moved, out=work)
        np.dot(work, row_sum, out=scale)
        np.multiply(encoders, encoders, out=work)
        np.dot(work, row_sum, out=length)
        np.divide(length, scale, out=scale)
        np.sqrt(scale, out=scale)

        np.copyto(work, scale_column)  # NumPy would allocate to multiply by a column
        np.multiply(moved, work, out=moved)
        np.subtract(moved, encoders, out=delta)

    return step


def _make_step_outer_augmented(h, x, encoders, delta):
    """Delta ``(h x - w <w, h x> / |w|^2) / |w|``, orthogonal to each encoder w."""
    step_outer = _make_step_outer(h, x, encoders, delta)
    row_sum = np.ones_like(x)
    squared_norm = np.empty_like(h)
    along = np.empty_like(h)
    along_column = along[:, np.newaxis]
    work = np.empty_like(delta)

    def step():
        np.multiply(encoders, encoders, out=work)
        np.dot(work, row_sum, out=squared_norm)

        # h / |w|
        np.sqrt(squared_norm, out=along)
        np.divide(h, along, out=h)

        # h <w, x> / |w|^2
        np.dot(encoders, x, out=along)
        np.multiply(along, h, out=along)
        np.divide(along, squared_norm, out=along)

        step_outer()
        np.copyto(work, along_column)  # NumPy would allocate to multiply by a column
        np.multiply(work, encoders, out=work)
        np.subtract(delta, work, out=delta)

    return step


_normalizations = {
    None: _make_step_outer,
    "forced": _make_step_outer_forced,
    "augmented": _make_step_outer_augmented,
}


@Builder.register(FeedbackAlignment)
def build_feedback_alignment(model, rule_type, rule):
    """Build a `.FeedbackAlignment` object into a model.

    Samples the feedback weights from the seed of the connection.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    rule_type : FeedbackAlignment
        Learning rule type to build.
    rule : nengo.connection.LearningRule
        The learning rule object corresponding to the learning rule type.

    Notes
    -----
    Sets ``model.params[rule]`` to a `.BuiltFeedbackAlignment` instance.
    """
    ensemble = _get_taught_ensemble(rule)
    shape = (ensemble.n_neurons, rule_type.size_in)

    # Not the connection's own random numbers: those decide its decoders. And of their
    # own for each rule, so that two errors are not projected in the same way.
    types = rule.connection.learning_rule_type
    types = types.values() if isinstance(types, dict) else types
    index = list(types).index(rule_type) if is_iterable(types) else 0
    rng = np.random.RandomState([model.seeds[rule.connection], index])

    feedback = np.array(
        get_samples(rule_type.feedback, *shape, rng=rng),
        dtype=model.sig[ensemble]["encoders"].dtype,
    )
    if feedback.shape != shape:
        raise BuildError(
            f"Building {rule}: FeedbackAlignment.feedback has shape {feedback.shape}, "
            f"but must be (n_neurons, size_in) = {shape}, one row for each neuron of "
            f"{ensemble}. Give an array of this shape, or a distribution."
        )
    if not np.all(np.isfinite(feedback)):
        raise BuildError(
            f"Building {rule}: the samples of FeedbackAlignment.feedback hold NaN or "
            "infinity. Give a distribution with finite samples."
        )
    feedback.setflags(write=False)
    model.params[rule] = BuiltFeedbackAlignment(feedback=feedback)

    signal = Signal(
        np.ascontiguousarray(feedback.T), name=f"{rule}.feedback", readonly=True
    )
    build_encoder_learning(model, rule_type, rule, signal)


@Builder.register(Backprop)
def build_backprop(model, rule_type, rule):
    """Build a `.Backprop` object into a model.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    rule_type : Backprop
        Learning rule type to build.
    rule : nengo.connection.LearningRule
        The learning rule object corresponding to the learning rule type.

    Notes
    -----
    Does not modify ``model.params[]``: what is read are the live weights of
    ``rule_type.connection``.
    """
    ensemble = _get_taught_ensemble(rule)
    connection = rule_type.connection
    trouble = _why_no_decoders(connection, ensemble)
    if trouble is not None:
        raise BuildError(
            f"Building {rule}: Backprop.connection is {connection}, which {trouble}"
        )

    def get_decoders():
        if connection not in model.sig or "weights" not in model.sig[connection]:
            raise BuildError(
                f"Building {rule}: Backprop.connection is {connection}, which is not "
                "part of the model. Give the connection of this network that leaves "
                f"{ensemble}."
            )
        return model.sig[connection]["weights"]

    build_encoder_learning(model, rule_type, rule, get_decoders)


def _why_no_decoders(connection, ensemble):
    """What keeps a connection from having a decoder for each neuron, or None."""
    if connection.pre_obj not in (ensemble, ensemble.neurons):
        return (
            f"leaves {connection.pre_obj}, but the neurons that are taught are those of "
            f"{ensemble}. Give the connection from there to the next layer."
        )
    neurons = np.arange(ensemble.n_neurons)
    if isinstance(connection.pre_obj, Neurons) and not np.array_equal(
        neurons[connection.pre_slice], neurons
    ):
        return (
            "leaves only some of the neurons, or in another order. Connect from all "
            "neurons, with zero weights where there is no synapse."
        )
    if connection.solver.weights and isinstance(connection.post_obj, Ensemble):
        return (
            "solves for full weights, through which an error in its post dimensions "
            "cannot be projected. Use a solver with weights=False."
        )
    if not isinstance(connection.transform, (Dense, NoTransform)):
        return (
            f"has a {type(connection.transform).__name__} transform. Use a dense "
            "transform, or FeedbackAlignment."
        )
    if isinstance(connection.pre_obj, Neurons) and (
        isinstance(connection.transform, NoTransform)
        or len(connection.transform.init_shape) < 2
    ):
        return (
            "has no weight matrix. Give it a two-dimensional transform, such as "
            "np.eye(n_neurons)."
        )
    return None


def _get_taught_ensemble(rule):
    """The ensemble whose encoders a rule modifies, or an error if it has none."""
    connection, ensemble = rule.connection, rule.connection.post_obj
    if isinstance(connection.pre_obj, Ensemble) and connection.solver.weights:
        raise BuildError(
            f"Building {rule}: the solver of the connection has weights=True, so that it "
            "leads to the neurons past their encoders. Use a solver with weights=False."
        )
    types = connection.learning_rule_type
    types = types.values() if isinstance(types, dict) else types
    if is_iterable(types) and list(types).count(rule.learning_rule_type) > 1:
        raise BuildError(
            f"Building {rule}: there are equal rules on the connection, which Nengo "
            "takes for one. Let them differ, or add their errors up."
        )
    if isinstance(ensemble.neuron_type, Direct):
        raise BuildError(
            f"Building {rule}: post is {ensemble}, which has neuron type Direct and so no "
            "encoders to learn. Give the ensemble neurons, such as nengo.LIF()."
        )
    return ensemble


def build_encoder_learning(model, rule_type, rule, feedback):
    """Build the signals and the operator that the encoder learning rules share.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    rule_type : EncoderLearningRule
        Learning rule type to build.
    rule : nengo.connection.LearningRule
        The learning rule object corresponding to the learning rule type.
    feedback : Signal or callable
        As for `.SimEncoderLearning`.

    Notes
    -----
    Sets the probeable signals, and the input signal for the error.
    """
    ensemble, post_slice = rule.connection.post_obj, rule.connection.post_slice
    built, encoders = model.params[ensemble], model.sig[ensemble]["encoders"]
    norm = np.sqrt(np.sum(encoders.initial_value**2, axis=1))
    _check_normalization(rule_type, rule, norm)

    columns = np.zeros(ensemble.dimensions, dtype=encoders.dtype)
    columns[post_slice] = 1

    def add_signal(name, size):
        model.sig[rule][name] = Signal(shape=(size,), name=f"{rule}.{name}")
        return model.sig[rule][name]

    error = add_signal("error", rule.size_in)
    model.add_op(Reset(error))
    model.sig[rule]["in"] = error  # connections to the rule attach here
    model.sig[rule]["scaled_encoders"] = encoders

    derivative, neurons = rule_type.derivative, model.sig[ensemble.neurons]
    signals = {"current": neurons["in"], "output": neurons["out"]}
    if derivative.signal not in signals:
        raise BuildError(
            f"Building {rule}: {derivative}.signal is {derivative.signal!r}, but must be "
            "'current' or 'output'."
        )

    # the derivative says now, rather than in the simulator, if it does not know the neurons
    arrays = np.zeros((2, ensemble.n_neurons))
    if not callable(derivative.make_step(ensemble.neuron_type, *arrays)):
        raise BuildError(
            f"Building {rule}: {derivative}.make_step must return a function without "
            "arguments."
        )

    operator = SimEncoderLearning(
        error=error,
        feedback=feedback,
        x=build_or_passthrough(model, rule_type.pre_synapse, model.sig[ensemble]["in"]),
        gate=build_or_passthrough(
            model, derivative.synapse, signals[derivative.signal]
        ),
        adaptation=neurons.get("adaptation")
        if derivative.signal == "current"
        else None,
        scaled_encoders=encoders,
        projected_error=add_signal("projected_error", ensemble.n_neurons),
        derivative=add_signal("derivative", ensemble.n_neurons),
        delta=model.sig[rule]["delta"],
        rule=rule_type,
        neuron_type=ensemble.neuron_type,
        scale=built.gain / ensemble.radius,
        norm=norm,
        columns=None if columns.all() else columns,
    )
    if callable(feedback):
        # add_op may ask for all signals at once, but not all of them are built
        model.operators.append(operator)
    else:
        model.add_op(operator)


def _check_normalization(rule_type, rule, norm):
    """Refuse a normalization that the encoders do not allow."""
    ensemble = rule.connection.post_obj
    if rule_type.normalization is None:
        return
    if np.any(norm == 0):
        raise BuildError(
            f"Building {rule}: normalization={rule_type.normalization!r}, but {ensemble} "
            "has an encoder of length zero, or a gain of zero, and so a neuron without "
            "direction. Give all of them a length, or use normalization=None."
        )
    if (
        rule_type.normalization == "forced"
        and rule.connection.size_out < ensemble.size_in
    ):
        raise BuildError(
            f"Building {rule}: normalization='forced' scales whole encoders, but the "
            f"connection reaches only some dimensions of {ensemble}. Connect to all of "
            "them, or use normalization=None."
        )
    if ensemble.dimensions == 1:
        warnings.warn(
            f"{rule}: the encoders of the one-dimensional {ensemble} cannot turn, so "
            f"with normalization={rule_type.normalization!r} nothing will be learned. "
            "Use normalization=None.",
            NengoWarning,
        )
