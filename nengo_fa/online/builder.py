"""How the encoder learning rules become signals and operators of a simulator."""

from collections import namedtuple
from functools import partial

import numpy as np
from nengo.builder import Builder, Signal
from nengo.builder.learning_rules import build_or_passthrough
from nengo.builder.operator import Reset
from nengo.dists import get_samples
from nengo.exceptions import BuildError

from nengo_fa.online import checks
from nengo_fa.online.operators import SimEncoderLearning, SimFeedback
from nengo_fa.online.random_state import SIZE
from nengo_fa.online.soma import build_soma_current
from nengo_fa.rules.connections import (
    find_reason_against_decoders,
    find_seed,
    get_taught_ensemble,
)
from nengo_fa.rules.feedback import Feedback, make_feedback_state
from nengo_fa.rules.learning_rules import (
    Backprop,
    EncoderLearningRule,
    FeedbackAlignment,
)


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
    seed = find_seed(model, rule)
    arrays = make_feedback_state(
        kind, signal.initial_value.T, np.random.RandomState([*seed, 2])
    )
    state = {
        name: Signal(np.ascontiguousarray(array.T), name=f"{rule}.{name}")
        for name, array in arrays.items()
    }
    random_state = None
    if kind.is_random:
        zeros = np.zeros(SIZE, dtype=np.int64)
        random_state = Signal(zeros, name=f"{rule}.random_state")
    operator = SimFeedback(kind, find_reads, signal, [*seed, 1], state, random_state)
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


@Builder.register(EncoderLearningRule)
def build_encoder_learning(model, rule_type, rule, feedback=None):
    """Build a rule with its signals and its operator into a model.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    rule_type : EncoderLearningRule
        Learning rule type to build.
    rule : nengo.connection.LearningRule
        The learning rule object corresponding to the learning rule type.
    feedback : Signal or callable, optional
        As for `.SimEncoderLearning`. Default: the rule does not project an error.

    Notes
    -----
    Sets the probeable signals, and the input signal for the error.
    """
    ensemble = get_taught_ensemble(rule)
    shared = prepare_encoder_update(model, rule_type, rule)
    signals = model.sig[rule]
    error = projected_error = gate = derivative = None
    if rule.size_in > 0:
        error = add_signal(model, rule, "error", rule.size_in)
        model.add_op(Reset(error))
        signals["in"] = error  # connections to the rule attach here
    if feedback is not None:
        checks.check_error(model, rule)
        projected_error = add_signal(model, rule, "projected_error", ensemble.n_neurons)
    if feedback is not None or "derivative" in rule_type.arrays:
        gate = _build_gate(model, rule_type.derivative, rule, ensemble)
        derivative = add_signal(model, rule, "derivative", ensemble.n_neurons)

    state = {
        name: Signal(value.astype(shared["delta"].dtype), name=f"{rule}.{name}")
        for name, value in rule_type.make_state(ensemble.n_neurons).items()
    }
    others = _find_others(
        model,
        rule_type,
        rule,
        {"projected_error": projected_error, "derivative": derivative, **state},
    )
    # add_op may ask for all signals at once, but not all of them are built
    model.operators.append(
        SimEncoderLearning(
            error=error,
            feedback=feedback,
            gate=gate,
            projected_error=projected_error,
            derivative=derivative,
            neuron_type=ensemble.neuron_type,
            others=others,
            state=state,
            **shared,
        )
    )


def add_signal(model, rule, name, size):
    """Add a signal of a rule, which can be probed."""
    model.sig[rule][name] = Signal(shape=(size,), name=f"{rule}.{name}")
    return model.sig[rule][name]


def _build_gate(model, derivative, rule, ensemble):
    """Build the signal that the derivative is computed from."""
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
    gate = _get_neuron_signal(model, ensemble, derivative.signal)
    return build_or_passthrough(model, derivative.synapse, gate)


def _get_neuron_signal(model, ensemble, name):
    """Return what is known of neurons by a name, a signal, or None."""
    if name == "current":
        return build_soma_current(model, ensemble)
    signals = model.sig[ensemble.neurons]
    return signals["out"] if name == "output" else signals.get(name)


def _find_others(model, rule_type, rule, known):
    """Return the signals that a rule reads of neurons, besides those that are known."""
    ensemble = rule.connection.post_obj
    others = {}
    for name in rule_type.arrays:
        if known.get(name) is None:
            others[name] = _get_neuron_signal(model, ensemble, name)
        if known.get(name) is None and others[name] is None:
            raise BuildError(
                f"Building {rule}: {type(rule_type).__name__}.arrays has {name!r}, which "
                f"is not known of the neurons of {ensemble}. Known are 'current', "
                "'output', 'derivative', the names in make_state of the rule and in the "
                "state of the neuron type, and 'projected_error' for rules derived from "
                "nengo_fa.FeedbackAlignment or nengo_fa.Backprop."
            )
    return others


def prepare_encoder_update(model, rule_type, rule):
    """Check a rule that changes encoders, and find what all such operators share.

    Returns
    -------
    shared : dict
        Keyword arguments of a class derived from `.SimEncoderUpdate`.
    """
    ensemble, network = rule.connection.post_obj, model.toplevel
    encoders = model.sig[ensemble]["encoders"]
    model.sig[rule]["scaled_encoders"] = encoders
    checks.check_normalization(rule_type, rule, encoders.initial_value)
    checks.check_neighbours(network, rule, encoders.initial_value)
    columns, fields = find_taught_entries(rule_type, rule, encoders.initial_value)
    find_start, moved = _find_place_in_row(model, rule)
    x = model.sig[ensemble]["in"]
    return {
        "rule": rule_type,
        "x": build_or_passthrough(model, rule_type.pre_synapse, x),
        "scaled_encoders": encoders,
        "delta": model.sig[rule]["delta"],
        "moved": moved,
        "find_start": find_start,
        "scale": model.params[ensemble].gain / ensemble.radius,
        "columns": columns,
        "fields": fields,
        "when_built": partial(checks.warn_about_teaching, network, rule),
    }


def _find_place_in_row(model, rule):
    """Return what finds the encoders a rule goes on from, and where it leaves them."""
    ensemble = rule.connection.post_obj
    encoders = model.sig[ensemble]["encoders"]
    row = checks.find_row(model.toplevel, ensemble)
    if rule not in row:
        return None, None
    moved = Signal(encoders.initial_value, name=f"{rule}.moved")
    model.sig[rule]["moved"] = moved
    place = row.index(rule)

    def find_start():
        return model.sig[row[place - 1]]["moved"] if place > 0 else encoders

    return find_start, moved


def find_taught_entries(rule_type, rule, encoders):
    """Find which entries of the encoders a rule changes.

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
