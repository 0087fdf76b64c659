"""Samples for several output connections that share an input and an output."""

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.offline.arguments import check_array
from nengo_fa.offline.relays import find_meeting


def check_connections(connections):
    """Return several connections as a list, which must not be empty."""
    connections = list(connections)
    if not connections:
        raise ValidationError(
            "There must be at least one connection (got none)", attr="connection"
        )
    return connections


def split_samples(paths, x, y, validation, test):
    """Return the samples for each path: x, y, and the validation and test samples.

    Raises ValidationError if the connections do not begin and end at the same objects
    (possibly through nodes that pass on their input), or if several connections lead to
    the same dimension of the output.
    """
    return [
        (
            share.take_input(x, "x"),
            share.take_output(y, "y"),
            share.take_pair(validation, "validation"),
            share.take_pair(test, "test"),
        )
        for share in find_shares(paths)
    ]


class Share:
    """The dimensions of the common samples that belong to one path."""

    def __init__(self, path, begin, inputs, end, outputs):
        decode = path.decode
        self._begin, self._end = begin, end
        self.size_out = end.size_in
        # whole arrays and slices, without copies
        self._inputs = slice(None) if path.encode.pre_obj is begin else inputs
        self._outputs = decode.post_slice if decode.post_obj is end else outputs

    def take_input(self, x, name):
        """Return the part of the inputs that belongs to the path."""
        if isinstance(self._inputs, slice):
            return x  # checked later
        x = check_array(name, x, self._begin.size_out, f"the output of {self._begin}")
        return x[:, self._inputs]

    def take_output(self, y, name):
        """Return the part of the outputs to which the connection of the path leads."""
        y = check_array(name, y, self._end.size_in, f"the desired input of {self._end}")
        return y[:, self._outputs]

    def put_output(self, values, y):
        """Write the outputs of the path to the common outputs, (n_samples, size_in)."""
        y[:, self._outputs] = values

    def take_pair(self, pair, name):
        """Return the part of a pair of inputs and outputs that belongs to the path."""
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            return pair  # None or a fraction; other values are refused later
        x, y = pair
        return self.take_input(x, f"{name} x"), self.take_output(y, f"{name} y")


def find_shares(paths):
    """Return the share of each path, given its first and last connection."""
    network, first = paths[0].model.toplevel, paths[0].decode
    begins = [path.encode.pre_obj for path in paths]
    ends = [path.decode.post_obj for path in paths]
    begin, inputs = find_meeting(
        [(obj, np.arange(obj.size_out)) for obj in begins], network, back=True
    )
    if begin is None:
        _refuse_other(paths, begins, f"the samples of {first} enter at another object")
    slices = [path.decode.post_slice for path in paths]
    end, outputs = find_meeting(
        [(obj, np.arange(obj.size_in)[part]) for obj, part in zip(ends, slices)],
        network,
    )
    if end is None:
        _refuse_other(paths, ends, f"{first} leads to another object")
    _check_apart(paths, end, outputs)
    return [
        Share(path, begin, taken, end, given)
        for path, taken, given in zip(paths, inputs, outputs)
    ]


def _refuse_other(paths, objects, reason):
    """Refuse a path whose object differs from the object of the first path."""
    others = (path for path, obj in zip(paths, objects) if obj is not objects[0])
    _refuse(next(others), reason)


def _check_apart(paths, end, outputs):
    taken = np.zeros(end.size_in, dtype=int)
    for path, dimensions in zip(paths, outputs):
        # a connection may lead to a dimension twice
        np.add.at(taken, dimensions, 1)
        if taken.max() > 1:
            _refuse(
                path, "another connection leads to the same dimensions of the output"
            )


def _refuse(path, reason):
    raise ValidationError(
        f"{path.decode} cannot be combined with the other connections, because {reason}. "
        "Use a separate call with its own samples.",
        attr="connection",
    )
