"""Requirements for networks in which encoders learn, and warnings of likely mistakes."""

import warnings

import numpy as np
from nengo.connection import Connection, LearningRule
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import BuildError, NengoWarning
from nengo.node import Node
from nengo.solvers import NoSolver
from nengo.transforms import Dense, NoTransform

from nengo_fa.rules.connections import (
    find_encoder_rules,
    get_forward_connection,
    get_rule_types,
)
from nengo_fa.rules.error_nodes import ErrorNode, NeuronError
from nengo_fa.rules.learning_rules import EncoderLearningRule, ProjectedErrorRule
from nengo_fa.rules.normalizations import get_normalization

#: Half of the values are too far if they exceed this, along an encoder and over the radius.
FAR = 2


def warn_of_far_values(ensemble, values, kind, advice):
    """Warn if most neurons are silent or saturated for values, (n_values, dimensions)."""
    with np.errstate(over="ignore"):
        far = np.median(np.linalg.norm(values, axis=1)) / ensemble.radius
    # in many dimensions, only a part of a value is along an encoder
    if far > FAR * np.sqrt(ensemble.dimensions):
        warnings.warn(
            f"Half of the {kind} reach {ensemble} at {far:.2g} times its radius or "
            f"farther, where most neurons are silent or saturated. {advice}, or give the "
            "ensemble a larger radius.",
            NengoWarning,
        )


def check_simulator(model, rule):
    """Refuse simulators that are known to be unable to run the rules."""
    name = _find_unable_simulator(model, rule)
    if name is not None:
        raise BuildError(
            f"Building {rule}: {name} does not run learning rules for encoders. Let the "
            "network learn in nengo.Simulator, keep the learned parameters with "
            "nengo_fa.freeze_params or nengo_fa.save, and build a network without these "
            f"rules in {name}. See the page 'Other simulators' of the documentation."
        )


def _find_unable_simulator(model, rule):
    """Return the name of such a simulator, if it is building the model, or None."""
    if type(model.builder).__module__.partition(".")[0] == "nengo_dl":
        return "nengo-dl"
    # nengo-loihi does not pass an error on to rules on its host
    is_on_host = model.toplevel is None and ":host" in str(model.label)
    return "nengo-loihi" if is_on_host and rule.size_in > 0 else None


def check_normalization(rule_type, rule, encoders):
    """Refuse a normalization that the encoders do not allow."""
    ensemble, name = rule.connection.post_obj, rule_type.normalization
    normalization = get_normalization(name)
    if not normalization.needs_directions:
        return
    if not np.all(np.any(encoders != 0, axis=1)):
        raise BuildError(
            f"Building {rule}: normalization={name!r}, but {ensemble} "
            "has an encoder of length zero, or a gain of zero, so that a neuron has no "
            "direction. Give all encoders a length, or use normalization=None."
        )
    reached = find_reached(rule)
    if normalization.needs_whole_encoders and len(reached) < ensemble.dimensions:
        raise BuildError(
            f"Building {rule}: normalization={name!r} scales whole encoders, but the "
            f"connection reaches only some dimensions of {ensemble}. Connect to all "
            "dimensions, or use normalization=None."
        )
    free = encoders != 0 if rule_type.sparse else np.ones_like(encoders)
    if np.all(np.sum(free, axis=1) == 1) and not is_still(rule_type):
        warnings.warn(
            f"The encoders of {describe(ensemble)} have one free entry each and cannot "
            f"turn, so that nothing will be learned by the rule of "
            f"{describe(rule.connection)} with normalization={name!r}. Use "
            "normalization=None.",
            NengoWarning,
        )


def find_reached(rule):
    """Return the set of the dimensions of the ensemble that a rule's connection reaches."""
    connection = rule.connection
    dimensions = np.arange(connection.post_obj.dimensions)
    return set(dimensions[connection.post_slice].tolist())


def is_still(rule_type):
    """Return whether a rule never changes encoders because its learning rate is zero."""
    return getattr(rule_type, "learning_rate", None) == 0


