"""Samples for several output connections that share an input and an output."""

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.offline.arguments import check_array


def check_connections(connections):
    """Return several connections as a list; refuse to train nothing."""
    connections = list(connections)
    if not connections:
        raise ValidationError(
            "There must be a connection to train (got none)", attr="connection"
        )
    return connections


def split_samples(paths, x, y, validation, test):
    """Return the samples for each path: x, y, and what `.train` validates and tests with.

    Raises ValidationError if the connections do not begin and end at the same objects, or
    if several lead to the same dimension of the output.
    """
    _check_ends(paths)
    return [
        (
            x,
            _take(path, y, "y"),
            _take_pair(path, validation, "validation"),
            _take_pair(path, test, "test"),
        )
        for path in paths
    ]


def _check_ends(paths):
    first = paths[0]
    for path in paths[1:]:
        if path.encode.pre_obj is not first.encode.pre_obj:
            _refuse(path, f"the samples of {first.decode} enter at another object")
        if path.decode.post_obj is not first.decode.post_obj:
            _refuse(path, f"{first.decode} leads to another object")
    taken = np.zeros(first.decode.post_obj.size_in, dtype=int)
    for path in paths:
        # of dimensions that a connection has twice, each counts
        np.add.at(taken, np.arange(len(taken))[path.decode.post_slice], 1)
        if taken.max() > 1:
            _refuse(path, "others lead to the same dimensions of the output")


def _refuse(path, reason):
    raise ValidationError(
        f"{path.decode} cannot be trained with the others, as {reason}. Train it in a "
        "call of its own, with its own samples.",
        attr="connection",
    )


def _take(path, y, name):
    """The part of the outputs that the connection of a path leads to."""
    post = path.decode.post_obj
    y = check_array(name, y, post.size_in, f"what {post} is to receive")
    return y[:, path.decode.post_slice]


def _take_pair(path, pair, name):
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        return pair  # none, or a fraction; all else is refused where it is used
    return pair[0], _take(path, pair[1], f"{name} y")
