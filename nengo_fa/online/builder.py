"""How the encoder learning rules become signals and operators of a simulator."""

from collections import namedtuple

import numpy as np
from nengo.builder import Builder, Signal
from nengo.builder.learning_rules import build_or_passthrough
from nengo.builder.operator import Copy, Reset
from nengo.dists import get_samples
from nengo.exceptions import BuildError, NengoException

from nengo_fa.online import network_checks
from nengo_fa.online.default_rates import find_learning_rate, warn_about_rate
from nengo_fa.online.encoders_inc import SimEncodersInc
from nengo_fa.online.operators import MANY_ENTRIES, SimEncoderLearning, SimFeedback
from nengo_fa.online.random_state import make_random_state_signal
from nengo_fa.online.soma import build_soma_current
from nengo_fa.online.torch_kernels import register_torch_kernels
from nengo_fa.rules.connections import (
    find_encoder_rules,
    find_reason_against_decoders,
    find_seed,
    get_taught_ensemble,
)
from nengo_fa.rules.feedback import Feedback, as_state, make_feedback_state
from nengo_fa.rules.learning_rules import (
    Backprop,
    EncoderLearningRule,
    FeedbackAlignment,
    ProjectedErrorRule,
)
from nengo_fa.rules.normalizations import NORMALIZATIONS, get_normalization
from nengo_fa.rules.outer_product import MANY_DIMENSIONS

#: Names of the arrays of every rule, which cannot be names in the state of a rule.
RESERVED = {
    *("self", "out", "x", "error", "feedback", "gate", "projected_error", "derivative"),
    *("current", "output", "scaled_encoders", "delta", "start", "moved"),
    *("delta_neurons", "delta_input", "learning_signal"),
}

#: A number that no derivative has, to find entries that are not written.
NOT_WRITTEN = -1.2345e-67

#: Additional names for rules with an eligibility trace.
TRACED = {"eligible", "eligibility"}


class BuiltFeedbackAlignment(namedtuple("BuiltFeedbackAlignment", ["feedback"])):
    """The entry of a `.FeedbackAlignment` rule in ``sim.data``.

    Attributes
    ----------
    feedback : (n_neurons, size_in) ndarray
        Feedback weights; row i is the preferred error direction of neuron i. For a
        `.Feedback`, these are the initial weights.
    """

    __slots__ = ()


@Builder.register(FeedbackAlignment)
def build_feedback_alignment(model, rule_type, rule):
    """Build a `.FeedbackAlignment` rule, with weights from the seed of its connection.

    Sets ``model.params[rule]`` to a `.BuiltFeedbackAlignment` instance.
    """
    shape = (get_taught_ensemble(rule).n_neurons, rule_type.size_in)
    feedback = _draw_feedback(model, rule, shape)
    model.params[rule] = BuiltFeedbackAlignment(feedback=feedback)

    kind = rule_type.feedback
    is_live = isinstance(kind, Feedback)
    signal = Signal(
        np.ascontiguousarray(feedback.T), name=f"{rule}.feedback", readonly=not is_live
    )
    model.sig[rule]["feedback"] = signal
    if is_live:
        _build_feedback(model, rule, kind, signal)

    def find_feedback():
        # only in a simulator: `train` also builds the network, but uses other rates
        warn_about_rate(model, rule, feedback)
        return signal

    build_encoder_learning(model, rule_type, rule, find_feedback)


def _draw_feedback(model, rule, shape):
    """Draw the feedback weights of a rule, and check them."""
    ensemble, kind = rule.connection.post_obj, rule.learning_rule_type.feedback
    rng = np.random.RandomState(find_seed(model, rule))
    feedback = np.array(
        kind.draw(*shape, rng)
        if isinstance(kind, Feedback)
        else get_samples(kind, *shape, rng=rng),
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
            f"Building {rule}: the samples of FeedbackAlignment.feedback contain NaN or "
            "infinity. Give a distribution with finite samples."
        )
    feedback.setflags(write=False)
    return feedback


