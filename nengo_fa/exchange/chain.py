"""The chain of connections from the input of a network to an output."""

from nengo.connection import Connection, LearningRule
from nengo.ensemble import Ensemble
from nengo.exceptions import ValidationError
from nengo.network import Network
from nengo.node import Node

from nengo_fa.offline.find_network import find_network
from nengo_fa.offline.paths import get_ensemble
from nengo_fa.rules.connections import get_rule_types


def find_chain(target, network=None):
    """Return the connections from the input of a network to an output, in order.

    Parameters
    ----------
    target : nengo.Network or nengo.Connection
        A network that is a chain as a whole, or the last connection of a chain.
    network : nengo.Network, optional
        The network around the connection. By default, it is found in Python's memory.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the connections are not a chain, or the network has parts off the chain.
    """
    if isinstance(target, Network):
        chain = _walk_back(_find_output(target), target)
        _refuse_the_rest(target, chain)
        return chain
    if not isinstance(target, Connection):
        raise ValidationError(
            f"Must be a nengo.Network or a nengo.Connection (got {target!r})",
            attr="target",
        )
    network = find_network(target) if network is None else network
    if not isinstance(network, Network) or target not in network.all_connections:
        raise ValidationError(
            f"Must be the nengo.Network that contains {target} (got {network!r})",
            attr="network",
        )
    return _walk_back(target, network)


def _find_output(network):
    """Return the connection of a network to a node that no connection leaves."""
    sources = {connection.pre_obj for connection in network.all_connections}
    outputs = [
        connection
        for connection in network.all_connections
        if isinstance(connection.post_obj, Node) and connection.post_obj not in sources
    ]
    if len(outputs) != 1:
        raise ValidationError(
            "The network must have one connection to an output, which is a node that no "
            f"connection leaves, but has {len(outputs)}. Pass the connection that leads to "
            "the output instead of the network.",
            attr="target",
            obj=network,
        )
    return outputs[0]


def _walk_back(output, network):
    chain = [output]
    while True:
        before = _find_before(chain[0].pre_obj, network)
        if before is None:
            return chain
        if before in chain:
            raise ValidationError(
                f"{before} closes a loop, but only chains can be exported",
                attr="target",
            )
        chain.insert(0, before)


def _find_before(obj, network):
    """Return the connection that leads to a node or ensemble, or None at the input."""
    inputs = [
        connection
        for connection in network.all_connections
        if obj in (connection.post_obj, get_ensemble(connection.post_obj))
    ]
    if len(inputs) > 1:
        raise ValidationError(
            f"Several connections lead to {obj}: {', '.join(map(str, inputs))}. Only "
            "chains, in which each object has one input, can be exported.",
            attr="target",
        )
    if isinstance(obj, Ensemble) and not inputs:
        raise ValidationError(
            f"Nothing is connected to {obj}. A chain begins at a node: connect one to "
            "the ensemble.",
            attr="target",
        )
    return inputs[0] if inputs else None


def _refuse_the_rest(network, chain):
    """Refuse a network with parts that would not be exported."""
    kept = {*chain, chain[-1].post_obj, *(connection.pre_obj for connection in chain)}
    parts = network.all_connections + network.all_ensembles + network.all_nodes
    rest = [part for part in parts if part not in kept]
    rest += [
        LearningRule(connection, rule_type)
        for connection in chain
        for rule_type in get_rule_types(connection)
        if rule_type is not None
    ]
    if chain[-1].post_obj.output is not None:
        rest.append(f"the function of {chain[-1].post_obj}")
    if rest:
        raise ValidationError(
            "The network has parts that are not on the chain to the output: "
            f"{', '.join(map(str, rest))}. To export the chain alone, pass its last "
            f"connection instead of the network: {chain[-1]}.",
            attr="target",
            obj=network,
        )