def check_neighbours(network, rule, encoders):
    """Refuse a rule that keeps zeros together with another rule that does not."""
    if not rule.learning_rule_type.sparse or np.all(encoders != 0):
        return
    for other in find_encoder_rules(network, rule.connection.post_obj):
        # other rules declare it by an attribute
        name = "sparse" if is_ours(other) else "keeps_zeros"
        if (
            not getattr(other.learning_rule_type, name, False)
            and not is_still(other.learning_rule_type)
            and not find_reached(other).isdisjoint(find_reached(rule))
        ):
            raise BuildError(
                f"Building {rule}: sparse=True keeps entries of the encoders of "
                f"{rule.connection.post_obj} at zero, but {other} changes them. Use "
                "sparse=True for both rules or for neither, or teach another ensemble. "
                "If it is your own rule and keeps zeros as well, set keeps_zeros = True in "
                "its class."
            )


def is_ours(rule):
    """Return whether a rule is an encoder rule of this package."""
    return isinstance(rule.learning_rule_type, EncoderLearningRule)


def find_row(network, ensemble):
    """Return the rules of an ensemble in the order in which they change its encoders.

    The changes of several rules add up. A rule that keeps lengths has to start from the
    encoders that the other rules have already changed, or the sum of the changes would not
    keep the lengths: two rules with opposite changes would shorten the encoders. If no rule
    keeps lengths, or there is only one rule, all rules start from the same encoders, and the
    list is empty.
    """
    row = [
        other
        for other in find_encoder_rules(network, ensemble)
        if is_ours(other) and not is_still(other.learning_rule_type)
    ]
    row.sort(key=lambda other: keeps_lengths(other.learning_rule_type))  # stable
    is_needed = len(row) > 1 and keeps_lengths(row[-1].learning_rule_type)
    return row if is_needed else []


def keeps_lengths(rule_type):
    """Return whether the normalization of a rule keeps lengths constant."""
    return get_normalization(rule_type.normalization).keeps_lengths


def find_errors(network, rule):
    """Return the connections in a network that deliver the error of a rule."""
    return [other for other in network.all_connections if other.post_obj == rule]


def check_error(model, rule):
    """Refuse the error of an error node that is not the kind of error that the rule needs."""
    forward = get_forward_connection(rule.learning_rule_type)
    if forward is None or model.toplevel is None:
        return
    to_neurons = isinstance(forward.post_obj, Neurons)
    of_neurons = to_neurons or _is_to_neurons(rule.learning_rule_type)
    for wire in _find_wires_from_error_nodes(model.toplevel, rule):
        node, trouble = wire.pre_obj, None
        if isinstance(node, NeuronError) != of_neurons:
            trouble, remedy = (
                ("the current of each neuron", "nengo_fa.NeuronError")
                if of_neurons
                else (f"the output of {forward}", "nengo_fa.BackpropagatedError")
            )
            trouble = f"{trouble}. Connect a {remedy}"
        elif to_neurons and np.any(model.params[forward.post_obj.ensemble].gain != 1):
            trouble = (
                f"the output of {forward}, before the gains of the neurons. Give "
                f"{wire} the gains as its transform, np.diag(gain)"
            )
        if trouble is not None:
            raise BuildError(
                f"Building {rule}: {wire} delivers the error of a "
                f"{type(node).__name__}, but the rule needs the error of {trouble}."
            )


def _is_to_neurons(rule_type):
    return getattr(getattr(rule_type, "feedback", None), "to_neurons", False)


def _find_wires_from_error_nodes(network, rule):
    """Return the connections from error nodes whose error reaches a rule unchanged.

    It may pass through passthrough nodes.
    """
    found, passed = [], set()
    front = [(rule, range(rule.size_in))]
    while front:
        target, wanted = front.pop()
        for wire in find_errors(network, target):
            reached = np.arange(target.size_in)[wire.post_slice]
            if wire in passed or not _is_plain(wire) or set(wanted).isdisjoint(reached):
                continue
            passed.add(wire)
            node = wire.pre_obj
            if isinstance(node, ErrorNode):
                found.append(wire)
            elif isinstance(node, Node) and node.output is None:
                front.append((node, np.arange(node.size_out)[wire.pre_slice]))
    return found


def _is_plain(wire):
    """Return whether a connection delivers its input, up to a factor."""
    transform = wire.transform
    if wire.function is not None or isinstance(transform, NoTransform):
        return wire.function is None
    if not isinstance(transform, Dense) or not isinstance(transform.init, np.ndarray):
        return False
    weights = transform.init
    is_square = weights.ndim == 2 and len(set(weights.shape)) == 1
    return weights.ndim == 0 or (
        is_square and np.array_equal(weights, weights[0, 0] * np.eye(len(weights)))
    )


