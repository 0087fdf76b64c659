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

    In each epoch the encoder rules that are declared before ``connection``, of one layer or
    of several in a row, update the encoders, as they would online; then the decoders of
    ``connection`` are solved for. The error is that of the samples: what the network makes
    of ``x``, minus ``y``. Afterwards the network holds what was learned, for any simulator
    to run.

    Parameters
    ----------
    connection : nengo.Connection or sequence of nengo.Connection
        From the ensemble that is taught, or all of its neurons, to the output. Into that
        ensemble there is one connection, with `.FeedbackAlignment` or `.Backprop`. If it
        leaves an ensemble that is taught in this way as well, so is that, and so on.
        Of several, such as those of `.teach_array`, each is trained by itself, with the
        dimensions of ``y`` that it leads to.
    x : (n_samples, size_in) array_like
        Samples of the input: what the node sends at which the first connection with an
        encoder rule begins, or what an ensemble there is to represent.
    y : (n_samples, size_out) array_like
        The outputs of ``connection`` that are wanted for them. For several connections,
        what the node that they lead to is to receive.
    epochs : int, optional
        Number of epochs.
    batch_size : int, optional
        Number of samples for each update of the encoders, in random batches. By default
        all: one update in each epoch.
    solver : nengo.solvers.Solver, optional
        Least-squares solver for the decoders. By default that of ``connection``, or
        `nengo.solvers.LstsqL2` if it has none.
    seed : int, optional
        Seed of the batches, of measured activities and of random solvers, and of the
        network if it has none. By default it follows from the network's.
    progress_bar : bool or nengo.utils.progress.ProgressBar, optional
        As for `nengo.Simulator`.
    turn : float, optional
        How far the first update turns the encoders of each layer, in radians: the change of
        an encoder over its length, root mean square over neurons, to first order; of all
        batches of an epoch together, the root of the sum of the squares. It stands for the
        learning rate, also of rules that have one of their own, unless that is zero. By
        default, for those rules only that were given no ``learning_rate``: 0.025 for each
        dimension of the layer, or 0.003 if decoders that were solved for lead on to the
        next layer; at most a right angle in the first layer and 0.1 in others.
    schedule : callable, optional
        Takes the number of finished epochs, and returns the factor by which all learning
        rates are multiplied in the next epoch. Default: one.
    validation : float or tuple of (x, y), optional
        Samples, or a fraction of those given to hold out, that nothing is learned from. If
        there are any, the network is left with the encoders and decoders of the epoch with
        the lowest error for them, which may be those from before learning.
    patience : int, optional
        Number of epochs without a new lowest error for the validation samples after which
        the training ends. By default it goes on.
    test : tuple of (x, y), optional
        Other samples, for the error only.
    presentation_time : float, optional
        By default activities are the ``rates`` of the neuron type. If given, they are
        measured: for so many seconds all samples are simulated, spikes, noise and all,
        and the output through the synapse of ``connection`` is averaged over the second
        half.
    dt : float, optional
        Time step for measured activities, in seconds.
    axes : (n_axes, dimensions) array_like, optional
        The angle of encoders to the nearest of these is recorded, in layers that have as
        many dimensions. By default the diagonals of two dimensions.
    snapshots : iterable of int, optional
        Numbers of epochs after which to keep all encoders.
    metrics : bool, optional
        Whether to measure how each layer learns, after each epoch and on a thousand of the
        samples at most: the angle to the update of backpropagation and other
        `.LayerMetrics`. What is learned is the same with them and without.
    callback : callable, optional
        Called after each epoch with the `.History` up to then. Training ends if it
        returns True.
    network : nengo.Network, optional
        The network to be built. By default the outermost one that holds ``connection``,
        for which all of Python's memory is searched.
    device : str, optional
        Where to compute: ``"cpu"`` with NumPy, ``"cuda"`` (or ``"cuda:1"``) on a GPU
        through PyTorch or CuPy, or ``"torch:"`` and any device that PyTorch knows.
    raise_interrupt : bool, optional
        Whether Ctrl-C raises KeyboardInterrupt after all, once the network holds what was
        learned, so that it also ends a loop over trainings. Default: False.

    Returns
    -------
    history : History
        For several connections, a list of histories, which ends with the one that Ctrl-C
        interrupts.

    Raises
    ------
    nengo.exceptions.ValidationError
        If something about the arguments or the network is not as said above.
    nengo.exceptions.BuildError
        If the network cannot be built.
    nengo.exceptions.ConvergenceError
        If learning diverges. The network then holds the last epoch that was finite, or
        the best.

    Warns
    -----
    nengo.exceptions.NengoWarning
        If most samples lie far outside the radius of the ensemble that they reach, if they
        are fewer than its neurons, if nothing turns the encoders, or if the error of the
        samples is larger in the end than at the start, without ``validation``.

    Notes
    -----
    In mini-batches the samples pass once an epoch: the decoders with which an epoch learns
    are those of the epoch before, and those it ends with are solved for from the activities
    that each batch had in its turn. At the very end they are solved for once more, from the
    activities of all samples as they are then.

    Learning rates are per update, not per second. Filters on the input have settled; of
    adaptive neurons, the rates are those before they adapt.

    Where epochs are short, NumPy's linear algebra has one thread, which is faster then.

    Ctrl-C ends the training after the last finished epoch; that one is kept, or the best
    with ``validation``.

    To a layer before the last goes the error of the `.BackpropagatedError` or
    `.NeuronError` that is connected to its rule; without such a node, the error of the
    output, or for `.Backprop` what is backpropagated. The decoders between two ensembles
    stay as they were built, and no longer fit encoders that have turned far.

    What is kept are ``encoders``, ``gain`` and ``bias`` of the ensembles, and decoders as
    the solvers of the connections that leave them, `.LearnedDecoders`; the transforms of
    these become part of the decoders. All of them, and what leads to them, get the ``seed``
    that they were built with. Training again goes on from there, with the same solver.

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
        snapshots=check_snapshots(snapshots),
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
