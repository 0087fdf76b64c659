"""Write chains of ensembles as NIR graphs."""

from typing import TYPE_CHECKING

import nengo
import numpy as np
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import ValidationError
from nengo.neurons import LIF
from nengo.solvers import NoSolver
from nengo.synapses import Alpha, Lowpass
from nengo.transforms import Dense, NoTransform

from nengo_fa.checks import is_number_within
from nengo_fa.exchange.chain import find_chain

if TYPE_CHECKING:
    import nir


def import_nir():
    """Return the package nir, or raise an error that says how to install it."""
    try:
        import nir
    except ImportError as error:
        raise ImportError(
            "The neuromorphic intermediate representation needs the package nir. "
            "Install it with pip install nir."
        ) from error
    return nir


def check_dt(dt):
    """Return a time step as a float, or refuse it."""
    if not is_number_within(dt, 0, np.inf):
        raise ValidationError(
            f"Must be a time step in seconds, above zero (got {dt!r})", attr="dt"
        )
    return float(dt)


def to_nir(
    target: nengo.Network | nengo.Connection,
    dt: float = 0.001,
    network: nengo.Network | None = None,
) -> "nir.NIRGraph":
    """Return a frozen chain of ensembles as an NIR graph.

    Other simulators and neuromorphic hardware read NIR, the neuromorphic intermediate
    representation. ``nir.write`` stores a graph in a file.

    Parameters
    ----------
    target : nengo.Network or nengo.Connection
        A network that is a chain, from a node through ensembles of `nengo.LIF` neurons to a
        node; or the last connection of a chain in a network with other parts, such as those
        that taught the chain. Encoders, gains, biases, and decoders must be arrays, as
        `freeze_params` leaves them.
    dt : float, optional
        Time step of the simulator that will run the graph, in seconds. A spike is an
        impulse in Nengo, but the value 1 for one time step in simulators that read NIR, so
        that decoders are divided by ``dt``. If spikes are impulses of unit area in the other
        simulator, use ``dt=1``.
    network : nengo.Network, optional
        The network around a connection. By default, it is found in Python's memory.

    Returns
    -------
    nir.NIRGraph
        For each ensemble, an ``Affine`` node (encoders times gain over radius, biases) and
        an ``LIF`` node; for each connection, a ``Linear`` node (decoders times the amplitude
        of the neurons; or a transform), and an ``LI`` node for a `nengo.Lowpass` synapse or
        two for a `nengo.Alpha` synapse. Its ``metadata`` contain ``dt``. Learning rules and
        probes are not exported.

    Raises
    ------
    nengo.exceptions.ValidationError
        If something on the chain cannot be expressed: a refractory time, a lower bound of
        the voltage, an initial voltage, other types of neurons, noise, functions of
        nodes, connections to or from neurons, other synapses and transforms, weights that
        are not frozen, or several inputs to an object. Also if a network has parts that are
        not on the chain.
    ImportError
        If the package nir is not installed.

    References
    ----------
    J. E. Pedersen et al. (2024), Neuromorphic intermediate representation: a unified
    instruction set for interoperable brain-inspired computing. Nature Communications 15.

    Examples
    --------
    >>> neuron_type = nengo.LIF(
    ...     tau_ref=0, min_voltage=-np.inf,
    ...     initial_state={"voltage": nengo.dists.Choice([0])})
    >>> with nengo.Network(seed=1) as network:
    ...     stimulus, output = nengo.Node([0.5]), nengo.Node(size_in=1)
    ...     hidden = nengo.Ensemble(20, 1, neuron_type=neuron_type)
    ...     encode = nengo.Connection(stimulus, hidden, synapse=None)
    ...     decode = nengo.Connection(hidden, output, function=np.square, synapse=0.01)
    >>> with nengo.Simulator(network, progress_bar=False) as sim:
    ...     nengo_fa.freeze_params(sim, network)
    >>> graph = nengo_fa.to_nir(network)
    >>> [pre for pre, post in graph.edges]
    ['input', 'affine', 'lif', 'linear', 'li']
    """
    nir = import_nir()
    dt = check_dt(dt)
    chain = find_chain(target, network)
    nodes = [node for connection in chain for node in _make_nodes(nir, connection, dt)]
    if not any(isinstance(node, nir.LIF) for node in nodes):
        raise ValidationError("There are no ensembles on the chain", attr="target")
    size = np.array([chain[0].pre_obj.size_out])
    graph = nir.NIRGraph.from_list(nir.Input({"input": size}), *nodes)
    graph.metadata = {"dt": dt}
    return graph


def _make_nodes(nir, connection, dt):
    """Return the nodes for the object that a connection leaves, and for the connection."""
    pre = connection.pre_obj
    for name, obj in ("pre", pre), ("post", connection.post_obj):
        if isinstance(obj, Neurons):
            _refuse(
                connection,
                name,
                "It leaves or reaches neurons. Connect the ensemble itself",
            )
    if isinstance(pre, Ensemble):
        yield from _make_neurons(nir, pre)
    elif pre.output is not None and pre.size_in:
        _refuse(pre, "output", "NIR has no nodes that compute functions")

    weights = _get_weights(connection, dt)
    if isinstance(pre, Ensemble) or not _is_identity(weights):
        yield nir.Linear(weights)
    for tau in _get_time_constants(connection):
        full = np.full(len(weights), tau)
        yield nir.LI(tau=full, r=np.ones_like(full), v_leak=np.zeros_like(full))


