"""Write what was learned into a network."""

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
        weights, random transforms and initial states are the same again. So do ensembles
        outside of ``network`` that its connections decode or teach.

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

    Training goes on with the solver that a connection had. To let a simulator solve for the
    decoders of a connection anew, give it a solver again, such as
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
    write_learned(read_learned(sim, network))


class LearnedDecoders(NoSolver):
    """Decoders as they are, and the solver that training goes on with.

    Parameters
    ----------
    values : (n_neurons, size_out) array_like
        The decoders.
    solver : nengo.solvers.Solver
        The solver that has found them, or the decoders with which learning began.
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


def write_learned(learned):
    """Write arrays into the ensembles and connections that they belong to."""
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

    A transform of decoded connections is part of their weights. They keep the solver with
    which they can be trained again.
    """
    if not is_decoded(connection):
        connection.transform = weights
        return
    kind = FrozenWeights if is_between_neurons(connection) else LearnedDecoders
    connection.solver = kind(weights.T, get_solver(connection))
    if kind is LearnedDecoders:
        _merge_transform(connection)


def get_solver(connection):
    """Return the solver of a connection, or the one behind its learned decoders."""
    solver = connection.solver
    return solver.solver if isinstance(solver, LearnedDecoders) else solver


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
