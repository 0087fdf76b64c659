"""Read chains of ensembles from NIR graphs."""

from typing import TYPE_CHECKING

import nengo
import numpy as np
from nengo.dists import Choice
from nengo.exceptions import ValidationError
from nengo.solvers import NoSolver

from nengo_fa.exchange.to_nir import check_dt, import_nir

if TYPE_CHECKING:
    import nir


def from_nir(graph: "nir.NIRGraph", dt: float | None = None) -> nengo.Network:
    """Return a network that computes what an NIR graph describes.

    Parameters
    ----------
    graph : nir.NIRGraph
        A chain of ``Affine``, ``Linear``, ``LIF`` and ``LI`` nodes, from `to_nir` or read
        from a file with ``nir.read``.
    dt : float, optional
        Time step of the simulator for which the graph was written, as in `to_nir`. By
        default, it is taken from the ``metadata`` of the graph.

    Returns
    -------
    nengo.Network
        A frozen network with the nodes ``input`` and ``output``, and an ensemble for each
        ``LIF`` node. A graph does not contain the value that an ensemble represents: the
        encoders are the weights of the ``Affine`` node, and gains and radius are one.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the graph is not a chain, if it contains other nodes, or neurons and integrators
        that Nengo does not have, such as those with a leak voltage, or if the time step is
        not known.
    ImportError
        If the package nir is not installed.

    Examples
    --------
    >>> import nir
    >>> ones, zeros = np.ones(20), np.zeros(20)
    >>> graph = nir.NIRGraph.from_list(
    ...     nir.Affine(weight=np.ones((20, 2)), bias=np.linspace(0, 2, 20)),
    ...     nir.LIF(tau=0.02 * ones, r=ones, v_leak=zeros, v_threshold=ones),
    ...     nir.Linear(weight=np.ones((1, 20))))
    >>> with nengo.Network() as network:
    ...     chain = nengo_fa.from_nir(graph, dt=0.001)
    ...     _ = nengo.Connection(nengo.Node([0.5, 0.5]), chain.input, synapse=None)
    >>> chain.ensembles[0].dimensions
    2
    """
    nir = import_nir()
    if not isinstance(graph, nir.NIRGraph):
        raise ValidationError(f"Must be a nir.NIRGraph (got {graph!r})", attr="graph")
    nodes = _find_nodes(graph)
    dt = check_dt(graph.metadata.get("dt") if dt is None else dt)
    with nengo.Network() as network:
        network.input = last = nengo.Node(size_in=_get_size(graph))
        while nodes:
            last = _make_connection(last, nodes, dt)
        network.output = last
    return network


def _is_weights(node):
    return type(node).__name__ in ("Affine", "Linear")


def _is_neurons(node):
    return type(node).__name__ == "LIF"


def _is_synapse(node):
    return type(node).__name__ == "LI"


def _is_ensemble_next(nodes):
    return len(nodes) > 1 and _is_neurons(nodes[1])


def _get_size(graph):
    (size,) = graph.inputs.values()
    return int(np.prod(size.input_type["input"]))


def _find_nodes(graph):
    """Return the nodes between input and output, in order; refuse unknown nodes."""
    names = _find_order(graph)
    nodes = [graph.nodes[name] for name in names]
    for i, name in enumerate(names):
        reason = _find_reason_against(nodes[i]) or _find_misfit(nodes, i)
        if reason is not None:
            _refuse(f"the {type(nodes[i]).__name__} node {name!r}: {reason}")
    if nodes and _is_neurons(nodes[-1]):
        _refuse("a chain that ends with spikes: add a Linear node that decodes them")
    return nodes


def _find_order(graph):
    """Return the names of the nodes between the input and the output, in order."""
    following = dict(graph.edges)
    inputs, outputs = list(graph.inputs), list(graph.outputs)
    order = inputs[:1]
    while order and order[-1] in following and len(order) <= len(following):
        order.append(following[order[-1]])
    n_edges = len(graph.nodes) - 1
    if not (
        len(inputs) == len(outputs) == 1
        and len(following) == len(graph.edges) == n_edges
        and set(order) == set(graph.nodes)
    ):
        _refuse("a graph that is not a chain from one input to one output")
    return order[1:-1]