def _make_neurons(nir, ensemble):
    if ensemble.noise is not None:
        _refuse(ensemble, "noise", "NIR has no noise. Set it to None")
    _check_neuron_type(ensemble)
    for name in ("encoders", "gain", "bias"):
        if not isinstance(getattr(ensemble, name), np.ndarray):
            _refuse_unfrozen(ensemble, name)

    encoders, bias = ensemble.encoders, ensemble.bias
    if ensemble.normalize_encoders:
        encoders = encoders / np.linalg.norm(encoders, axis=1, keepdims=True)
    scale = (ensemble.gain / ensemble.radius)[:, np.newaxis]
    yield nir.Affine(weight=encoders * scale, bias=np.array(bias))
    yield nir.LIF(
        tau=np.full_like(bias, ensemble.neuron_type.tau_rc),
        r=np.ones_like(bias),
        v_leak=np.zeros_like(bias),
        v_threshold=np.ones_like(bias),
        v_reset=np.zeros_like(bias),
    )


def _check_neuron_type(ensemble):
    """Refuse all neurons except leaky integrate-and-fire neurons that reset to zero."""
    neurons = ensemble.neuron_type
    if type(neurons) is not LIF:
        _refuse(
            ensemble,
            "neuron_type",
            f"NIR has no {type(neurons).__name__}. Use nengo.LIF",
        )
    state = neurons.make_state(ensemble.n_neurons, np.random.RandomState(0))
    unknown = {
        f"refractory time (tau_ref={neurons.tau_ref:g})": neurons.tau_ref != 0,
        f"lower bound of the voltage (min_voltage={neurons.min_voltage:g})": (
            neurons.min_voltage > -np.inf
        ),
        "initial voltage": np.any(state["voltage"]),
        "initial refractory time": np.any(state["refractory_time"]),
    }
    unknown = [name for name, is_present in unknown.items() if is_present]
    if unknown:
        _refuse(
            ensemble,
            "neuron_type",
            f"NIR has no {', no '.join(unknown)}. Use nengo.LIF(tau_rc="
            f"{neurons.tau_rc:g}, tau_ref=0, min_voltage=-np.inf, amplitude="
            f"{neurons.amplitude:g}, initial_state={{'voltage': "
            "nengo.dists.Choice([0])}), and solve for the decoders with these neurons",
        )


def _get_weights(connection, dt):
    """Return the weights of a connection, (post.size_in, pre.size_out)."""
    weights = _get_transform(connection)
    if isinstance(connection.pre_obj, Ensemble):
        spike = connection.pre_obj.neuron_type.amplitude / dt
        weights = weights @ _get_decoders(connection).T * spike
    else:
        if connection.function is not None:
            _refuse(connection, "function", "NIR has no functions, except by decoders")
        weights = weights @ np.eye(connection.pre_obj.size_out)[connection.pre_slice]
    return np.eye(connection.post_obj.size_in)[:, connection.post_slice] @ weights


def _get_transform(connection):
    transform = connection.transform
    if isinstance(transform, NoTransform):
        return np.eye(connection.size_out)
    if not isinstance(transform, Dense):
        _refuse(
            connection, "transform", f"{transform} cannot be exported. Use an array"
        )
    if not isinstance(transform.init, np.ndarray):
        _refuse(connection, "transform", "It is random. Use an array")
    if transform.init.ndim == 2:
        return transform.init
    return transform.init * np.eye(connection.size_out)


def _get_decoders(connection):
    solver = connection.solver
    if solver.weights:
        _refuse(
            connection,
            "solver",
            "It solves for weights between neurons. Use a solver with weights=False",
        )
    if not isinstance(solver, NoSolver) or solver.values is None:
        _refuse_unfrozen(connection, "solver")
    return solver.values


def _get_time_constants(connection):
    """Return the time constants of the leaky integrators that make up a synapse."""
    synapse = connection.synapse
    if synapse is None:
        return []
    if type(synapse) not in (Lowpass, Alpha):
        _refuse(
            connection,
            "synapse",
            f"NIR has no {synapse}. Use nengo.Lowpass, nengo.Alpha or None",
        )
    if synapse.tau == 0:
        _refuse(connection, "synapse", "Its time constant is zero. Use None")
    return [synapse.tau] * (1 if type(synapse) is Lowpass else 2)


def _is_identity(weights):
    return np.array_equal(weights, np.eye(len(weights)))


def _refuse_unfrozen(obj, name):
    _refuse(
        obj,
        name,
        "It is not an array yet. Freeze the network first, with "
        "nengo_fa.freeze_params(sim, network)",
    )


def _refuse(obj, name, reason):
    raise ValidationError(
        f"{obj} cannot be exported to NIR: {reason}.", attr=name, obj=obj
    )
