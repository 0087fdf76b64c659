"""Write learned parameters to a network."""

import nengo
import numpy as np
from nengo.dists import Distribution
from nengo.ensemble import Ensemble
from nengo.solvers import NoSolver
from nengo.transforms import NoTransform

from nengo_fa.learned.live import read_learned
from nengo_fa.learned.parts import is_between_neurons, is_decoded
from nengo_fa.learned.scaling import Scaling


def freeze_params(sim: nengo.Simulator, network: nengo.Network) -> None:
    """Write the parameters that a simulator has learned to the network it was built from.

    Afterwards, the encoders, gains, biases and decoders of ``network`` are arrays, and a
    new simulator starts with the learned parameters. Learning rules are kept, so that
    learning can continue with the same feedback weights (the weights of a `.Feedback` start
    from their initial values again). To stop learning, gate the error.

    Parameters
    ----------
    sim : nengo.Simulator
        An open simulator of ``network``, or of a network that contains it.
    network : nengo.Network
        The network, which is changed in place: ``encoders``, ``normalize_encoders``,
        ``gain``, ``bias``, ``max_rates`` and ``intercepts`` of each ensemble; ``solver``,
        ``transform`` and ``function`` of each decoded connection, whose learned decoders
        include the transform; ``transform`` of each other connection that learns. Ensembles
        and connections get the ``seed`` that they had in this simulator, so that feedback
        weights, random transforms and initial states are the same again. The same is done
        for ensembles outside of ``network`` that its connections decode or teach.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the simulator was not built from ``network``, does not keep its arrays like
        Nengo's simulator, or contains NaN or infinity. The network is then unchanged.
    nengo.exceptions.SimulatorClosed
        If the simulator is closed.

    Notes
    -----
    Nengo multiplies encoders by gain over radius. This function divides the learned product
    by this factor, and the next simulator multiplies by it again, which may change the last
    bit.

    Training continues with the solver that a connection had. To let a simulator solve for
    the decoders of a connection again, set its solver, for example
    ``connection.solver = nengo.solvers.LstsqL2()``. The transform is then part of the
    function; if the transform was random, set both again. Probes on ensembles have separate
    decoders, for which each simulator solves with the learned encoders.

    Examples
    --------
    >>> with nengo.Network(seed=1) as network:
    ...     hidden = nengo.Ensemble(20, 2)
    >>> with nengo.Simulator(network, progress_bar=False) as sim:
    ...     nengo_fa.freeze_params(sim, network)
    >>> hidden.encoders.shape
    (20, 2)
    """
    write_learned(read_learned(sim, network))


class LearnedDecoders(NoSolver):
    """Given decoders, and the solver with which training continues.

    Parameters
    ----------
    values : (n_neurons, size_out) array_like
        The decoders.
    solver : nengo.solvers.Solver
        The solver that has found these decoders, or the initial decoders.
    """

    def __init__(self, values, solver, weights=False):
        super().__init__(values, weights=weights)
        # not a parameter: Nengo's solvers do not equal their copies, but these must
        self.solver = solver


class FrozenWeights(LearnedDecoders):
    """The transpose of full connection weights, (n_pre_neurons, n_post_neurons)."""

    compositional = False

    def __init__(self, values, solver):
        super().__init__(values, solver, weights=True)


class FrozenFunction:
    """The function of a connection, followed by its transform.

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


def write_learned(learned):
    """Write arrays to the ensembles and connections to which they belong."""
    for part, arrays in learned.items():
        part.seed = int(arrays["seed"])
        if "encoders" in arrays:
            names = ("encoders", "gain", "bias")
            freeze_ensemble(part, *(arrays[name] for name in names))
        elif "weights" in arrays:
            freeze_weights(part, arrays["weights"])
        if "scale" in arrays:
            part.function = Scaling(arrays["mean"], arrays["scale"])


def freeze_ensemble(ensemble, encoders, gain, bias):
    """Write parameters to an ensemble, so that all simulators start with them."""
    ensemble.encoders = encoders
    ensemble.normalize_encoders = False
    ensemble.gain = gain
    ensemble.bias = bias
    for name in ("max_rates", "intercepts"):
        # gain and bias determine them; Nengo warns if they are also given
        if ensemble in getattr(Ensemble, name).data:
            delattr(ensemble, name)


def freeze_weights(connection, weights):
    """Write weights, (size_out, n_pre_neurons), to a connection.

    The weights of decoded connections include the transform. These connections keep the
    solver with which they can be trained again.
    """
    if not is_decoded(connection):
        connection.transform = weights
        return
    kind = FrozenWeights if is_between_neurons(connection) else LearnedDecoders
    connection.solver = kind(weights.T, get_solver(connection))
    if kind is LearnedDecoders:
        _merge_transform(connection)


def get_solver(connection):
    """Return the solver of a connection, or the solver of its learned decoders."""
    solver = connection.solver
    return solver.solver if isinstance(solver, LearnedDecoders) else solver


def _merge_transform(connection):
    """Include the transform in the function, because learned decoders include it."""
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
