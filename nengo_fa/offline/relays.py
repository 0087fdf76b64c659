"""The object at which several paths meet, through nodes that pass on their input."""

import numpy as np
from nengo.node import Node

from nengo_fa.rules.relays import is_relay, is_whole, passes_on


def find_meeting(starts, network, back=False):
    """Return the nearest object to which all paths lead, and their dimensions there.

    Parameters
    ----------
    starts : list of (object, ndarray)
        The objects and dimensions at which the paths begin.
    network : nengo.Network
    back : bool, optional
        Whether to follow the paths backward, to the source of the objects' input.

    Returns
    -------
    meeting : object or None
        None if the paths do not meet.
    dimensions : list of ndarray
    """
    find_next = _find_before if back else _find_behind
    ways = [[start] for start in starts]
    for way in ways:
        for obj, dimensions in way:  # which grows
            if is_relay(obj):
                way += find_next(obj, dimensions, network.all_connections)
    for obj, _ in ways[0]:
        found = [_get_dimensions(way, obj) for way in ways]
        if all(dimensions is not None for dimensions in found):
            return obj, found
    return None, []


def _get_dimensions(way, obj):
    return next((dimensions for other, dimensions in way if other is obj), None)


def _find_behind(node, dimensions, connections):
    """Return the objects to which a node passes on its input, with the dimensions there."""
    behind = [
        other for other in connections if other.pre_obj is node and passes_on(other)
    ]
    posts = [(other.post_obj, other.post_slice) for other in behind]
    return [(obj, np.arange(obj.size_in)[part][dimensions]) for obj, part in posts]


def _find_before(node, dimensions, connections):
    """Return, in a list, the only node that sends a node its input, with dimensions."""
    into = [other for other in connections if other.post_obj is node]
    if len(into) != 1 or not isinstance(into[0].pre_obj, Node):
        return []
    (other,), pre = into, into[0].pre_obj
    # the input may be a part of the output of that node
    plain = passes_on(other, is_part=True) and is_whole(other.post_slice, node.size_in)
    return (
        [(pre, np.arange(pre.size_out)[other.pre_slice][dimensions])] if plain else []
    )
