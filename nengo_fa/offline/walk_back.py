"""The path from an input to an output connection, through the taught ensembles."""

import nengo
import numpy as np
from nengo.builder import Model
from nengo.connection import Connection, LearningRule
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import ValidationError
from nengo.neurons import Direct
from nengo.transforms import Dense, NoTransform

from nengo_fa.learned.parts import is_between_neurons, is_decoded
from nengo_fa.offline.find_network import find_network
from nengo_fa.offline.paths import (
    Path,
    Stage,
    find_decoders,
    get_ensemble,
)
from nengo_fa.pyramidal.burst_learning import BurstLearning
from nengo_fa.rules.connections import (
    find_reason_against_decoders,
    find_seed,
    get_forward_connection,
    get_rule_types,
)
from nengo_fa.rules.error_nodes import BackpropagatedError, ErrorNode
from nengo_fa.rules.learning_rules import (
    Backprop,
    EncoderLearningRule,
    FeedbackAlignment,
    ProjectedErrorRule,
)
from nengo_fa.rules.relays import is_whole

#: The arrays that an encoder rule can read offline.
ARRAYS = {"projected_error", "derivative", "current", "output"}


def find_path(connection, network=None, seed=None):
    """Walk back from an output connection, through all layers with encoder rules.

    Parameters
    ----------
    connection : nengo.Connection
        The connection from the last taught ensemble to the output.
    network : nengo.Network, optional
        As for `.train`.
    seed : int, optional
        Seed of the network if it has none of its own.

    Returns
    -------
    path : Path

    Raises
    ------
    nengo.exceptions.ValidationError
        If no path can be trained; the message says what to change.
    nengo.exceptions.BuildError
        If the network cannot be built.
    """
    (path,) = find_paths([connection], network, seed)
    return path


def find_paths(connections, network=None, seed=None):
    """Find the paths to several output connections of one network, which is built once."""
    network = _check_networks(connections, network)
    layers = [WalkBack(connection, network).find_layers() for connection in connections]
    model = _build(network, seed)
    return [
        _make_path(model, connection, *of_path)
        for connection, of_path in zip(connections, layers)
    ]


def _make_path(model, connection, encodes, sources):
    """Return the path to an output connection of a built model."""
    stages = [
        _make_stage(model, encode, following, source)
        for encode, following, source in zip(encodes, [*encodes[1:], None], sources)
    ]
    return Path(stages=tuple(stages), decode=connection, model=model)


def find_ways(connections, network=None, seed=None):
    """Walk back from connections to the input of samples, with or without rules.

    Takes the same arguments as `find_paths`, and raises the same errors.

    Returns
    -------
    ways : list of list of nengo.Connection
        The connections from the input to each of the given connections.
    model : nengo.builder.Model
        The built network.
    """
    network = _check_networks(connections, network)
    ways = [WalkBack(other, network).find_connections() for other in connections]
    return ways, _build(network, seed)


def _check_networks(connections, network):
    """Return the network that contains all connections, searching for it once."""
    for connection in connections:
        network = _check_network(connection, network)
    return network


def _check_network(connection, network):
    """Return the network that contains a connection; refuse another network."""
    if not isinstance(connection, Connection):
        raise ValidationError(
            "Must be a single connection from the ensemble to the output "
            f"(got {connection!r})",
            attr="connection",
        )
    if network is None:
        network = find_network(connection)
    elif not isinstance(network, nengo.Network):
        raise ValidationError(
            f"Must be a nengo.Network (got {network!r})", attr="network"
        )
    elif not any(connection is other for other in network.all_connections):
        raise ValidationError(
            f"{connection} is not in {network}. Give the network that contains it.",
            attr="network",
        )
    return network


def _build(network, seed):
    """Build a network as a simulator would, without creating a simulator."""
    model, own_seed = Model(), network.seed
    try:
        if own_seed is None:
            network.seed = seed
        model.build(network)
    finally:
        network.seed = own_seed
    return model


def _make_stage(model, encode, following, source):
    """Return a taught layer of a built model; ``following`` is the next connection."""
    (rule,) = get_rule_types(encode)
    feedback = None
    if isinstance(rule, FeedbackAlignment):
        feedback = model.params[_get_rule(encode)].feedback
    elif following is not None:
        feedback = find_decoders(model, following)
    return Stage(encode, rule, source, feedback, find_seed(model, _get_rule(encode)))


