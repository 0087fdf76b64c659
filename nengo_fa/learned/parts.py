"""The parts of a network that are kept, and the arrays of each part."""

from nengo.ensemble import Ensemble, Neurons
from nengo.neurons import Direct
from nengo.transforms import Dense, NoTransform

from nengo_fa.checks import check_network
from nengo_fa.learned.scaling import Scaling
from nengo_fa.rules.connections import get_rule_types


def find_parts(network):
    """Return the ensembles and connections of a network by their keys.

    These include ensembles outside of the network that its connections decode or teach.
    """
    check_network(network)
    inside, connections = dict.fromkeys(network.all_ensembles), network.all_connections
    reached = dict.fromkeys(e for c in connections for e in _find_reached(c))
    parts = {
        "ensemble": inside,
        "outside": [ensemble for ensemble in reached if ensemble not in inside],
        "connection": connections,
    }
    return {f"{kind}{i}": obj for kind in parts for i, obj in enumerate(parts[kind])}


def _find_reached(connection):
    """Yield the ensembles whose parameters belong to a learned connection."""
    pre, post = connection.pre_obj, connection.post_obj
    if has_weights(connection) and isinstance(pre, (Ensemble, Neurons)):
        yield pre.ensemble if isinstance(pre, Neurons) else pre
    rules = get_rule_types(connection)
    if any(getattr(rule, "modifies", None) == "encoders" for rule in rules):
        yield post


def get_shapes(part):
    """Return the shapes of the arrays that are kept for an ensemble or a connection."""
    shapes = {"seed": ()}
    if not isinstance(part, Ensemble):
        if has_weights(part):
            shapes["weights"] = _get_weights_shape(part)
        if has_scaling(part):
            shapes["mean"] = shapes["scale"] = part.function.mean.shape
    elif not isinstance(part.neuron_type, Direct):
        shapes["encoders"] = (part.n_neurons, part.dimensions)
        shapes["gain"] = shapes["bias"] = (part.n_neurons,)
    return shapes


def has_weights(connection):
    """Return whether the weights of a connection may have been learned or solved."""
    if is_decoded(connection):
        return isinstance(connection.transform, (Dense, NoTransform))
    return isinstance(connection.transform, Dense) and connection.learning_rule_type


def has_scaling(part):
    """Return whether a connection scales the output of a node."""
    function = getattr(part, "function", None)
    return isinstance(function, Scaling) and not is_decoded(part)


def is_decoded(connection):
    """Return whether a connection has decoders, or full weights instead."""
    pre = connection.pre_obj
    return isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct)


def is_between_neurons(connection):
    """Return whether the solver of a decoded connection finds full weights."""
    return connection.solver.weights and isinstance(connection.post_obj, Ensemble)


def _get_weights_shape(connection):
    if not is_decoded(connection):
        return connection.transform.init_shape
    size_out, post = connection.size_out, connection.post_obj
    if is_between_neurons(connection):
        direct = isinstance(post.neuron_type, Direct)
        size_out = post.dimensions if direct else post.n_neurons
    return (size_out, connection.pre_obj.n_neurons)