def _build_feedback(model, rule, kind, signal):
    """Add the operator that updates feedback weights."""
    name = f"{type(kind).__name__}.connection"
    find_weights = _make_find_weights(model, rule, kind.connection, name)

    def find_reads():
        reads = {"weights": find_weights()}
        if kind.to_neurons:
            reads["encoders"] = model.sig[kind.connection.post_obj]["encoders"]
        return reads

    # other random numbers than those of the initial weights
    seed = find_seed(model, rule)
    arrays = make_feedback_state(
        kind, signal.initial_value.T, np.random.RandomState([*seed, 2])
    )
    state = {
        name: Signal(np.ascontiguousarray(array.T), name=f"{rule}.{name}")
        for name, array in arrays.items()
    }
    random_state = make_random_state_signal(f"{rule}.random_state")
    operator = SimFeedback(kind, find_reads, signal, [*seed, 1], random_state, state)
    model.operators.append(
        operator
    )  # add_op would ask for signals that are not built yet


@Builder.register(Backprop)
def build_backprop(model, rule_type, rule):
    """Build a `.Backprop` rule, which reads the current weights of its connection."""
    get_decoders = _make_find_weights(
        model, rule, rule_type.connection, "Backprop.connection"
    )
    build_encoder_learning(model, rule_type, rule, get_decoders)


def _make_find_weights(model, rule, connection, name):
    """Return a function that returns the weights of a connection after the build."""
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
def build_encoder_learning(model, rule_type, rule, find_feedback=None, sets=None):
    """Build a rule with its probeable signals and its operator into a model.

    A rule that projects an error needs ``find_feedback``: a function that returns the signal
    of the feedback weights or decoders, (size_in, n_neurons), after the build of the model.
    The dict ``sets`` contains the initial values of other arrays that the rule sets in each
    step.
    """
    register_torch_kernels()  # here, because users may import nengo_torch at any time
    ensemble, network = get_taught_ensemble(rule), model.toplevel
    network_checks.check_simulator(model, rule)
    signals, inputs = model.sig[rule], model.sig[ensemble]
    encoders = signals["scaled_encoders"] = inputs["encoders"]
    network_checks.check_normalization(rule_type, rule, encoders.initial_value)
    network_checks.check_neighbours(network, rule, encoders.initial_value)

    row = network_checks.find_row(network, ensemble)
    zeros = np.zeros(ensemble.n_neurons, dtype=encoders.dtype)
    x = build_or_passthrough(model, rule_type.pre_synapse, inputs["in"])
    reads, sets = {"x": x, "scaled_encoders": encoders}, dict(sets or {})
    if rule.size_in > 0:
        reads["error"] = _build_error(model, rule, encoders.dtype)
    if find_feedback is not None:
        network_checks.check_error(model, rule)
        sets["projected_error"] = zeros
    if find_feedback is not None or "derivative" in rule_type.arrays:
        reads["gate"] = _build_gate(model, rule_type.derivative, rule, ensemble)
        sets["derivative"] = zeros
    if rule_type.eligibility_synapse is not None:
        _check_factors(rule_type, rule)
        sets["eligible"] = np.zeros_like(encoders.initial_value)
    if rule in row:
        sets["moved"] = encoders.initial_value
    sets = {name: _add_signal(model, rule, name, start) for name, start in sets.items()}
    columns, fields = find_taught_entries(rule_type, rule, encoders.initial_value)
    if "eligible" in sets:
        # with the delay of a connection with this synapse
        trace = model.build(
            rule_type.eligibility_synapse, sets["eligible"], mode="update"
        )
        reads["eligibility"] = signals["eligibility"] = trace
    updates = {"delta": signals["delta"]}
    scale = model.params[ensemble].gain / ensemble.radius
    describes_all = fields is None and not row
    if describes_all and _is_in_place(model, rule_type, rule, columns):
        updates = _build_in_place(model, rule, scale)
    for name, start in _make_state(rule_type, rule, encoders.dtype).items():
        updates[name] = Signal(start, name=f"{rule}.{name}")
    reads.update(_find_others(model, rule_type, rule, {*sets, *updates}))

    def find_reads():
        network_checks.warn_about_teaching(network, rule)
        late = {} if find_feedback is None else {"feedback": find_feedback()}
        late["learning_signal"] = signals.get("learning_signal")
        if rule in row:
            before = row[: row.index(rule)]
            late["start"] = model.sig[before[-1]]["moved"] if before else encoders
        return {**reads, **late}

    operator = SimEncoderLearning(
        rule_type,
        ensemble.neuron_type,
        scale,
        find_reads,
        sets,
        updates,
        columns,
        fields,
        learning_rate=find_learning_rate(model, rule),
    )
    # add_op may ask for all signals, but not all signals are built yet
    model.operators.append(operator)


