"""How the ensembles and connections of a saved network are found in another network."""

import json
import re
from itertools import groupby
from operator import itemgetter

import numpy as np
from nengo.connection import LearningRule
from nengo.dists import Distribution
from nengo.ensemble import Ensemble, Neurons

from nengo_fa.learned.parts import find_parts, get_shapes

KINDS = "ensembles", "connections"
KEY = re.compile(r"(ensemble|outside|node|connection)(\d+)")


class Misfit(Exception):
    """A difference between a saved network and the network it is loaded into."""


def describe(network):
    """Return the properties that a network must share with the saved network."""
    parts = find_parts(network)
    keys = {id(part): key for key, part in parts.items()}
    keys.update({id(node): f"node{i}" for i, node in enumerate(network.all_nodes)})

    def describe_end(obj, view):
        if isinstance(obj, LearningRule):
            return f"learning rule of {keys.get(id(obj.connection), 'another')}"
        neurons = isinstance(obj, Neurons)
        key = keys.get(id(obj.ensemble if neurons else obj), "another")
        return f"{key}{'.neurons' if neurons else ''}[{view}]"

    description = {"ensembles": {}, "connections": {}}
    for key, part in parts.items():
        if isinstance(part, Ensemble):
            description["ensembles"][key] = {
                "label": part.label,
                "n_neurons": int(part.n_neurons),
                "dimensions": int(part.dimensions),
                "radius": float(part.radius),
                "neuron_type": _describe_neuron_type(part.neuron_type),
            }
        else:
            description["connections"][key] = {
                "label": part.label,
                "size_in": int(part.size_in),
                "size_out": int(part.size_out),
                "pre": describe_end(part.pre_obj, part.pre_slice),
                "post": describe_end(part.post_obj, part.post_slice),
            }
    return description


def _describe_neuron_type(neuron_type):
    description = repr(neuron_type)
    return type(neuron_type).__name__ if " at 0x" in description else description


def find_saved_parts(saved, network):
    """Find the parts of a saved network in another network, by their keys in the file.

    The other network may have additional parts and nodes, but must have the same order, and
    the assignment must be unique. Impossible candidates are excluded until no more can be
    excluded.
    """
    here = describe(network)
    (looks, ends), (looks_here, ends_here) = _analyse(saved), _analyse(here)
    candidates = _find_alike(looks, looks_here)
    size = None
    while size != (size := sum(map(len, candidates.values()))):
        for key in candidates:
            if not candidates[key]:
                _refuse("".join(map(str, key)), saved, here)
        _keep_order(candidates)
        for key in ends:
            _keep_ends(candidates, key, ends[key], ends_here)
    return _choose(candidates, find_parts(network))


def _choose(candidates, parts):
    """Return the only candidate for each part, or any if no parameter depends on it."""
    chosen = {}
    for (kind, number), numbers in candidates.items():
        keys = [f"{kind}{i}" for i in sorted(numbers)]
        if kind != "node":
            chosen[f"{kind}{number}"] = parts[keys[0]]
            if len(keys) > 1 and _is_special(parts[keys[0]]):
                raise Misfit(
                    f"its {kind}{number} could be {' or '.join(keys)} of the network. "
                    "Give a label to the objects that have been added"
                )
    return chosen


def _is_special(part):
    """Return whether a part has learned, solved or random parameters."""
    return (
        isinstance(part, Ensemble)
        or len(get_shapes(part)) > 1
        or part.learning_rule_type is not None
        or isinstance(getattr(part.transform, "init", None), Distribution)
    )


def _find_alike(looks, looks_here):
    """Return the numbers of the parts that look like each part of the file."""
    candidates = dict.fromkeys(looks)
    for kind, keys in _group(looks):
        n_here = 1 + max((i for k, i in looks_here if k == kind), default=-1)
        n_more = max(0, n_here - len(keys))
        for rank, key in enumerate(keys):
            # the parts before and after it in the file need a place as well
            numbers = range(key[1], rank + n_more + 1)
            candidates[key] = {
                i for i in numbers if looks_here.get((kind, i)) == looks[key]
            }
    return candidates


def _group(keys):
    """Return the keys of each kind, in order."""
    for kind, group in groupby(sorted(keys), itemgetter(0)):
        yield kind, list(group)


def _keep_order(candidates):
    """Exclude candidates that leave no place for parts before or after them."""
    for _, keys in _group(candidates):
        for ordered, sign in (keys, 1), (keys[::-1], -1):
            limit = -np.inf
            for key in ordered:
                candidates[key] = {i for i in candidates[key] if sign * i > limit}
                limit = min((sign * i for i in candidates[key]), default=limit)


def _keep_ends(candidates, key, ends, ends_here):
    """Exclude connections between other parts, and parts without this connection."""
    for which, end in enumerate(ends):
        if end is not None:
            reached = {i: ends_here[key[0], i][which] for i in candidates[key]}
            possible = {(end[0], i) for i in candidates.get(end, ())}
            candidates[key] = {i for i in reached if reached[i] in possible}
            candidates[end] = {reached[i][1] for i in candidates[key]}


def _refuse(missing, saved, here):
    """Raise an error with the difference that explains why a part is missing."""
    (n_saved, n_here) = ([len(net[kind]) for kind in KINDS] for net in (saved, here))
    theirs, ours = ({**net["ensembles"], **net["connections"]} for net in (saved, here))
    if n_saved == n_here:
        for key in theirs:
            for name, value in ours.get(key, {}).items():
                if theirs[key].get(name) != value:
                    raise Misfit(
                        f"{key} has {name} {theirs[key].get(name)!r} in the file and "
                        f"{value!r} in the network"
                    )
    raise Misfit(
        "it contains {} ensembles and {} connections, but the network has {} and {}, and "
        "no {} in its place: {}".format(*n_saved, *n_here, missing, theirs.get(missing))
    )


def _analyse(description):
    """Return how all parts look, and which parts the connections join.

    Parts are named by their kind and number, such as ``("node", 0)``.
    """
    looks, ends = {}, {}
    for key, ensemble in description["ensembles"].items():
        looks[_find_key(key)] = json.dumps(ensemble, sort_keys=True)
    for key, connection in description["connections"].items():
        look = {name: _hide_number(name, value) for name, value in connection.items()}
        key = _find_key(key)
        looks[key] = json.dumps(look, sort_keys=True)
        ends[key] = [_find_key(connection[end]) for end in ("pre", "post")]
        for end in ends[key]:
            if end is not None and end[0] == "node":
                looks[end] = ""
    return looks, ends


def _find_key(text):
    """Return the kind and number that a text names, or None."""
    match = KEY.search(text)
    return match and (match[1], int(match[2]))


def _hide_number(name, value):
    """Return how the end of a connection looks, without the number of its part."""
    if name not in ("pre", "post"):
        return value
    return KEY.sub(lambda m: "another" if m[1] == "outside" else m[1], value, count=1)
