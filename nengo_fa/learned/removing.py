"""Remove learning rules from a network that has learned."""

import nengo
from nengo.connection import Connection, LearningRule

from nengo_fa.checks import check_network
from nengo_fa.rules.error_nodes import ErrorNode
from nengo_fa.rules.learning_signals import LearningSignal

#: Nodes without a purpose where nothing learns.
TEACHING = (ErrorNode, LearningSignal)


def remove_learning_rules(network: nengo.Network) -> None:
    """Remove all learning rules from a network, so that any simulator of Nengo can run it.

    Learned parameters stay: call this function after `.freeze_params`, `.load` or `.train`.

    Parameters
    ----------
    network : nengo.Network
        The network, which is changed in place, together with all networks in it. Connections
        no longer have a learning rule. The connections to and from these rules are removed,
        and so are probes on them and the nodes `.BackpropagatedError`, `.NeuronError` and
        `.LearningSignal`.
        Everything else stays, such as the nodes that compute the error.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``network`` is not a network.

    Examples
    --------
    >>> with nengo.Network(seed=1) as network:
    ...     stimulus, error = nengo.Node(0.5), nengo.Node(-0.1)
    ...     hidden = nengo.Ensemble(20, 1)
    ...     encode = nengo.Connection(
    ...         stimulus, hidden, learning_rule_type=nengo_fa.FeedbackAlignment(1))
    ...     to_rule = nengo.Connection(error, encode.learning_rule)
    >>> with nengo.Simulator(network, progress_bar=False) as sim:
    ...     sim.run(0.1)
    ...     nengo_fa.freeze_params(sim, network)
    >>> nengo_fa.remove_learning_rules(network)
    >>> network.connections == [encode] and encode.learning_rule_type is None
    True
    """
    check_network(network)
    for part in [network, *network.all_networks]:
        part.connections[:] = [c for c in part.connections if not _touches_rule(c)]
        part.probes[:] = [p for p in part.probes if not _is_of_learning(p.obj)]
        part.nodes[:] = [n for n in part.nodes if not _is_of_learning(n)]
    for connection in network.all_connections:
        connection.learning_rule_type = None


def _touches_rule(connection: Connection) -> bool:
    return _is_of_learning(connection.pre_obj) or _is_of_learning(connection.post_obj)


def _is_of_learning(obj: object) -> bool:
    """Return whether an object is a learning rule, or a node that only teaches."""
    return isinstance(obj, (LearningRule, *TEACHING))
