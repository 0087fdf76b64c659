"""Keep what was learned: write it back into a network, or into a file and out of it."""

import json
import os

import numpy as np
from nengo.connection import LearningRule
from nengo.dists import Distribution
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import SimulatorClosed, ValidationError
from nengo.network import Network
from nengo.neurons import Direct
from nengo.solvers import NoSolver, SolverParam
from nengo.transforms import Dense, NoTransform
from nengo.utils.numpy import maxseed

FILE_FORMAT = "nengo_fa learned parameters, version 1"


def freeze_params(sim, network):
    """Write what a simulator has learned back into the network it was built from.

    Afterwards the encoders, gains, biases and decoders of ``network`` are arrays, and a
    new simulator starts with what this one has learned. Learning rules stay where they
    are, so that learning can go on, with the same feedback weights (those of a `.Feedback`
    are drawn and start anew); to stop it, gate the error.

    Parameters
    ----------
    sim : nengo.Simulator
        A simulator of ``network``, or of a network that contains it. Not yet closed.
    network : nengo.Network
        Changed in place: ``encoders``, ``normalize_encoders``, ``gain``, ``bias``,
        ``max_rates`` and ``intercepts`` of each ensemble; ``solver``, ``transform`` and
        ``function`` of each decoded connection, whose learned decoders include the
        transform; ``transform`` of each other connection that learns. Ensembles and
        connections get the ``seed`` that they had in this simulator, so that feedback
        weights, random transforms and initial states are the same again.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the simulator was not built from ``network``, is not of Nengo's own kind, or
        holds NaN or infinity. The network is then as it was.
    nengo.exceptions.SimulatorClosed
        If the simulator is closed.

    Notes
    -----
    Nengo multiplies encoders by gain over radius. The learned product is divided by it
    here and multiplied again by the next simulator, and may differ in its last bit.

    To solve for the decoders of a connection anew, give it a solver again, such as
    ``connection.solver = nengo.solvers.LstsqL2()``. Its transform is part of its function
    then; if the transform was random, set both again. A probe on an ensemble has decoders
    of its own, for which each simulator solves anew, with the learned encoders.

    Examples
    --------
    >>> with nengo.Network(seed=1) as network:
    ...     hidden = nengo.Ensemble(20, 2)
    >>> with nengo.Simulator(network, progress_bar=False) as sim:
    ...     nengo_fa.freeze_params(sim, network)
    >>> hidden.encoders.shape
    (20, 2)
    """
    _write(network, _read(sim, network))


def save(sim, network, path):
    """Write what a simulator has learned into a file.

    Parameters
    ----------
    sim, network
        As for `freeze_params`; neither is changed.
    path : str or os.PathLike
        File to write, by convention ending in ``.npz``. It appears complete or not at
        all, and replaces a file of that name. It holds arrays and text, no pickle.

    Raises
    ------
    nengo.exceptions.ValidationError, nengo.exceptions.SimulatorClosed
        As `freeze_params`.
    OSError
        If the file cannot be written.
    """
    arrays = _read(sim, network)
    arrays["description"] = np.array(json.dumps(_describe(network)))

    path = os.fspath(path)
    temporary = f"{path}.{os.getpid()}.part"
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def load(network, path):
    """Write what `save` has put into a file into a network, as `freeze_params` does.

    Parameters
    ----------
    network : nengo.Network
        A network like the one that was saved: the same ensembles and connections, in
        the same order. Changed in place.
    path : str or os.PathLike
        File to read.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the file is not one of these, is damaged, or does not fit the network. The
        network is then as it was.
    OSError
        If the file cannot be read.
    """
    _check_network(network)
    path = os.fspath(path)
    with open(path, "rb") as file:
        try:
            arrays = dict(np.load(file, allow_pickle=False))
            description = json.loads(str(arrays.pop("description")))
            if description["format"] != FILE_FORMAT:
                raise ValueError(f"its format is not {FILE_FORMAT!r}")
            for kind in ("ensembles", "connections"):
                description[kind] = {k: dict(v) for k, v in description[kind].items()}
        except Exception as error:  # damage can show in any layer of zip and NumPy
            raise ValidationError(
                f"{path!r} is not a complete file written by nengo_fa.save ({error})",
                attr="path",
            ) from error

    _check_fit(network, description, arrays, path)
    _write(network, arrays)


class LearnedDecoders(NoSolver):
    """Decoders as they are, and the solver that has found them.

    Parameters
    ----------
    values : (n_neurons, size_out) array_like
        The decoders.
    solver : nengo.solvers.Solver
        What training goes on with.
    """

    solver = SolverParam("solver")

    def __init__(self, values, solver):
        super().__init__(values)
        self.solver = solver


class FrozenWeights(NoSolver):
    """Full connection weights as they are, between two ensembles.

    Parameters
    ----------
    values : (n_pre_neurons, n_post_neurons) array_like
        The transpose of the connection weights.
    """

    compositional = False

    def __init__(self, values):
        super().__init__(values, weights=True)