def warn_about_teaching(network, rule):
    """Warn of a rule without an error, and of decoders that will no longer fit."""
    rule_type, ensemble = rule.learning_rule_type, rule.connection.post_obj
    if network is None or is_still(rule_type):
        return
    needs_error = isinstance(rule_type, ProjectedErrorRule) and not is_frozen(ensemble)
    if needs_error and not find_errors(network, rule):
        warnings.warn(
            f"No error is connected to the {type(rule_type).__name__} rule of "
            f"{describe(rule.connection)}, so nothing will be learned here. Connect an "
            "error with nengo.Connection(error, connection.learning_rule), or learn "
            "offline with nengo_fa.train first.",
            NengoWarning,
        )
    for connection in find_stale_decoders(network, ensemble):
        warnings.warn(
            f"The encoders of {describe(ensemble)} are taught, but the decoders of "
            f"{describe(connection)}, which lead back to them, do not learn and will no "
            "longer fit. Teach these decoders as well, for example with "
            "learning_rule_type=nengo.PES(), solve for them again with "
            "nengo_fa.solve_decoders, or use a lower learning rate. "
            "See the page 'Decoders that do not learn' of the documentation.",
            NengoWarning,
        )


def warn_about_stale_layers(network, rules):
    """Warn of decoders that do not learn between two taught layers."""
    taught = {rule.connection.post_obj for rule in rules}
    for connection in network.all_connections:
        if (
            connection.pre_obj in taught
            and connection.post_obj in taught - {connection.pre_obj}
            and has_solved_decoders(connection)
            and {getattr(kind, "modifies", None) for kind in get_rule_types(connection)}
            == {"encoders"}
        ):
            warnings.warn(
                f"The decoders of {describe(connection)} do not learn, and will no longer "
                "fit once the layer before them has learned. At the suggested rates, the "
                "error may grow. Connect the layers by a matrix from all neurons instead, "
                "as nengo_fa.networks.DeepClassifier does, or use much lower rates.",
                NengoWarning,
            )


def has_solved_decoders(connection):
    """Return whether a connection has decoders that a solver finds for its ensemble."""
    is_decoded = isinstance(connection.pre_obj, Ensemble)
    return is_decoded and not isinstance(connection.solver, NoSolver)


def is_frozen(ensemble):
    """Return whether encoders, gains and biases are arrays, as they are after training."""
    given = (ensemble.encoders, ensemble.gain, ensemble.bias)
    return all(isinstance(values, np.ndarray) for values in given)


def describe(obj):
    """Return a short name of an object in a network, from labels."""
    if isinstance(obj, Connection) and obj.label is None:
        return (
            f"the connection from {describe(obj.pre_obj)} to {describe(obj.post_obj)}"
        )
    if isinstance(obj, Neurons):
        return f"the neurons of {describe(obj.ensemble)}"
    kind = type(obj).__name__
    return f"an unnamed {kind}" if obj.label is None else f"{kind} {obj.label!r}"


def find_stale_decoders(network, ensemble):
    """Return connections whose decoders do not learn and lead back to a taught ensemble.

    They lead to the error of a rule for its encoders, or to the ensemble itself. If such a
    connection to another layer has an encoder rule, that layer adapts to the decoders.
    """
    targets = {ensemble, *find_encoder_rules(network, ensemble)}
    follows = {}
    for connection in network.all_connections:
        pre, post = map(_get_owner, (connection.pre_obj, connection.post_obj))
        follows.setdefault(pre, set()).add(post)
    return [
        connection
        for connection in network.all_connections
        if connection.pre_obj is ensemble
        and not isinstance(connection.solver, NoSolver)
        and not is_learned(connection)
        and targets & _find_all_after(_get_owner(connection.post_obj), follows)
    ]


def _get_owner(obj):
    """Return the ensemble of neurons or apical dendrites, or else the object itself."""
    return obj if isinstance(obj, LearningRule) else getattr(obj, "ensemble", obj)


def is_learned(connection):
    """Return whether decoders learn, or a rule for the next layer adapts to them."""
    rule_types = [other for other in get_rule_types(connection) if other is not None]
    leads_back = connection.post_obj is connection.pre_obj
    return any(other.modifies != "encoders" or not leads_back for other in rule_types)


def _find_all_after(start, follows):
    """Return the set of objects that can be reached from an object, including itself."""
    reached, front = {start}, [start]
    while front:
        new = follows.get(front.pop(), set()) - reached
        reached |= new
        front.extend(new)
    return reached