def _find_reason_against(node):
    """Return the reason why Nengo cannot represent a node, or None."""
    if _is_weights(node):
        return None if node.weight.ndim == 2 else "its weights are not a matrix"
    if not (_is_synapse(node) or _is_neurons(node)):
        return "only Affine, Linear, LI and LIF nodes can be read"
    reasons = {
        "its time constants differ": np.any(node.tau != node.tau.flat[0]),
        "v_leak is not zero": np.any(node.v_leak),
    }
    if _is_synapse(node):
        reasons["r is not one"] = np.any(node.r != 1)
    else:
        reasons["v_reset is not zero"] = np.any(node.v_reset)
        reasons["v_threshold is not above zero"] = np.any(node.v_threshold <= 0)
    return next((reason for reason, holds in reasons.items() if holds), None)


def _find_misfit(nodes, i):
    """Return the reason why Nengo cannot have a node at its place in a chain, or None."""
    if _is_neurons(nodes[i]) and not (i and _is_weights(nodes[i - 1])):
        return "no Affine or Linear node leads to it"
    if np.any(getattr(nodes[i], "bias", 0)) and not _is_ensemble_next(nodes[i:]):
        return "it has biases, but no LIF node follows"
    return None


def _make_connection(source, nodes, dt):
    """Connect an object to a new object, made of nodes from a list; return the new one."""
    weights = None
    if _is_weights(nodes[0]) and not _is_ensemble_next(nodes):
        weights = nodes.pop(0).weight
    synapse = _take_synapse(nodes)
    if _is_ensemble_next(nodes):
        target = _make_ensemble(nodes.pop(0), nodes.pop(0))
    else:
        size = _get_n_outputs(source) if weights is None else len(weights)
        target = nengo.Node(size_in=size)
    if isinstance(source, nengo.Ensemble):
        _decode(source, target, weights, synapse, dt)
    else:
        nengo.Connection(source, target, transform=weights, synapse=synapse)
    return target


def _get_n_outputs(source):
    return source.n_neurons if isinstance(source, nengo.Ensemble) else source.size_out


def _decode(ensemble, target, weights, synapse, dt):
    if weights is None:  # the spikes themselves
        weights = np.eye(ensemble.n_neurons)
    nengo.Connection(
        ensemble,
        target,
        synapse=synapse,
        solver=NoSolver(weights.T * dt),
        # its values are not known, but its size is
        eval_points=np.zeros((1, ensemble.dimensions)),
        function=np.zeros((1, len(weights))),
    )


def _make_ensemble(weights, neurons):
    n_neurons, dimensions = weights.weight.shape
    neuron_type = nengo.LIF(
        tau_rc=float(neurons.tau.flat[0]),
        tau_ref=0,
        min_voltage=-np.inf,
        initial_state={"voltage": Choice([0])},
    )
    gain = neurons.r / neurons.v_threshold
    return nengo.Ensemble(
        n_neurons,
        dimensions,
        encoders=weights.weight,
        normalize_encoders=False,
        gain=gain,
        bias=gain * getattr(weights, "bias", np.zeros(n_neurons)),
        neuron_type=neuron_type,
    )


def _take_synapse(nodes):
    """Return the synapse for the next LI nodes: one is a Lowpass, two are an Alpha."""
    taus = []
    while nodes and _is_synapse(nodes[0]) and taus in ([], [nodes[0].tau.flat[0]]):
        taus.append(nodes.pop(0).tau.flat[0])
    kinds = [lambda: None, nengo.Lowpass, nengo.Alpha]
    return kinds[len(taus)](*taus[:1])


def _refuse(what):
    raise ValidationError(f"Nengo has no counterpart of {what}.", attr="graph")
