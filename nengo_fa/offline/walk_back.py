"""The way from an input to an output connection, through the ensembles that are taught."""

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

#: What an encoder rule can read offline.
ARRAYS = {"projected_error", "derivative", "current", "output"}


def find_path(connection, network=None, seed=None):
    """Walk back from an output connection, past all encoder rules in a row before it.

    Parameters
    ----------
    connection : nengo.Connection
        From the last taught ensemble to the output.
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
        If there is no path that can be trained; the message says what to change.
    nengo.exceptions.BuildError
        If the network cannot be built.
    """
    (path,) = find_paths([connection], network, seed)
    return path


def find_paths(connections, network=None, seed=None):
    """As `find_path`, for several output connections of one network, which is built once."""
    network = _check_networks(connections, network)
    layers = [WalkBack(connection, network).find_layers() for connection in connections]
    model = _build(network, seed)
    return [
        _make_path(model, connection, *of_path)
        for connection, of_path in zip(connections, layers)
    ]


def _make_path(model, connection, encodes, sources):
    """The path to an output connection of a built model."""
    stages = [
        _make_stage(model, encode, following, source)
        for encode, following, source in zip(encodes, [*encodes[1:], None], sources)
    ]
    return Path(stages=tuple(stages), decode=connection, model=model)


def find_ways(connections, network=None, seed=None):
    """Walk back from connections to where samples enter, with rules or without.

    Takes what `find_paths` does, and raises the same.

    Returns
    -------
    ways : list of list of nengo.Connection
        From the input to each of the connections given.
    model : nengo.builder.Model
        The built network.
    """
    network = _check_networks(connections, network)
    ways = [WalkBack(other, network).find_connections() for other in connections]
    return ways, _build(network, seed)


def _check_networks(connections, network):
    """Return the network that holds all connections, which is searched for once."""
    for connection in connections:
        network = _check_network(connection, network)
    return network