class FrozenFunction:
    """The transform of a connection after its function, in one.

    Parameters
    ----------
    function : callable or None
        Function of the connection; None for the identity.
    transform : () or (size_out,) or (size_out, size_mid) ndarray
        Transform of the connection.
    """

    def __init__(self, function, transform):
        self.function = function
        self.transform = transform

    def __call__(self, x):
        y = np.ravel(x if self.function is None else self.function(x))
        return self.transform @ y if self.transform.ndim == 2 else self.transform * y


def _ensembles(network):
    """The ensembles with parameters, and the keys under which they are kept."""
    for i, ensemble in enumerate(network.all_ensembles):
        if not isinstance(ensemble.neuron_type, Direct):
            yield f"ensemble{i}", ensemble


def _connections(network):
    """The connections whose weights may have been learned or solved, with their keys."""
    for i, connection in enumerate(network.all_connections):
        transform = connection.transform
        if _is_decoded(connection):
            kept = isinstance(transform, (Dense, NoTransform))
        else:
            kept = isinstance(transform, Dense) and connection.learning_rule_type
        if kept:
            yield f"connection{i}", connection


def _seeded(network):
    """The objects that hold something random, and the keys of their seeds."""
    for kind in ("ensemble", "connection"):
        for i, obj in enumerate(getattr(network, f"all_{kind}s")):
            yield f"{kind}{i}.seed", obj


def _is_decoded(connection):
    pre = connection.pre_obj
    return isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct)


def _check_network(network):
    if not isinstance(network, Network):
        raise ValidationError(
            f"Must be a nengo.Network (got {type(network).__name__})", attr="network"
        )


def get_live_signals(sim):
    """The arrays of a simulator as they are now, and the model that names them."""
    if getattr(sim, "closed", False):
        raise SimulatorClosed(
            "What a simulator has learned is gone when it is closed. Call this inside "
            "'with nengo.Simulator(...) as sim:', after sim.run."
        )
    signals = getattr(sim, "signals", None)
    model = getattr(sim, "model", None)
    if signals is None or model is None:
        raise ValidationError(
            f"Must be a nengo.Simulator, or one that keeps its arrays in 'signals' "
            f"(got {type(sim).__name__})",
            attr="sim",
        )
    return signals, model


def _read(sim, network):
    """What the simulator holds for the network, a dictionary of arrays."""
    _check_network(network)
    signals, model = get_live_signals(sim)

    # What was learned in the last step, and would be added at the start of the next.
    pending = {}
    for rule, built in model.sig.items():
        if isinstance(rule, LearningRule) and "delta" in built:
            if rule.modifies == "encoders":
                target = rule.connection.post_obj, "encoders"
            else:
                target = rule.connection, "weights"
            pending.setdefault(target, []).append(signals[built["delta"]])

    def live(obj, name):
        if name not in model.sig.get(obj, {}):
            raise ValidationError(
                f"{obj} is not part of this simulator. Give the network that the "
                "simulator was built from, as it was then.",
                attr="network",
                obj=network,
            )
        value = sum(
            pending.get((obj, name), ()), np.array(signals[model.sig[obj][name]])
        )
        if not np.all(np.isfinite(value)):
            raise ValidationError(
                f"The {name} of {obj} hold NaN or infinity. Lower the learning rate, "
                "or look for the input that causes it.",
                attr=name,
                obj=obj,
            )
        return value

    arrays = {}
    for key, ensemble in _ensembles(network):
        scaled_encoders = live(ensemble, "encoders")
        built = sim.data[ensemble]
        scale = (built.gain / ensemble.radius)[:, np.newaxis]
        arrays[f"{key}.encoders"] = np.divide(
            scaled_encoders, scale, out=np.array(built.encoders), where=scale != 0
        )
        arrays[f"{key}.gain"] = np.array(built.gain)
        arrays[f"{key}.bias"] = np.array(built.bias)
    for key, connection in _connections(network):
        arrays[f"{key}.weights"] = live(connection, "weights")
    for key, obj in _seeded(network):
        arrays[key] = np.array(model.seeds[obj])
    return arrays


def _write(network, arrays):
    for key, obj in _seeded(network):
        obj.seed = int(arrays[key])

    for key, ensemble in _ensembles(network):
        names = ("encoders", "gain", "bias")
        freeze_ensemble(ensemble, *(arrays[f"{key}.{name}"] for name in names))
    for key, connection in _connections(network):
        freeze_weights(connection, arrays[f"{key}.weights"])


def freeze_ensemble(ensemble, encoders, gain, bias):
    """Write parameters into an ensemble, so that all simulators start with them."""
    ensemble.encoders = encoders
    ensemble.normalize_encoders = False
    ensemble.gain = gain
    ensemble.bias = bias
    for name in ("max_rates", "intercepts"):
        # implied by gain and bias; Nengo warns if they are also given
        if ensemble in getattr(Ensemble, name).data:
            delattr(ensemble, name)


