"""Solve for decoders again, with learned encoders."""

import nengo
from nengo.exceptions import ValidationError
from nengo.solvers import NoSolver

from nengo_fa.checks import check_network
from nengo_fa.learned.frozen import FrozenFunction, freeze_params, get_solver
from nengo_fa.learned.parts import is_decoded
from nengo_fa.online.network_checks import is_learned
from nengo_fa.rules.connections import find_encoder_rules


def solve_decoders(
    network: nengo.Network, sim: nengo.Simulator | None = None
) -> list[nengo.Connection]:
    """Solve for decoders that did not learn, with the learned encoders.

    Nengo solves for the decoders of a connection when it builds a simulator. If encoders
    then learn and decoders do not, the decoders no longer fit. After this call, each new
    simulator solves for them again, with the function, evaluation points and solver of the
    connection. This is done for the connections that leave ensembles with an encoder rule;
    connections that learn are not changed.

    Parameters
    ----------
    network : nengo.Network
        The network, which is changed in place: ``solver``, ``function`` and ``transform`` of
        these connections.
    sim : nengo.Simulator, optional
        A simulator of ``network``. If it is given, `nengo_fa.freeze_params` is called first.
        Without it, the network must have been frozen, or taught by `nengo_fa.train`.

    Returns
    -------
    connections : list of nengo.Connection
        The connections whose decoders are solved for again.

    Raises
    ------
    nengo.exceptions.ValidationError
        As `nengo_fa.freeze_params`; or if the transform of a connection was random when it
        was frozen.

    Examples
    --------
    Decoders of the square are fixed, while encoders learn.

    >>> with nengo.Network(seed=1) as network:
    ...     stimulus, error = nengo.Node([0.5]), nengo.Node(size_in=1)
    ...     hidden = nengo.Ensemble(20, 1)
    ...     encode = nengo.Connection(
    ...         stimulus, hidden, learning_rule_type=nengo_fa.FeedbackAlignment(1))
    ...     decode = nengo.Connection(hidden, error, function=np.square)
    ...     target = nengo.Connection(stimulus, error, transform=-0.5)
    ...     teach = nengo.Connection(error, encode.learning_rule)
    >>> with nengo.Simulator(network, progress_bar=False) as sim:
    ...     sim.run(0.1)
    ...     connections = nengo_fa.solve_decoders(network, sim)
    >>> connections == [decode]
    True
    """
    check_network(network)
    stale = [c for c in network.all_connections if _is_stale(network, c)]
    own = [(get_solver(c), c.function, c.transform) for c in stale]
    for connection in stale:
        _check_transform(connection)
    if sim is not None:
        freeze_params(sim, network)
    for connection, (solver, function, transform) in zip(stale, own):
        connection.function = function
        connection.transform = transform
        connection.solver = solver
    return stale


def _is_stale(network, connection):
    return (
        is_decoded(connection)
        and not isinstance(get_solver(connection), NoSolver)
        and not is_learned(connection)
        and bool(find_encoder_rules(network, connection.pre_obj))
    )


def _check_transform(connection):
    function = connection.function
    if isinstance(function, FrozenFunction) and not function.transform.any():
        raise ValidationError(
            f"The transform of {connection} was random or zero when the network was frozen, "
            "and is no longer known. Set its function and transform again, or call "
            "solve_decoders with a simulator instead of freeze_params.",
            attr="transform",
            obj=connection,
        )