def _check_network(connection, network):
    """Return the network that holds a connection; refuse another one."""
    if not isinstance(connection, Connection):
        raise ValidationError(
            "Must be the connection from the ensemble to the output, a single one "
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
    """Build a network, as a simulator would, without making one."""
    model, own_seed = Model(), network.seed
    try:
        if own_seed is None:
            network.seed = seed
        model.build(network)
    finally:
        network.seed = own_seed
    return model


def _make_stage(model, encode, following, source):
    """The taught layer of a built model; nothing follows the last."""
    (rule,) = get_rule_types(encode)
    feedback = None
    if isinstance(rule, FeedbackAlignment):
        feedback = model.params[_get_rule(encode)].feedback
    elif following is not None:
        feedback = find_decoders(model, following)
    return Stage(encode, rule, source, feedback, find_seed(model, _get_rule(encode)))


class WalkBack:
    """The way back from an output connection, with a look at all that must not be there."""

    def __init__(self, connection, network):
        self._connection = connection
        self._all = network.all_connections

    def find_layers(self):
        """Walk back, check each layer, and return them from the input to the output.

        Returns the connections with encoder rules, and the node that the error of each
        comes from, None for the output.
        """
        ensemble = get_ensemble(self._connection.pre_obj)
        if ensemble is None or isinstance(ensemble.neuron_type, Direct):
            self._refuse(
                f"leaves {self._connection.pre_obj}, but must leave an ensemble of "
                "neurons, whose encoders are to be learned"
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
        """Walk back to where samples enter, and return the connections from there on.

        They enter where those of training do: where the first connection with an encoder
        rule begins. Without a rule, they enter at the first node.
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
        """Refuse what leads to neurons past their encoders, or is not a matrix."""
        past = isinstance(other.post_obj, Neurons) or (
            is_decoded(other) and is_between_neurons(other)
        )
        if past and other is not self._connection:
            self._refuse(
                f"is preceded by {other}, which leads to neurons past their encoders. "
                "Connect to the ensemble, with a solver that has weights=False."
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
        """The connections with encoder rules on the way to an ensemble, the first first."""
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
        """The one connection into an ensemble, with an encoder rule."""
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
        """Refuse connections to an ensemble beside the one that is taught."""
        others = ", ".join(str(other) for other in into if other is not taught)
        before = [get_ensemble(other.pre_obj) for other in into]
        if any(pre is not None and self._is_taught(pre) for pre in before):
            remedy = (
                "Offline, a layer that is taught has one connection into it: train "
                "without the others, or online."
            )
        else:
            remedy = (
                "The samples are the input of one connection only; bring all input "
                "together in a node before it."
            )
        self._refuse(
            f"is preceded by {ensemble}, into which more leads than {taught}: "
            f"{others}. {remedy}"
        )

    def _find_into(self, ensemble):
        ends = ensemble, ensemble.neurons
        return [other for other in self._all if other.post_obj in ends]

    def _find_into_rule(self, encode):
        """The connections to the rule of a layer."""
        rule = _get_rule(encode)
        return [other for other in self._all if other.post_obj == rule]

    def _is_taught(self, ensemble):
        return any(_has_encoder_rule(other) for other in self._find_into(ensemble))

    def _check_rule(self, encode, following):
        """Refuse what a connection with a rule must not have."""
        rule, *others = get_rule_types(encode)
        if others:
            self._refuse(
                f"is preceded by {encode}, which has several learning rules. Offline, "
                "there can be one: with one error, for the encoders."
            )
        if isinstance(rule, BurstLearning):
            self._refuse(
                f"is preceded by {encode}, whose rule is BurstLearning. Offline there are "
                "no bursts to learn from: let it learn in a nengo.Simulator, or give the "
                "connection nengo_fa.FeedbackAlignment(size_in="
                f"{self._connection.size_out}), which does the same on average."
            )
        self._check_arrays(encode, rule)
        forward = get_forward_connection(rule)
        if forward is not None and forward is not following:
            self._refuse(
                f"is preceded by {encode}, whose rule looks at the weights of another "
                f"connection, {forward}, and not at those of {following}. Train that "
                "one, or change the rule."
            )
        if not isinstance(encode.transform, (Dense, NoTransform)):
            self._refuse(
                f"is preceded by {encode}, which has a {type(encode.transform).__name__} "
                "transform. Use a dense transform, or bring the transformed input to a "
                "node before it."
            )

    def _check_arrays(self, encode, rule):
        """Refuse a rule that needs to know more than there is for samples."""
        name, remedy = type(rule).__name__, "Let it learn in a nengo.Simulator"
        known = set(ARRAYS)
        if not isinstance(rule, ProjectedErrorRule):
            known.discard("projected_error")
        if rule.make_state(encode.post_obj.n_neurons):
            self._refuse(
                f"is preceded by {encode}, whose rule {name} has a state. Offline, samples "
                f"do not follow each other in time. {remedy}, or write it without a state."
            )
        unknown = [array for array in rule.arrays if array not in known]
        if unknown:
            self._refuse(
                f"is preceded by {encode}, whose rule {name} reads {', '.join(unknown)}. "
                f"Offline, known are {', '.join(sorted(known))}. {remedy}, or compute its "
                "error from these."
            )

    def _check_synapse(self, other):
        if not _lets_through(other.synapse):
            self._refuse(
                f"cannot be computed for samples, as the synapse of {other} does not let "
                "a constant through as it is. Samples are held until filters have settled; "
                "use a synapse with a gain of one, such as nengo.Lowpass."
            )

    def _check_relay(self, node):
        """Refuse a path that begins at a node which only passes on what a layer sends."""
        if node.output is not None:
            return
        for other in self._all:
            ensemble = get_ensemble(other.pre_obj)
            if other.post_obj is not node or ensemble is None:
                continue
            if self._is_taught(ensemble):
                self._refuse(
                    f"is preceded by {node}, and before it by {ensemble}, which is taught "
                    "as well. Connect the two layers without a node between them; or "
                    "remove the rule of the first."
                )

    def _check_no_loop(self, ensemble):
        """Refuse an ensemble whose output comes back to it without a function between."""
        reached = [ensemble]
        for obj in reached:  # which grows
            for other in self._all:
                if get_ensemble(other.pre_obj) is not obj and other.pre_obj is not obj:
                    continue
                post = get_ensemble(other.post_obj) or other.post_obj
                if post is ensemble:
                    self._refuse(
                        f"is part of a loop: {other} leads back to {ensemble}. Offline, "
                        "each sample passes the network once; train without the loop."
                    )
                # what a node's function makes of its input is the user's own affair
                carries_on = isinstance(post, Ensemble) or (
                    not isinstance(post, LearningRule) and post.output is None
                )
                if carries_on and not any(post is known for known in reached):
                    reached.append(post)

    def _find_source(self, encode, following):
        """Return the node of the next layer that brings the error, or None: the output."""
        (rule,) = get_rule_types(encode)
        if not isinstance(rule, ProjectedErrorRule):
            return None
        into = self._find_into_rule(encode)
        wires = [other for other in into if isinstance(other.pre_obj, ErrorNode)]
        if wires and len(into) > 1:
            self._refuse(
                f"is preceded by {encode}, whose rule has errors from several nodes. "
                "Offline, there can be one."
            )
        if wires:
            self._check_wire(*wires, encode, following)
            return wires[0].pre_obj
        self._check_not_relayed(encode, [other.pre_obj for other in into])
        if isinstance(rule, Backprop):
            return BackpropagatedError(_get_rule(following), add_to_container=False)
        self._check_size(
            encode,
            "Connect to it the nengo_fa.NeuronError of the next layer; or let size_in of "
            "the rule be the size of the output, for direct feedback alignment.",
        )
        return None

    def _check_wire(self, wire, encode, following):
        """Refuse an error node of another layer, or one that does not come as it is."""
        node = wire.pre_obj
        if node.rule != _get_rule(following):
            self._refuse(
                f"is preceded by {encode}, whose rule has the error of {node}, which "
                f"is not about the layer behind it. Make the node of the rule of "
                f"{following}."
            )
        plain = (
            isinstance(wire.transform, NoTransform)
            and wire.function is None
            and is_whole(wire.pre_slice, node.size_out)
            and _lets_through(wire.synapse)
        )
        if not plain:
            self._refuse(
                f"is preceded by {encode}, whose rule has the error of {node} changed on "
                f"the way, by {wire}. Offline, it is taken as it is: put a factor into "
                "the learning rate, or into the feedback weights."
            )

    def _check_not_relayed(self, encode, objects):
        """Refuse the error of a node that comes to the objects by way of others."""
        known = [get_ensemble(obj) or obj for obj in objects]
        for obj in known:  # which grows
            if isinstance(obj, ErrorNode):
                self._refuse(
                    f"is preceded by {encode}, to whose rule the error of {obj} does not "
                    "come directly. Offline, it is taken as it is: connect the node to "
                    "the rule, without anything between them."
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
                f"is preceded by {encode}, whose rule has the error of a node. It is the "
                "last layer, to which the error of the output belongs."
            )
        self._check_size(encode, "Let size_in of the rule be the size of the output.")

    def _check_size(self, encode, remedy):
        """Refuse a rule that takes an error of another size than that of the output."""
        (rule,), size = get_rule_types(encode), self._connection.size_out
        if isinstance(rule, ProjectedErrorRule) and rule.size_in != size:
            self._refuse(
                f"has {size} dimensions, but the rule of {encode} takes an error of "
                f"{rule.size_in}. {remedy}"
            )


def _get_rule(connection):
    """The rule of a connection that has one only, also if that is in a list."""
    (rule_type,) = get_rule_types(connection)
    return LearningRule(connection, rule_type)


def _has_encoder_rule(connection):
    rules = get_rule_types(connection)
    return any(isinstance(rule, (EncoderLearningRule, BurstLearning)) for rule in rules)


def _lets_through(synapse):
    """Whether a constant input of one comes through a synapse, once it has settled."""
    if not isinstance(synapse, nengo.LinearFilter):
        return True
    numerator, denominator = np.atleast_1d(synapse.num), np.atleast_1d(synapse.den)
    if synapse.analog:
        numerator, denominator = numerator[-1:], denominator[-1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.isclose(np.sum(numerator) / np.sum(denominator), 1)