def _is_in_place(model, rule_type, rule, columns):
    """Return whether large encoders can change without delta, which must not be probed."""
    network = model.toplevel
    if network is None or rule_type.eligibility_synapse is not None:
        return False
    if rule_type.normalization is not None:
        # the change depends on the encoders, which another rule may already have changed
        rules = find_encoder_rules(network, rule.connection.post_obj)
        is_known = get_normalization(rule_type.normalization) in NORMALIZATIONS.values()
        if len(rules) > 1 or columns is not None or not is_known:
            return False
    n_neurons, dimensions = model.sig[rule]["delta"].shape
    is_large = dimensions >= MANY_DIMENSIONS and n_neurons * dimensions >= MANY_ENTRIES
    return is_large and not any(
        probe.obj == rule and probe.attr == "delta" for probe in network.all_probes
    )


def _build_in_place(model, rule, scale):
    """Replace delta by the two signals that describe it, and let encoders change in place."""
    delta, encoders = model.sig[rule].pop("delta"), model.sig[rule]["scaled_encoders"]
    model.operators[:] = [
        operator
        for operator in model.operators
        if not (isinstance(operator, Copy) and operator.src is delta)
    ]
    updates = {
        name: _add_signal(model, rule, name, np.zeros(size, dtype=delta.dtype))
        for name, size in zip(("delta_neurons", "delta_input"), delta.shape)
    }
    rule_type = rule.learning_rule_type
    model.add_op(
        SimEncodersInc(
            rule_type, scale, **updates, target=encoders, tag="encoders += delta"
        )
    )
    return updates


def _check_factors(rule_type, rule):
    """Refuse an eligibility trace of a rule whose error is not the projected one alone."""
    if type(rule_type).make_step is not ProjectedErrorRule.make_step:
        name = type(rule_type).__name__
        raise BuildError(
            f"Building {rule}: an eligibility_synapse filters the derivative times the "
            f"input, but {name}.make_step computes the error of a neuron in another way. "
            "Omit the eligibility_synapse, or filter only the input, with pre_synapse."
        )


def _make_state(rule_type, rule, dtype):
    """Return the state of a rule, real numbers in the precision of the simulator."""
    n_neurons = rule.connection.post_obj.n_neurons
    reserved = RESERVED if rule_type.eligibility_synapse is None else RESERVED | TRACED
    try:
        state = as_state(rule_type.make_state(n_neurons), dtype, reserved)
        if any(array.shape != (n_neurons,) for array in state.values()):
            raise ValueError(f"arrays must have the shape ({n_neurons},)")
    except (TypeError, ValueError) as error:
        raise BuildError(
            f"Building {rule}: {type(rule_type).__name__}.make_state must return a dict of "
            f"arrays, one number for each neuron ({error})."
        ) from error
    return state


