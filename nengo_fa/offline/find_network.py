"""The network around a connection, which Nengo does not record."""

import gc

import nengo
from nengo.exceptions import ValidationError


def find_network(connection):
    """Return the outermost network that contains a connection.

    The search climbs from the connection through the lists that contain it. It does not
    touch other objects, which other threads may be changing. A ValidationError asks for
    the network if several are found, or if Python's garbage collector knows none.
    """
    outermost, front = [], [connection]
    for obj in front:  # the list grows
        holders = _find_holders(obj)
        if not holders and obj is not connection:
            outermost.append(obj)
        front += [other for other in holders if not _is_in(other, front)]
    if len(outermost) == 1:
        return outermost[0]
    if outermost:
        trouble = "There are several networks around it. Choose one with network=..."
    else:
        trouble = (
            "The network around it was not found. Keep a reference to the network, as to "
            "a model that you simulate. After gc.freeze(), which hides the network, pass "
            "it as network=..."
        )
    raise ValidationError(f"{connection}: {trouble}", attr="network")


def _find_holders(obj):
    """Return the networks whose lists contain an object."""
    lists = _find_referrers([obj], list)
    objects = _find_referrers(lists, dict)
    # in some versions of Python, the dictionary of attributes refers to the lists
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