def freeze_weights(connection, weights):
    """Write weights, (size_out, n_pre_neurons), into a connection.

    A transform of decoded connections is part of their weights.
    """
    if not _is_decoded(connection):
        connection.transform = weights
    elif connection.solver.weights and isinstance(connection.post_obj, Ensemble):
        connection.solver = FrozenWeights(weights.T)
    else:
        connection.solver = NoSolver(weights.T)
        _merge_transform(connection)


def _merge_transform(connection):
    """Make the transform a part of the function, as it is of the learned decoders."""
    if isinstance(connection.transform, NoTransform):
        return
    transform, function = connection.transform.init, connection.function
    if isinstance(transform, Distribution):
        transform = np.zeros(connection.transform.shape)  # its samples are not known
    if isinstance(function, np.ndarray):
        connection.function = np.array(
            [FrozenFunction(None, transform)(y) for y in function]
        )
    else:
        connection.function = FrozenFunction(function, transform)
    connection.transform = None


def _describe(network):
    """What a network must have in common with the one that was saved."""
    keys = {
        id(obj): f"{kind}{i}"
        for kind in ("ensemble", "node", "connection")
        for i, obj in enumerate(getattr(network, f"all_{kind}s"))
    }

    def describe_end(obj, view):
        if isinstance(obj, LearningRule):
            return f"learning rule of {keys.get(id(obj.connection), 'another')}"
        neurons = isinstance(obj, Neurons)
        key = keys.get(id(obj.ensemble if neurons else obj), "another")
        return f"{key}{'.neurons' if neurons else ''}[{view}]"

    return {
        "format": FILE_FORMAT,
        "ensembles": {
            keys[id(ensemble)]: {
                "label": ensemble.label,
                "n_neurons": int(ensemble.n_neurons),
                "dimensions": int(ensemble.dimensions),
                "radius": float(ensemble.radius),
                "neuron_type": _describe_neuron_type(ensemble.neuron_type),
            }
            for ensemble in network.all_ensembles
        },
        "connections": {
            keys[id(connection)]: {
                "label": connection.label,
                "size_in": int(connection.size_in),
                "size_out": int(connection.size_out),
                "pre": describe_end(connection.pre_obj, connection.pre_slice),
                "post": describe_end(connection.post_obj, connection.post_slice),
            }
            for connection in network.all_connections
        },
    }


def _describe_neuron_type(neuron_type):
    description = repr(neuron_type)
    return type(neuron_type).__name__ if " at 0x" in description else description


def _check_fit(network, saved, arrays, path):
    def refuse(difference):
        raise ValidationError(
            f"{path!r} does not fit the network: {difference}. Load it into a network "
            "like the one it was saved from.",
            attr="path",
        )

    here = _describe(network)
    for kind in ("ensembles", "connections"):
        theirs, ours = saved[kind], here[kind]
        if list(theirs) != list(ours):
            refuse(
                f"it holds {len(theirs)} {kind} ({', '.join(theirs)}), the network has "
                f"{len(ours)} ({', '.join(ours)})"
            )
        for key, expected in ours.items():
            for name, value in expected.items():
                if theirs[key].get(name) != value:
                    refuse(
                        f"{key} has {name} {theirs[key].get(name)!r} in the file and "
                        f"{value!r} in the network"
                    )

    shapes = {key: () for key, _ in _seeded(network)}
    for key, ensemble in _ensembles(network):
        shapes[f"{key}.encoders"] = (ensemble.n_neurons, ensemble.dimensions)
        shapes[f"{key}.gain"] = shapes[f"{key}.bias"] = (ensemble.n_neurons,)
    for key, connection in _connections(network):
        shapes[f"{key}.weights"] = _weights_shape(connection)
    for key, shape in shapes.items():
        if key not in arrays:
            refuse(f"it lacks {key}")
        if arrays[key].shape != shape:
            refuse(f"{key} has shape {arrays[key].shape}, but must have {shape}")
        kind = "iu" if key.endswith("seed") else "f"
        if arrays[key].dtype.kind not in kind or not np.all(np.isfinite(arrays[key])):
            refuse(f"{key} must hold finite numbers")
        if key.endswith("seed") and not 0 <= arrays[key] <= maxseed:
            refuse(f"{key} must be from 0 to {maxseed}")


def _weights_shape(connection):
    if not _is_decoded(connection):
        return connection.transform.init_shape
    n_neurons = connection.pre_obj.n_neurons
    if connection.solver.weights and isinstance(connection.post_obj, Ensemble):
        post = connection.post_obj
        direct = isinstance(post.neuron_type, Direct)
        return (post.dimensions if direct else post.n_neurons, n_neurons)
    return (connection.size_out, n_neurons)
