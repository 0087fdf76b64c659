"""Offline training: epochs of encoder updates, with decoders solved after each."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import nengo
from nengo.utils.numpy import is_iterable
from nengo.utils.progress import Progress, ProgressBar, ProgressTracker
from numpy.typing import ArrayLike

from nengo_fa.offline.arguments import (
    check_device,
    check_options,
    check_snapshots,
    check_turn,
    warn_of_far_turn,
)
from nengo_fa.offline.history import History
from nengo_fa.offline.session import Session, Settings
from nengo_fa.offline.several import check_connections, split_samples
from nengo_fa.offline.validation import check_patience
from nengo_fa.offline.walk_back import find_path, find_paths


def train(
    connection: Sequence[nengo.Connection] | nengo.Connection,
    x: ArrayLike,
    y: ArrayLike,
    epochs: int = 100,
    batch_size: int | None = None,
    solver: nengo.solvers.Solver | None = None,
    seed: int | None = None,
    progress_bar: ProgressBar | bool = True,
    *,
    turn: float | None = None,
    schedule: Callable | None = None,
    validation: float | tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    test: tuple[ArrayLike, ArrayLike] | None = None,
    presentation_time: float | None = None,
    dt: float = 0.001,
    axes: ArrayLike | None = None,
    snapshots: Iterable[int] = (),
    metrics: bool = False,
    callback: Callable | None = None,
    network: nengo.Network | None = None,
    device: str = "cpu",
    raise_interrupt: bool = False,
) -> History | Any:
    """Train the encoders before a connection, and its decoders, offline.

    In each epoch, the encoder rules of the layers before ``connection`` update the
    encoders, as they would online; then the decoders of ``connection`` are solved for. The
    error is the output of the network for the samples ``x``, minus ``y``. After training, the
    network contains the learned parameters, and any simulator can run it.

    Parameters
    ----------
    connection : nengo.Connection or sequence of nengo.Connection
        The connection from the taught ensemble, or from all of its neurons, to the output.
        The ensemble must have one input connection, with `.FeedbackAlignment` or
        `.Backprop`. If this connection leaves another taught ensemble, this ensemble is
        trained as well, and so on. If there are several connections, such as those of
        `.teach_array`, each is trained separately, with the dimensions of ``y`` to which it
        leads.
    x : (n_samples, size_in) array_like
        Samples of the input: the output of the node at the beginning of the first
        connection with an encoder rule, or the values that an ensemble there represents.
    y : (n_samples, size_out) array_like
        The desired outputs of ``connection``. For several connections, the desired input of
        the node to which they lead.
    epochs : int, optional
        Number of epochs.
    batch_size : int, optional
        Number of samples for each update of the encoders, in random batches. By default,
        all samples: one update in each epoch.
    solver : nengo.solvers.Solver, optional
        Least-squares solver for the decoders. By default, the solver of ``connection``, or
        `nengo.solvers.LstsqL2` if it has none.
    seed : int, optional
        Seed of the batches, of measured activities and of random solvers, and of the
        network if it has none. By default, it follows from the seed of the network.
    progress_bar : bool or nengo.utils.progress.ProgressBar, optional
        As for `nengo.Simulator`.
    turn : float, optional
        The angle by which the first update turns the encoders of each layer, in radians: the
        change of an encoder divided by its length, root mean square over neurons, to first
        order. For several batches, it is the square root of the sum of the squares over the
        first epoch. A ``turn`` replaces the learning rates of all rules, except rates of
        zero. By default, only rules without a ``learning_rate`` use a turn: 0.025 for each
        dimension of the layer, or 0.003 if the next layer receives decoders that were
        solved for; at most a right angle in the first layer, and 0.1 in later layers.
    schedule : callable, optional
        Takes the number of finished epochs, and returns the factor by which all learning
        rates are multiplied in the next epoch. Default: one.
    validation : float or tuple of (x, y), optional
        Samples that are not learned from, or the fraction of the given samples to hold out.
        The network then keeps the encoders and decoders of the epoch with the lowest error
        for these samples, which may be the initial ones.
    patience : int, optional
        Training ends after this number of epochs without a new lowest error for the
        validation samples. By default, it continues.
    test : tuple of (x, y), optional
        Other samples, for which only the error is computed.
    presentation_time : float, optional
        By default, activities are the ``rates`` of the neuron type. With a
        ``presentation_time`` in seconds, they are measured: each sample is simulated for
        this time, including spikes and noise, and the output through the synapse of
        ``connection`` is averaged over the second half.
    dt : float, optional
        Time step for measured activities, in seconds.
    axes : (n_axes, dimensions) array_like, optional
        The angle of encoders to the nearest of these axes is recorded in layers with the
        same number of dimensions. By default, the axes are the diagonals of two dimensions.
    snapshots : iterable of int, optional
        Numbers of epochs after which all encoders are recorded.
    metrics : bool, optional
        Whether to measure how each layer learns, after each epoch and with at most a
        thousand samples: the angle to the update of backpropagation and other
        `.LayerMetrics`. This does not change the training.
    callback : callable, optional
        Called after each epoch with the current `.History`. Training ends if it returns
        True.
    network : nengo.Network, optional
        The network to build. By default, the outermost network that contains
        ``connection``, which is found by searching all objects in Python's memory.
    device : str, optional
        Where to compute: ``"cpu"`` with NumPy, ``"cuda"`` (or ``"cuda:1"``) on a GPU
        through PyTorch or CuPy, or ``"torch:"`` followed by any device of PyTorch.
    raise_interrupt : bool, optional
        Whether Ctrl-C raises KeyboardInterrupt after the learned parameters have been
        written to the network, so that it also ends a loop over trainings. Default: False.

    Returns
    -------
    history : History
        For several connections, a list of histories. If Ctrl-C interrupts a training, its
        history is the last of the list.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the arguments or the network do not meet these requirements.
    nengo.exceptions.BuildError
        If the network cannot be built.
    nengo.exceptions.ConvergenceError
        If learning diverges. The network then contains the parameters of the last finite
        epoch, or of the best epoch.

    Warns
    -----
    nengo.exceptions.NengoWarning
        If most samples lie far outside the radius of the ensemble that they reach, if there
        are fewer samples than neurons, if no update turns the encoders, if ``snapshots`` has
        numbers beyond the last epoch, or if, without ``validation``, the error of the samples
        has grown by more than a tenth at the end.

    Notes
    -----
    With mini-batches, each sample is used once per epoch. Updates use the decoders of the
    previous epoch. At the end of an epoch, the decoders are solved for with the activities
    that each batch had when it was used. At the end of training, they are solved for once
    more, with the final activities of all samples.

    Learning rates are per update, not per second. Filters on the input are assumed to have
    settled, and the rates of adaptive neurons are those before adaptation.

    If epochs are short, NumPy's linear algebra uses one thread, which is faster.

    Ctrl-C ends the training after the last finished epoch. The network keeps this epoch, or
    the best epoch with ``validation``.

    A layer before the last learns from the error of the `.BackpropagatedError` or
    `.NeuronError` node that is connected to its rule. Without such a node, it learns from
    the error of the output, or, with `.Backprop`, from the backpropagated error. Decoders
    between two ensembles are not changed, and no longer fit encoders that have turned far.

    The network keeps ``encoders``, ``gain`` and ``bias`` of the ensembles. Decoders are kept
    as the solvers of the connections that leave these ensembles, `.LearnedDecoders`, and
    include the transforms of these connections. The ensembles, these connections, and the
    objects that lead to them get the ``seed`` with which they were built. Training again
    continues from these parameters, with the same solver.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node(size_in=2)
    ...     hidden = nengo.Ensemble(20, 2)
    ...     output = nengo.Node(size_in=1)
    ...     encode = nengo.Connection(
    ...         stimulus, hidden, learning_rule_type=nengo_fa.FeedbackAlignment(1))
    ...     decode = nengo.Connection(hidden, output, function=np.prod)
    >>> x = nengo.dists.UniformHypersphere().sample(1000, 2, rng=np.random.RandomState(0))
    >>> y = x[:, :1] * x[:, 1:]
    >>> history = nengo_fa.train(decode, x, y, epochs=10, progress_bar=False, network=model)
    >>> bool(history.rmse[-1] < history.rmse[0])
    True
    """
    check_options(epochs, seed, callback, metrics, raise_interrupt)
    check_turn(turn, schedule)
    warn_of_far_turn(turn)
    check_patience(patience, validation)
    settings = Settings(
        epochs=epochs,
        batch_size=batch_size,
        solver=solver,
        seed=seed,
        turn=turn,
        schedule=schedule,
        patience=patience,
        presentation_time=presentation_time,
        dt=dt,
        axes=axes,
        snapshots=check_snapshots(snapshots, epochs),
        metrics=metrics,
        callback=callback,
        device=check_device(device, presentation_time, dt),
        raise_interrupt=raise_interrupt,
    )
    samples = x, y, validation, test
    if is_iterable(connection):
        return _train_each(connection, network, samples, settings, progress_bar)
    path = find_path(connection, network, seed)
    return Session(path, samples, settings).train(progress_bar)


def _train_each(connections, network, samples, settings, progress_bar):
    """Train one network after the other, and return their histories."""
    connections = check_connections(connections)
    paths = find_paths(connections, network, settings.seed)
    parts = split_samples(paths, *samples)
    progress = Progress("Training", "Training", len(paths))
    histories = []
    with ProgressTracker(progress_bar, progress):
        for path, part in zip(paths, parts):
            histories.append(Session(path, part, settings).train(False))
            if histories[-1].interrupted:
                break
            progress.step()
    return histories
