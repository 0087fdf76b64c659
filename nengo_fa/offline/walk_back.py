"""The way from an input to an output connection, through the ensembles that are taught."""

import gc

import nengo
import numpy as np
from nengo.builder import Model
from nengo.connection import Connection, LearningRule
from nengo.ensemble import Ensemble
from nengo.exceptions import ValidationError
from nengo.neurons import Direct
from nengo.transforms import Dense, NoTransform

from nengo_fa.offline.paths import Path, Stage, find_incoming, get_ensemble
from nengo_fa.pyramidal.burst_learning import BurstLearning
from nengo_fa.rules.connections import (
    find_reason_against_decoders,
    find_seed,
    get_forward_connection,
    get_rule_types,
)
from nengo_fa.rules.error_nodes import BackpropagatedError, ErrorNode
from nengo_fa.rules.learning_rules import Backprop, EncoderLearningRule


def find_path(connection, network=None, seed=None):
    """Walk back from an output connection, past all encoder rules in a row before it.

    Parameters
    ----------
    connection : nengo.Connection
        From the last taught ensemble to the output.
    network : nengo.Network, optional
        The network to be built. By default the outermost one that holds ``connection``.
    seed : int, optional
        Seed of the network if it has none of its own.

    Returns
    -------
    path : Path

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no path that can be trained; the message says what to change.
    nengo.exceptions.BuildError
        If the network cannot be built.
    """
    if not isinstance(connection, Connection):
        raise ValidationError(
            "Must be the connection from the taught ensemble to the output "
            f"(got {connection!r})",
            attr="connection",
        )
    if network is None:
        network = _find_network(connection)
    elif not isinstance(network, nengo.Network):
        raise ValidationError(
            f"Must be a nengo.Network (got {network!r})", attr="network"
        )
    elif not any(connection is other for other in network.all_connections):
        raise ValidationError(
            f"{connection} is not in {network}. Give the network that contains it.",
            attr="network",
        )

    ensemble = get_ensemble(connection.pre_obj)
    if ensemble is None or isinstance(ensemble.neuron_type, Direct):
        _refuse(
            f"leaves {connection.pre_obj}, but must leave an ensemble of neurons, whose "
            "encoders are to be learned",
            connection,
        )
    encodes = _find_encodes(ensemble, connection, network)
    for encode, following in zip(encodes, [*encodes[1:], connection]):
        _check_rule(encode, following, connection)
    reason = find_reason_against_decoders(connection, ensemble)
    if reason is not None:
        _refuse(reason, connection)
    for other in (*encodes, connection):
        if not np.isclose(_get_static_gain(other.synapse), 1):
            _refuse(
                f"cannot be trained offline, as the synapse of {other} does not let a "
                "constant through as it is. Samples are held until filters have settled; "
                "use a synapse with a gain of one, such as nengo.Lowpass.",
                connection,
            )
    sources = [
        _find_source(encode, following, connection, network)
        for encode, following in zip(encodes, encodes[1:])
    ]
    _check_last(encodes[-1], connection, network)
    model = _build(network, seed)
    stages = [
        _make_stage(model, encode, following, source)
        for encode, following, source in zip(
            encodes, [*encodes[1:], None], [*sources, None]
        )
    ]
    return Path(stages=tuple(stages), decode=connection, model=model)


def _make_stage(model, encode, following, source):
    """The taught layer of a built model; nothing follows the last."""
    (rule,) = get_rule_types(encode)
    if not isinstance(rule, Backprop):
        feedback = model.params[_get_rule(encode)].feedback
    elif following is None:
        feedback = None
    else:
        feedback = find_incoming(model, following)[:, following.post_slice]
    seed = [*find_seed(model, _get_rule(encode)), 1]  # as of the operator, online
    return Stage(encode, rule, source, feedback, seed)


def _refuse(reason, connection):
    raise ValidationError(f"{connection} {reason}", attr="connection", obj=connection)


def _find_network(connection):
    """The outermost network that holds a connection; Nengo does not keep track of it."""
    networks = [obj for obj in gc.get_objects() if issubclass(type(obj), nengo.Network)]
    holders = [
        network
        for network in networks
        if any(connection is other for other in network.all_connections)
    ]
    outermost = [
        network
        for network in holders
        if not any(network in other.all_networks for other in holders)
    ]
    if len(outermost) != 1:
        if outermost:
            trouble = (
                "There are several networks around it. Say which, with network=..."
            )
        else:
            trouble = (
                "The network around it is gone. Keep a reference to it, as to the model "
                "that is to be simulated."
            )
        raise ValidationError(f"{connection}: {trouble}", attr="network")
    return outermost[0]


