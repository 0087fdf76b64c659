"""The outputs of a network for samples, without a simulator."""

from collections import namedtuple
from collections.abc import Sequence

import nengo
import numpy as np
from nengo.utils.numpy import is_iterable
from numpy.typing import ArrayLike

from nengo_fa.offline.arguments import (
    check_input,
    check_noise,
    check_presentation,
    check_seed,
    warn_of_far_samples,
)
from nengo_fa.offline.paths import get_ensemble, make_measure, send, transmit
from nengo_fa.offline.samples import PIECE_SIZE
from nengo_fa.offline.several import check_connections, find_shares
from nengo_fa.offline.walk_back import find_ways


def predict(
    connection: nengo.Connection | Sequence[nengo.Connection],
    x: ArrayLike,
    presentation_time: float | None = None,
    dt: float = 0.001,
    seed: int | None = None,
    *,
    network: nengo.Network | None = None,
) -> np.ndarray:
    """Compute the outputs of a network for samples, without learning.

    The samples enter at the same place as in `train`, and pass through all connections and
    ensembles to ``connection``. Learning rules are not required, and do not change anything.

    Parameters
    ----------
    connection : nengo.Connection or sequence of nengo.Connection
        The connection from an ensemble, or its neurons, to the output. Several connections,
        such as those of `.teach_array`, must lead from the same input to the same node.
    x : (n_samples, size_in) array_like
        Samples of the input, as for `train`: the output of the node at the beginning of the
        first connection with an encoder rule, or the values that an ensemble there
        represents. If no encoder rule teaches the last ensemble, the samples enter at the
        first node or ensemble on the only path to ``connection``.
    presentation_time : float, optional
        By default, activities are the ``rates`` of the neuron type. With a
        ``presentation_time`` in seconds, they are measured as in `train`: each sample is
        simulated for this time, including spikes and noise, and the output through the
        synapse of each connection is averaged over the second half.
    dt : float, optional
        Time step for measured activities, in seconds.
    seed : int, optional
        Seed of measured activities, and of the network if it has none. By default, it
        follows from the seed of the network.
    network : nengo.Network, optional
        As for `train`.

    Returns
    -------
    y : (n_samples, size_out) ndarray
        The output of ``connection``, after its function and its transform; for several
        connections, the input of the node to which they lead.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the samples do not fit, or if there is no unique path to ``connection``.
    nengo.exceptions.BuildError
        If Nengo cannot build the network.

    Warns
    -----
    nengo.exceptions.NengoWarning
        If most samples lie far outside the radius of the ensemble that they reach.

    Notes
    -----
    The function uses the parameters of the network. These include parameters learned in a
    simulator only after `freeze_params` or `load`; before, the decoders are the initial ones.

    With rates, the outputs are those of a simulator in which each sample is constant until
    all filters have settled. With a ``presentation_time``, each ensemble receives the
    averaged output of the previous ensemble.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus, output = nengo.Node(size_in=2), nengo.Node(size_in=1)
    ...     hidden = nengo.Ensemble(50, 2)
    ...     encode = nengo.Connection(stimulus, hidden)
    ...     decode = nengo.Connection(hidden, output, function=np.prod)
    >>> y = nengo_fa.predict(decode, [[0.5, 0.5], [0.5, -0.5]], network=model)
    >>> y.shape
    (2, 1)
    >>> bool(y[0, 0] > 0.15 and y[1, 0] < -0.15)
    True
    """
    check_presentation(presentation_time, dt)
    check_seed(seed)
    is_single = not is_iterable(connection)
    connections = [connection] if is_single else check_connections(connection)
    ways, model = find_ways(connections, network, seed)
    options = presentation_time, dt, seed
    if is_single:
        return _answer(model, ways[0], x, *options)
    shares = find_shares([Ends(way[0], way[-1], model) for way in ways])
    answers = [
        _answer(model, way, share.take_input(x, "x"), *options)
        for way, share in zip(ways, shares)
    ]
    y = np.zeros((len(answers[0]), shares[0].size_out))
    for share, answer in zip(shares, answers):
        share.put_output(answer, y)
    return y


#: The first and the last connection of a path, and the built network.
Ends = namedtuple("Ends", ["encode", "decode", "model"])


def _answer(model, way, x, presentation_time, dt, seed):
    """Return the output of the last connection on a path."""
    x = check_input(x, way[0])
    warn_of_far_samples(model, way[0], x)
    ensembles = [get_ensemble(other.pre_obj) for other in way]
    ensembles = [ensemble for ensemble in ensembles if ensemble is not None]
    check_noise(ensembles, presentation_time)

    rng = np.random.RandomState(model.seeds[way[0]] if seed is None else seed)
    measures = [make_measure(other, presentation_time, dt, rng) for other in way]
    # in the same blocks as training, so that work arrays stay in the cache
    size = max(1, PIECE_SIZE // max(ensemble.n_neurons for ensemble in ensembles))
    answers = []
    for start in range(0, len(x), size):
        values = x[start : start + size]
        for other, measure in zip(way[:-1], measures):
            values = transmit(model, other, values, measure)
        answers.append(send(model, way[-1], values, measures[-1]))
    return np.concatenate(answers)