class WalkBack:
    """The way back from an output connection, with checks for what cannot be trained."""

    def __init__(self, connection, network):
        self._connection = connection
        self._all = network.all_connections

    def find_layers(self):
        """Walk back, check each layer, and return them from the input to the output.

        Returns the connections with encoder rules, and for each the node from which its
        error comes, or None for the output.
        """
        ensemble = get_ensemble(self._connection.pre_obj)
        if ensemble is None:
            self._refuse(
                f"leaves {self._connection.pre_obj}, but must leave the ensemble (or its "
                "neurons) whose encoders learn"
            )
        if isinstance(ensemble.neuron_type, Direct):
            self._refuse(
                f"leaves {ensemble} in direct mode, which has no encoders that could learn. "
                "Give it neurons, such as neuron_type=nengo.LIF()"
            )
        encodes = self._find_encodes(ensemble)
        pairs = list(zip(encodes, encodes[1:]))
        for encode, following in [*pairs, (encodes[-1], self._connection)]:
            self._check_rule(encode, following)
        reason = find_reason_against_decoders(self._connection, ensemble)
        if reason is not None:
            self._refuse(reason)
        for other in (*encodes, self._connection):
            self._check_synapse(other)
        sources = [self._find_source(*pair) for pair in pairs]
        self._check_last(encodes[-1])
        return encodes, [*sources, None]

    def find_connections(self):
        """Walk back to the input of samples, and return the connections from there.

        As in training, samples enter at the beginning of the first connection with an
        encoder rule. Without a rule, they enter at the first node.
        """
        connections = [self._connection]
        ensemble = get_ensemble(self._connection.pre_obj)
        if ensemble is None:
            self._refuse(
                f"leaves {self._connection.pre_obj}, but must leave an ensemble"
            )
        has_rule = self._is_taught(ensemble)
        while ensemble is not None and has_rule <= self._is_taught(ensemble):
            into = self._find_into(ensemble)
            if not into:
                break
            self._check_no_loop(ensemble)
            if len(into) > 1:
                self._refuse_others(ensemble, into, into[0])
            connections[:0] = into
            ensemble = get_ensemble(into[0].pre_obj)
        for other in connections:
            self._check_synapse(other)
            self._check_weights(other)
        return connections

    def _check_weights(self, other):
        """Refuse connections that bypass encoders, or whose transform is not a matrix."""
        past = isinstance(other.post_obj, Neurons) or (
            is_decoded(other) and is_between_neurons(other)
        )
        if past and other is not self._connection:
            self._refuse(
                f"is preceded by {other}, which leads to neurons and bypasses their "
                "encoders. Connect to the ensemble, with a solver that has weights=False."
            )
        if not isinstance(other.transform, (Dense, NoTransform)):
            self._refuse(
                f"depends on {other}, which has a {type(other.transform).__name__} "
                "transform. Use a dense transform."
            )

    def _refuse(self, reason):
        raise ValidationError(
            f"{self._connection} {reason}", attr="connection", obj=self._connection
        )

    def _find_encodes(self, ensemble):
        """Return the connections with encoder rules on the way to an ensemble, in order."""
        encodes = []
        while self._is_taught(ensemble) or not encodes:
            encodes.insert(0, self._find_encode(ensemble))
            pre = encodes[0].pre_obj
            ensemble = get_ensemble(pre)
            if ensemble is None:
                self._check_relay(pre)
                break
        return encodes

    def _find_encode(self, ensemble):
        """Return the only connection into an ensemble, which has an encoder rule."""
        self._check_no_loop(ensemble)
        into = self._find_into(ensemble)
        taught = [other for other in into if _has_encoder_rule(other)]
        if not taught:
            self._refuse(
                f"has no encoder rule on the path that leads to it. Give a connection to "
                f"{ensemble} the learning_rule_type nengo_fa.FeedbackAlignment(size_in="
                f"{self._connection.size_out}) or nengo_fa.Backprop(...)."
            )
        if len(into) > 1:
            self._refuse_others(ensemble, into, taught[0])
        return taught[0]

    def _refuse_others(self, ensemble, into, taught):
        """Refuse connections to an ensemble in addition to the taught connection."""
        others = ", ".join(str(other) for other in into if other is not taught)
        before = [get_ensemble(other.pre_obj) for other in into]
        if any(pre is not None and self._is_taught(pre) for pre in before):
            remedy = (
                "Offline, a taught layer can have one input connection. Train without the "
                "other connections, or learn online."
            )
        else:
            remedy = (
                "The samples are the input of a single connection; combine all inputs in "
                "a node before it."
            )
        self._refuse(
            f"is preceded by {ensemble}, which has other input connections than {taught}: "
            f"{others}. {remedy}"
        )

    def _find_into(self, ensemble):
        ends = ensemble, ensemble.neurons
        return [other for other in self._all if other.post_obj in ends]

    def _find_into_rule(self, encode):
        """Return the connections to the rule of a layer."""
        rule = _get_rule(encode)
        return [other for other in self._all if other.post_obj == rule]

    def _is_taught(self, ensemble):
        return any(_has_encoder_rule(other) for other in self._find_into(ensemble))

    def _check_rule(self, encode, following):
        """Refuse rules and transforms that cannot be trained."""
        rule, *others = get_rule_types(encode)
        if others:
            self._refuse(
                f"is preceded by {encode}, which has several learning rules. Offline, a "
                "connection can have one rule, for the encoders and with one error."
            )
        if isinstance(rule, BurstLearning):
            self._refuse(
                f"is preceded by {encode}, whose rule is BurstLearning. Offline, there are "
                "no bursts to learn from. Let it learn in a nengo.Simulator, or give the "
                "connection nengo_fa.FeedbackAlignment(size_in="
                f"{self._connection.size_out}), which makes the same updates on average."
            )
        self._check_arrays(encode, rule)
        forward = get_forward_connection(rule)
        if forward is not None and forward is not following:
            self._refuse(
                f"is preceded by {encode}, whose rule reads the weights of another "
                f"connection, {forward}, instead of {following}. Train that connection, or "
                "change the rule."
            )
        if not isinstance(encode.transform, (Dense, NoTransform)):
            self._refuse(
                f"is preceded by {encode}, which has a {type(encode.transform).__name__} "
                "transform. Use a dense transform, or a node that has the transformed input "
                "as its output."
            )

    def _check_arrays(self, encode, rule):
        """Refuse a rule that needs signals that samples do not determine."""
        name, remedy = type(rule).__name__, "Let it learn in a nengo.Simulator"
        known = set(ARRAYS)
        if not isinstance(rule, ProjectedErrorRule):
            known.discard("projected_error")
        if rule.make_state(encode.post_obj.n_neurons):
            self._refuse(
                f"is preceded by {encode}, whose rule {name} has a state. Offline, samples "
                f"have no order in time. {remedy}, or write the rule without a state."
            )
        unknown = [array for array in rule.arrays if array not in known]
        if unknown:
            self._refuse(
                f"is preceded by {encode}, whose rule {name} reads {', '.join(unknown)}. "
                f"Offline, a rule can read {', '.join(sorted(known))}. {remedy}, or compute "
                "its error from these arrays."
            )

    def _check_synapse(self, other):
        if not _lets_through(other.synapse):
            self._refuse(
                f"cannot be computed for samples, because the synapse of {other} changes a "
                "constant input. Samples are assumed to be constant until filters have "
                "settled. Use a synapse with a gain of one, such as nengo.Lowpass."
            )

    def _check_relay(self, node):
        """Refuse a path that begins at a node that only passes on the output of a layer."""
        if node.output is not None:
            return
        for other in self._all:
            ensemble = get_ensemble(other.pre_obj)
            if other.post_obj is not node or ensemble is None:
                continue
            if self._is_taught(ensemble):
                self._refuse(
                    f"is preceded by {node}, and before it by {ensemble}, which is taught "
                    "as well. Connect the two layers without a node between them, or "
                    "remove the rule of the first layer."
                )

    def _check_no_loop(self, ensemble):
        """Refuse an ensemble whose output returns to it without a function of a node."""
        reached = [ensemble]
        for obj in reached:  # the list grows
            for other in self._all:
                if get_ensemble(other.pre_obj) is not obj and other.pre_obj is not obj:
                    continue
                post = get_ensemble(other.post_obj) or other.post_obj
                if post is ensemble:
                    self._refuse(
                        f"is part of a loop: {other} leads back to {ensemble}. Offline, "
                        "each sample passes through the network once. Train without the "
                        "loop, or learn online."
                    )
                # the output of a node with a function need not depend on its input
                carries_on = isinstance(post, Ensemble) or (
                    not isinstance(post, LearningRule) and post.output is None
                )
                if carries_on and not any(post is known for known in reached):
                    reached.append(post)

    def _find_source(self, encode, following):
        """Return the node of the next layer that delivers the error, or None: the output."""
        (rule,) = get_rule_types(encode)
        if not isinstance(rule, ProjectedErrorRule):
            return None
        into = self._find_into_rule(encode)
        wires = [other for other in into if isinstance(other.pre_obj, ErrorNode)]
        if wires and len(into) > 1:
            self._refuse(
                f"is preceded by {encode}, whose rule has errors from several nodes. "
                "Offline, one node is possible."
            )
        if wires:
            self._check_wire(*wires, encode, following)
            return wires[0].pre_obj
        self._check_not_relayed(encode, [other.pre_obj for other in into])
        if isinstance(rule, Backprop):
            return BackpropagatedError(_get_rule(following), add_to_container=False)
        self._check_size(
            encode,
            "Connect the nengo_fa.NeuronError of the next layer to the rule; or set size_in "
            "of the rule to the size of the output, for direct feedback alignment.",
        )
        return None

    def _check_wire(self, wire, encode, following):
        """Refuse an error node of another layer, and an error that is changed on the way."""
        node = wire.pre_obj
        if node.rule != _get_rule(following):
            self._refuse(
                f"is preceded by {encode}, whose rule has the error of {node}, which does "
                f"not belong to the next layer. Create the node from the rule of {following}."
            )
        plain = (
            isinstance(wire.transform, NoTransform)
            and wire.function is None
            and is_whole(wire.pre_slice, node.size_out)
            and _lets_through(wire.synapse)
        )
        if not plain:
            self._refuse(
                f"is preceded by {encode}, whose rule receives the error of {node}, changed "
                f"by {wire}. Offline, such changes are not possible. Include a factor in the "
                "learning rate or in the feedback weights instead."
            )

    def _check_not_relayed(self, encode, objects):
        """Refuse the error of an error node that reaches the rule through other objects."""
        known = [get_ensemble(obj) or obj for obj in objects]
        for obj in known:  # the list grows
            if isinstance(obj, ErrorNode):
                self._refuse(
                    f"is preceded by {encode}, whose rule receives the error of {obj} "
                    "through other objects. Offline, connect the node directly to the rule."
                )
            if isinstance(obj, nengo.Node) and obj.output is not None:
                continue
            for other in self._all:
                pre = get_ensemble(other.pre_obj) or other.pre_obj
                leads_here = (get_ensemble(other.post_obj) or other.post_obj) is obj
                if leads_here and not any(pre is one for one in known):
                    known.append(pre)

    def _check_last(self, encode):
        into = self._find_into_rule(encode)
        if any(isinstance(other.pre_obj, ErrorNode) for other in into):
            self._refuse(
                f"is preceded by {encode}, whose rule has the error of an error node. The "
                "last layer learns from the error of the output."
            )
        self._check_size(encode, "Set size_in of the rule to the size of the output.")

    def _check_size(self, encode, remedy):
        """Refuse a rule whose error has another size than the error of the output."""
        (rule,), size = get_rule_types(encode), self._connection.size_out
        if isinstance(rule, ProjectedErrorRule) and rule.size_in != size:
            self._refuse(
                f"has {size} dimensions, but the rule of {encode} takes an error of "
                f"{rule.size_in}. {remedy}"
            )


def _get_rule(connection):
    """Return the rule of a connection with one rule, which may be in a list."""
    (rule_type,) = get_rule_types(connection)
    return LearningRule(connection, rule_type)


def _has_encoder_rule(connection):
    rules = get_rule_types(connection)
    return any(isinstance(rule, (EncoderLearningRule, BurstLearning)) for rule in rules)


def _lets_through(synapse):
    """Return whether a synapse does not change a constant input, once it has settled."""
    if not isinstance(synapse, nengo.LinearFilter):
        return True
    numerator, denominator = np.atleast_1d(synapse.num), np.atleast_1d(synapse.den)
    if synapse.analog:
        numerator, denominator = numerator[-1:], denominator[-1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.isclose(np.sum(numerator) / np.sum(denominator), 1)