def _find_encodes(ensemble, connection, network):
    """The connections with encoder rules on the way to an ensemble, the first first."""
    encodes = []
    while _is_taught(ensemble, network) or not encodes:
        encodes.insert(0, _find_encode(ensemble, connection, network))
        pre = encodes[0].pre_obj
        ensemble = get_ensemble(pre)
        if ensemble is None:
            _check_relay(pre, connection, network)
            break
    return encodes


def _find_encode(ensemble, connection, network):
    """The one connection into an ensemble, with an encoder rule."""
    _check_no_loop(ensemble, connection, network)
    into = _find_into(ensemble, network)
    taught = [other for other in into if _has_encoder_rule(other)]
    if not taught:
        _refuse(
            f"has no encoder rule on the path that leads to it. Give a connection to "
            f"{ensemble} the learning_rule_type nengo_fa.FeedbackAlignment(size_in="
            f"{connection.size_out}) or nengo_fa.Backprop(...).",
            connection,
        )
    if len(into) > 1:
        others = ", ".join(str(other) for other in into if other is not taught[0])
        before = [get_ensemble(other.pre_obj) for other in into]
        if any(pre is not None and _is_taught(pre, network) for pre in before):
            remedy = (
                "Offline, a layer that is taught has one connection into it: train "
                "without the others, or online."
            )
        else:
            remedy = (
                "The samples are the input of one connection only; bring all input "
                "together in a node before it."
            )
        _refuse(
            f"is preceded by {ensemble}, into which more leads than {taught[0]}: "
            f"{others}. {remedy}",
            connection,
        )
    return taught[0]


def _find_into(ensemble, network):
    return [
        other
        for other in network.all_connections
        if other.post_obj in (ensemble, ensemble.neurons)
    ]


def _is_taught(ensemble, network):
    return any(_has_encoder_rule(other) for other in _find_into(ensemble, network))


def _check_relay(node, connection, network):
    """Refuse a path that begins at a node which only passes on what a taught layer sends."""
    for other in network.all_connections:
        ensemble = get_ensemble(other.pre_obj)
        if other.post_obj is not node or node.output is not None or ensemble is None:
            continue
        if _is_taught(ensemble, network):
            _refuse(
                f"is preceded by {node}, and before it by {ensemble}, which is taught as "
                "well. Connect the two layers without a node between them; or remove the "
                "rule of the first.",
                connection,
            )


def _find_source(encode, following, connection, network):
    """Where the error of a hidden layer comes from: a node of the next, or the output."""
    (rule,) = get_rule_types(encode)
    into = _find_into_rule(encode, network)
    wires = [other for other in into if isinstance(other.pre_obj, ErrorNode)]
    if wires and len(into) > 1:
        _refuse(
            f"is preceded by {encode}, whose rule has errors from several nodes. Offline, "
            "there can be one.",
            connection,
        )
    if wires:
        (wire,) = wires
        node = wire.pre_obj
        if node.rule != _get_rule(following):
            _refuse(
                f"is preceded by {encode}, whose rule has the error of {node}, which "
                f"is not about the layer behind it. Make the node of the rule of "
                f"{following}.",
                connection,
            )
        plain = (
            isinstance(wire.transform, NoTransform)
            and wire.function is None
            and wire.size_in == node.size_out
            and np.isclose(_get_static_gain(wire.synapse), 1)
        )
        if not plain:
            _refuse(
                f"is preceded by {encode}, whose rule has the error of {node} changed on "
                f"the way, by {wire}. Offline, it is taken as it is: put a factor into "
                "the learning rate, or into the feedback weights.",
                connection,
            )
        return node
    _check_not_relayed(encode, [other.pre_obj for other in into], connection, network)
    if isinstance(rule, Backprop):
        return BackpropagatedError(_get_rule(following), add_to_container=False)
    if rule.size_in != connection.size_out:
        _refuse(
            f"has {connection.size_out} dimensions, but the rule of {encode} takes an "
            f"error of {rule.size_in}. Connect to it the nengo_fa.NeuronError of the next "
            "layer; or let size_in of the rule be the size of the output, for direct "
            "feedback alignment.",
            connection,
        )
    return None


def _find_into_rule(encode, network):
    """The connections to the rule of a layer."""
    rule = _get_rule(encode)
    return [other for other in network.all_connections if other.post_obj == rule]


