"""How the encoder learning rules become signals and operators of a simulator."""

import warnings
from collections import namedtuple

import numpy as np
from nengo.builder import Builder, Signal
from nengo.builder.learning_rules import build_or_passthrough
from nengo.builder.operator import Reset
from nengo.dists import get_samples
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import BuildError, NengoWarning
from nengo.neurons import Direct
from nengo.transforms import Dense, NoTransform
from nengo.utils.numpy import is_iterable

from nengo_fa.online.operators import SimEncoderLearning, SimFeedback
from nengo_fa.online.soma import build_soma_current
from nengo_fa.rules.feedback import Feedback
from nengo_fa.rules.learning_rules import Backprop, FeedbackAlignment


class BuiltFeedbackAlignment(namedtuple("BuiltFeedbackAlignment", ["feedback"])):
    """What `sim.data` holds for a `.FeedbackAlignment` rule.

    Attributes
    ----------
    feedback : (n_neurons, size_in) ndarray
        Feedback weights; row i is the preferred error direction of neuron i. Of a
        `.Feedback`, what was drawn for the start.
    """

    __slots__ = ()


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
    ensemble = get_taught_ensemble(rule)
    shape = (ensemble.n_neurons, rule_type.size_in)

    rng = np.random.RandomState(find_seed(model, rule))
    kind = rule_type.feedback
    is_live = isinstance(kind, Feedback)
    feedback = np.array(
        kind.draw(*shape, rng) if is_live else get_samples(kind, *shape, rng=rng),
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
        np.ascontiguousarray(feedback.T), name=f"{rule}.feedback", readonly=not is_live
    )
    model.sig[rule]["feedback"] = signal
    if is_live:
        _build_feedback(model, rule, kind, signal)
    build_encoder_learning(model, rule_type, rule, signal)


def find_seed(model, rule):
    """The seed of the feedback weights of a rule, a list of int."""
    # Not the connection's own random numbers: those decide its decoders. And of their
    # own for each rule, so that two errors are not projected in the same way.
    index = get_rule_types(rule.connection).index(rule.learning_rule_type)
    return [model.seeds[rule.connection], index]


def _build_feedback(model, rule, kind, signal):
    """Add the operator that brings feedback weights up to date."""
    name = f"{type(kind).__name__}.connection"
    find_weights = _make_find_weights(model, rule, kind.connection, name)

    def find_reads():
        signals = [find_weights()]
        if kind.to_neurons:
            signals.append(model.sig[kind.connection.post_obj]["encoders"])
        return signals

    # of other numbers than those that were drawn for the start
    seed = [*find_seed(model, rule), 1]
    operator = SimFeedback(kind, find_reads, signal, seed)
    model.operators.append(operator)  # add_op would ask for all signals at once


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
    get_decoders = _make_find_weights(
        model, rule, rule_type.connection, "Backprop.connection"
    )
    build_encoder_learning(model, rule_type, rule, get_decoders)


def _make_find_weights(model, rule, connection, name):
    """A function that returns the weights of a connection, once the model is built."""
    ensemble = get_taught_ensemble(rule)
    trouble = find_reason_against_decoders(connection, ensemble)
    if trouble is not None:
        raise BuildError(f"Building {rule}: {name} is {connection}, which {trouble}")

    def find_weights():
        if connection not in model.sig or "weights" not in model.sig[connection]:
            raise BuildError(
                f"Building {rule}: {name} is {connection}, which is not part of the "
                f"model. Give the connection of this network that leaves {ensemble}."
            )
        return model.sig[connection]["weights"]

    return find_weights


def find_reason_against_decoders(connection, ensemble):
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
            "transform, or FeedbackAlignment with fixed feedback weights."
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


def get_rule_types(connection):
    """The learning rule types on a connection, in their order."""
    types = connection.learning_rule_type
    if isinstance(types, dict):
        return list(types.values())
    return list(types) if is_iterable(types) else [types]


def get_taught_ensemble(rule):
    """The ensemble whose encoders a rule modifies, or an error if it has none."""
    connection, ensemble = rule.connection, rule.connection.post_obj
    if isinstance(connection.pre_obj, Ensemble) and connection.solver.weights:
        raise BuildError(
            f"Building {rule}: the solver of the connection has weights=True, so that it "
            "leads to the neurons past their encoders. Use a solver with weights=False."
        )
    if get_rule_types(connection).count(rule.learning_rule_type) > 1:
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
    ensemble = rule.connection.post_obj
    built, encoders = model.params[ensemble], model.sig[ensemble]["encoders"]
    check_normalization(rule_type, rule, encoders.initial_value)
    columns, fields = find_taught_entries(rule_type, rule, encoders.initial_value)

    def add_signal(name, size):
        model.sig[rule][name] = Signal(shape=(size,), name=f"{rule}.{name}")
        return model.sig[rule][name]

    error = add_signal("error", rule.size_in)
    model.add_op(Reset(error))
    model.sig[rule]["in"] = error  # connections to the rule attach here
    model.sig[rule]["scaled_encoders"] = encoders

    derivative, neurons = rule_type.derivative, model.sig[ensemble.neurons]
    if derivative.signal not in ("current", "output"):
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

    if derivative.signal == "current":
        gate = build_soma_current(model, ensemble)
    else:
        gate = neurons["out"]
    operator = SimEncoderLearning(
        error=error,
        feedback=feedback,
        x=build_or_passthrough(model, rule_type.pre_synapse, model.sig[ensemble]["in"]),
        gate=build_or_passthrough(model, derivative.synapse, gate),
        scaled_encoders=encoders,
        projected_error=add_signal("projected_error", ensemble.n_neurons),
        derivative=add_signal("derivative", ensemble.n_neurons),
        delta=model.sig[rule]["delta"],
        rule=rule_type,
        neuron_type=ensemble.neuron_type,
        scale=built.gain / ensemble.radius,
        columns=columns,
        fields=fields,
    )
    if callable(feedback):
        # add_op may ask for all signals at once, but not all of them are built
        model.operators.append(operator)
    else:
        model.add_op(operator)


def find_taught_entries(rule_type, rule, encoders):
    """Which entries of the encoders a rule changes.

    Returns
    -------
    columns : (dimensions,) ndarray or None
        One for those that the connection reaches; None if it reaches all of them.
    fields : (n_neurons, dimensions) ndarray or None
        One for those that may be other than zero; None if all of them may.
    """
    columns = np.zeros(encoders.shape[1], dtype=encoders.dtype)
    columns[rule.connection.post_slice] = 1
    fields = None
    if rule_type.sparse and np.any(encoders == 0):
        fields = (encoders != 0).astype(encoders.dtype)
    return None if columns.all() else columns, fields


def check_normalization(rule_type, rule, encoders):
    """Refuse a normalization that the encoders do not allow."""
    ensemble = rule.connection.post_obj
    if rule_type.normalization is None:
        return
    if not np.all(np.any(encoders != 0, axis=1)):
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
    free = encoders != 0 if rule_type.sparse else np.ones_like(encoders)
    if np.all(np.sum(free, axis=1) == 1):
        warnings.warn(
            f"{rule}: the encoders of {ensemble} have one free entry each and cannot turn, "
            f"so with normalization={rule_type.normalization!r} nothing will be learned. "
            "Use normalization=None.",
            NengoWarning,
        )