def _build_error(model, rule, dtype):
    """Build the signal of the error, to which connections to the rule attach."""
    error = _add_signal(model, rule, "error", np.zeros(rule.size_in, dtype=dtype))
    model.add_op(Reset(error))
    model.sig[rule]["in"] = error
    return error


def _add_signal(model, rule, name, start):
    """Add a signal of a rule, which can be probed."""
    model.sig[rule][name] = Signal(start, name=f"{rule}.{name}")
    return model.sig[rule][name]


def _build_gate(model, derivative, rule, ensemble):
    """Build the signal that the derivative is computed from."""
    if derivative.signal not in ("current", "output"):
        raise BuildError(
            f"Building {rule}: {derivative}.signal is {derivative.signal!r}, but must be "
            "'current' or 'output'."
        )
    _check_derivative(derivative, rule, ensemble.neuron_type, model.params[ensemble])
    gate = _get_neuron_signal(model, ensemble, derivative.signal)
    return build_or_passthrough(model, derivative.synapse, gate)


def _check_derivative(derivative, rule, neuron_type, built):
    """Refuse a derivative that does not know the neurons, or does not write numbers.

    It is tried for the currents of neurons without input, or for outputs of one.
    """
    signal = np.ones(len(built.gain))
    if derivative.signal == "current":
        signal = np.array(built.bias, dtype=float)
    out = np.full_like(signal, NOT_WRITTEN)
    step = derivative.make_step(neuron_type, signal, out)
    if not callable(step):
        raise BuildError(
            f"Building {rule}: {derivative}.make_step must return a function without "
            "arguments."
        )
    try:
        with np.errstate(all="ignore"):
            step()
    except NengoException:
        raise  # from the derivative itself
    except (ValueError, IndexError) as error:
        raise BuildError(
            f"Building {rule}: the function that {derivative}.make_step returns cannot "
            f"write the derivative of {len(out)} neurons into the array out ({error})."
        ) from error
    if (out == NOT_WRITTEN).any():
        raise BuildError(
            f"Building {rule}: the function that {derivative}.make_step returns does not "
            "write to all of the array out. Write the derivative of each neuron into it, "
            "which may be zero, as in out[...] = signal > 1."
        )
    if not np.isfinite(out).all():
        wrong = np.flatnonzero(~np.isfinite(out))[0]
        raise BuildError(
            f"Building {rule}: {derivative} gives {out[wrong]} if the {derivative.signal} "
            f"of a neuron is {signal[wrong]:.3g}. A derivative must be finite."
        )


def _get_neuron_signal(model, ensemble, name):
    """Return the signal of neurons with a name, or None."""
    if name == "current":
        return build_soma_current(model, ensemble)
    signals = model.sig[ensemble.neurons]
    return signals["out"] if name == "output" else signals.get(name)


def _find_others(model, rule_type, rule, known):
    """Return the signals of neurons that a rule reads, except those that are known."""
    ensemble = rule.connection.post_obj
    others = {}
    for name in [name for name in rule_type.arrays if name not in known]:
        others[name] = _get_neuron_signal(model, ensemble, name)
        if others[name] is None:
            raise BuildError(
                f"Building {rule}: {type(rule_type).__name__}.arrays contains {name!r}, "
                f"which is not known for the neurons of {ensemble}. A rule can read "
                "'current', 'output', 'derivative', the names in make_state of the rule "
                "and in the state of the neuron type, and 'projected_error' if it is "
                "derived from nengo_fa.FeedbackAlignment or nengo_fa.Backprop."
            )
    return others


def find_taught_entries(rule_type, rule, encoders):
    """Return the ``columns`` and ``fields`` of `.SimEncoderLearning`."""
    columns = np.zeros(encoders.shape[1], dtype=encoders.dtype)
    columns[rule.connection.post_slice] = 1
    fields = None
    if rule_type.sparse and np.any(encoders == 0):
        fields = (encoders != 0).astype(encoders.dtype)
    return None if columns.all() else columns, fields