def _check_not_relayed(encode, objects, connection, network):
    """Refuse the error of a node that comes to the objects by way of others."""
    known = [get_ensemble(obj) or obj for obj in objects]
    for obj in known:  # which grows
        if isinstance(obj, ErrorNode):
            _refuse(
                f"is preceded by {encode}, to whose rule the error of {obj} does not "
                "come directly. Offline, it is taken as it is: connect the node to the "
                "rule, without anything between them.",
                connection,
            )
        if isinstance(obj, nengo.Node) and obj.output is not None:
            continue
        for other in network.all_connections:
            pre = get_ensemble(other.pre_obj) or other.pre_obj
            leads_here = (get_ensemble(other.post_obj) or other.post_obj) is obj
            if leads_here and not any(pre is one for one in known):
                known.append(pre)


def _check_last(encode, connection, network):
    (rule,) = get_rule_types(encode)
    into = _find_into_rule(encode, network)
    if any(isinstance(other.pre_obj, ErrorNode) for other in into):
        _refuse(
            f"is preceded by {encode}, whose rule has the error of a node. It is the last "
            "layer, to which the error of the output belongs.",
            connection,
        )
    if rule.size_in != connection.size_out:
        _refuse(
            f"has {connection.size_out} dimensions, but the rule of {encode} takes an "
            f"error of {rule.size_in}. Let size_in of the rule be the "
            "size of the output.",
            connection,
        )


def _get_rule(connection):
    """The rule of a connection that has one only, also if that is in a list."""
    (rule_type,) = get_rule_types(connection)
    return LearningRule(connection, rule_type)


def _has_encoder_rule(connection):
    rules = get_rule_types(connection)
    return any(isinstance(rule, (EncoderLearningRule, BurstLearning)) for rule in rules)


def _check_no_loop(ensemble, connection, network):
    """Refuse an ensemble whose output comes back to it without a function between."""
    reached, front = [], [ensemble]
    while front:
        obj = front.pop()
        for other in network.all_connections:
            if get_ensemble(other.pre_obj) is obj or other.pre_obj is obj:
                post = get_ensemble(other.post_obj) or other.post_obj
                if post is ensemble:
                    _refuse(
                        f"is part of a loop: {other} leads back to {ensemble}. Offline, "
                        "each sample passes the network once; train without the loop.",
                        connection,
                    )
                # what a node's function makes of its input is the user's own affair
                carries_on = isinstance(post, Ensemble) or (
                    not isinstance(post, LearningRule) and post.output is None
                )
                if carries_on and not any(post is known for known in reached):
                    reached.append(post)
                    front.append(post)


def _check_rule(encode, following, connection):
    rule, *others = get_rule_types(encode)
    if others:
        _refuse(
            f"is preceded by {encode}, which has several learning rules. Offline, there "
            "can be one: with one error, for the encoders.",
            connection,
        )
    if isinstance(rule, BurstLearning):
        _refuse(
            f"is preceded by {encode}, whose rule is BurstLearning. Offline there are no "
            "bursts to learn from: let it learn in a nengo.Simulator, or give the "
            f"connection nengo_fa.FeedbackAlignment(size_in={connection.size_out}), which "
            "does the same on average.",
            connection,
        )
    forward = get_forward_connection(rule)
    if forward is not None and forward is not following:
        _refuse(
            f"is preceded by {encode}, whose rule looks at the weights of another "
            f"connection, {forward}, and not at those of {following}. Train that "
            "one, or change the rule.",
            connection,
        )
    if not isinstance(encode.transform, (Dense, NoTransform)):
        _refuse(
            f"is preceded by {encode}, which has a {type(encode.transform).__name__} "
            "transform. Use a dense transform, or bring the transformed input to a node "
            "before it.",
            connection,
        )


def _get_static_gain(synapse):
    """What a synapse makes of a constant input of one, once it has settled."""
    if not isinstance(synapse, nengo.LinearFilter):
        return 1.0
    numerator, denominator = np.atleast_1d(synapse.num), np.atleast_1d(synapse.den)
    if synapse.analog:
        numerator, denominator = numerator[-1:], denominator[-1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sum(numerator) / np.sum(denominator))


def _build(network, seed):
    """Build a network, as a simulator would, without making one."""
    model, own_seed = Model(), network.seed
    try:
        if own_seed is None:
            network.seed = seed
        model.build(network)
    finally:
        network.seed = own_seed
    return model
