"""The network around a connection, of which Nengo does not keep track."""

import gc

import nengo
from nengo.exceptions import ValidationError


def find_network(connection):
    """Return the outermost network that holds a connection.

    Climbs from the connection through the lists that hold it. Objects that do not lead to
    it are left alone: other threads may be about to change them. A ValidationError asks for
    the network if there are several, or if Python's garbage collector sees none.
    """
    outermost, front = [], [connection]
    for obj in front:  # which grows
        holders = _find_holders(obj)
        if not holders and obj is not connection:
            outermost.append(obj)
        front += [other for other in holders if not _is_in(other, front)]
    if len(outermost) == 1:
        return outermost[0]
    if outermost:
        trouble = "There are several networks around it. Say which, with network=..."
    else:
        trouble = (
            "The network around it is gone. Keep a reference to it, as to the model that "
            "is to be simulated; after gc.freeze(), which hides it, give it as "
            "network=..."
        )
    raise ValidationError(f"{connection}: {trouble}", attr="network")


def _find_holders(obj):
    """The networks that list an object among their own."""
    lists = _find_referrers([obj], list)
    objects = _find_referrers(lists, dict)
    # in some versions of Python it is the dictionary of its attributes that has them
    attributes = _find_referrers(objects, dict, nengo.Network)
    networks = {id(n): n for n in attributes if issubclass(type(n), nengo.Network)}
    for network in _find_referrers(attributes, nengo.Network):
        networks[id(network)] = network
    return [
        network
        for network in networks.values()
        if any(_is_in(obj, kind) for kind in network.objects.values())
    ]


def _find_referrers(objects, *types):
    if not objects:
        return []
    return [
        other
        for other in gc.get_referrers(*objects)
        if other is not objects and issubclass(type(other), types)
    ]


def _is_in(obj, objects):
    return any(obj is other for other in objects)
