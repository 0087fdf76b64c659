"""Nodes that pass on what they receive, and what they pass it on through."""

import numpy as np
from nengo.node import Node
from nengo.transforms import NoTransform


def is_relay(obj):
    """Whether an object is a node that only passes on what it receives."""
    return isinstance(obj, Node) and obj.output is None


def is_whole(a_slice, size):
    """Whether a slice, or a list of int, takes all dimensions in their order."""
    dimensions = np.arange(size)
    return np.array_equal(dimensions[a_slice], dimensions)


def passes_on(connection, is_part=False):
    """Whether a connection passes on what its node sends, or a part of it, as it is."""
    return (
        connection.synapse is None
        and connection.function is None
        and isinstance(connection.transform, NoTransform)
        and (is_part or is_whole(connection.pre_slice, connection.pre_obj.size_out))
    )
