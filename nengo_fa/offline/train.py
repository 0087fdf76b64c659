"""Offline training: epochs of encoder updates, with decoders solved after each."""

import numpy as np
from nengo.ensemble import Ensemble
from nengo.exceptions import ConvergenceError, ValidationError
from nengo.solvers import LstsqL2, NoSolver, Solver
from nengo.utils.numpy import is_integer, is_iterable, is_number, maxseed
from nengo.utils.progress import Progress, ProgressTracker

from nengo_fa.geometry import DIAGONALS
from nengo_fa.learned import LearnedDecoders, freeze_ensemble, freeze_weights
from nengo_fa.offline.devices import Device
from nengo_fa.offline.epochs import Samples
from nengo_fa.offline.history import Record
from nengo_fa.offline.layers import make_chain
from nengo_fa.offline.metrics import Metrics
from nengo_fa.offline.solving import make_solve
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.feedback import Feedback


def train(
    connection,
    x,
    y,
    epochs=100,
    batch_size=None,
    solver=None,
    seed=None,
    progress_bar=True,
    *,
    test=None,
    presentation_time=None,
    dt=0.001,
    axes=None,
    snapshots=(),
    metrics=False,
    callback=None,
    network=None,
    device="cpu",
):
    r"""Train the encoders before a connection, and its decoders, offline.

    In each epoch the encoder rules that are declared before ``connection``, of one layer or
    of several in a row, update the encoders, as they would online; then the decoders of
    ``connection`` are solved for. The error is that of the samples: what the network makes
    of ``x``, minus ``y``. Afterwards the network holds what was learned, for any simulator
    to run.

    Parameters
    ----------
    connection : nengo.Connection
        From the ensemble that is taught, or all of its neurons, to the output. Into that
        ensemble there is one connection, with `FeedbackAlignment` or `Backprop`. If it
        leaves an ensemble that is taught in this way as well, so is that, and so on.
    x : (n_samples, size_in) array_like
        Samples of the input: what the node sends at which the first connection with an
        encoder rule begins, or what an ensemble there is to represent.
    y : (n_samples, size_out) array_like
        The outputs of ``connection`` that are wanted for them.
    epochs : int, optional
        Number of epochs.
    batch_size : int, optional
        Number of samples for each update of the encoders, in random batches. By default
        all: one update in each epoch.
    solver : nengo.solvers.Solver, optional
        Least-squares solver for the decoders. By default that of ``connection``, or
        `nengo.solvers.LstsqL2` if it has none.
    seed : int, optional
        Seed of the batches, of measured spikes and of random solvers, and of the network
        if it has none. By default it follows from the network's.
    progress_bar : bool or nengo.utils.progress.ProgressBar, optional
        As for `nengo.Simulator`.
    test : tuple of (x, y), optional
        Other samples, for the error only.
    presentation_time : float, optional
        By default activities are the ``rates`` of the neuron type. If given, they are
        measured: for so many seconds all samples are simulated, spikes and all, and the
        output through the synapse of ``connection`` is averaged over the second half.
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
        Called after each epoch with the `History` up to then. Training ends if it
        returns True.
    network : nengo.Network, optional
        The network to be built. By default the outermost one that holds ``connection``.
    device : str, optional
        Where to compute: ``"cpu"`` with NumPy, ``"cuda"`` (or ``"cuda:1"``) on a GPU
        through PyTorch or CuPy, or ``"torch:"`` and any device that PyTorch knows.

    Returns
    -------
    history : History

    Raises
    ------
    nengo.exceptions.ValidationError
        If something about the arguments or the network is not as said above.
    nengo.exceptions.BuildError
        If the network cannot be built.
    nengo.exceptions.ConvergenceError
        If learning diverges. The network then holds the last epoch that was finite.

    Notes
    -----
    In mini-batches the samples pass once an epoch: the decoders with which an epoch learns
    are those of the epoch before, and those it ends with are solved for from the activities
    that each batch had in its turn. At the very end they are solved for once more, from the
    activities of all samples as they are then.

    Learning rates are per update, not per second. Filters on the input have settled; of
    adaptive neurons, the rates are those before they adapt.

    Ctrl-C ends the training after the last finished epoch, which is kept.

    To a layer before the last goes the error of the `BackpropagatedError` or `NeuronError`
    that is connected to its rule; without one, the error of the output, or for `Backprop`
    what is backpropagated. The decoders between two ensembles stay as they were built.

    What is kept are ``encoders``, ``gain`` and ``bias`` of the ensembles, and decoders as the
    solvers of the connections that leave them, `LearnedDecoders`; the transforms of these
    become part of the decoders. All of them, and what leads to them, get the ``seed`` that
    they were built with. Training again goes on from there, with the same solver.

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
    >>> history = nengo_fa.train(decode, x, y, epochs=10, progress_bar=False)
    >>> bool(history.rmse[-1] < history.rmse[0])
    True
    """
    epochs = _check_count("epochs", epochs, 0)
    if not is_iterable(snapshots):
        raise ValidationError(
            f"Must be numbers of epochs, such as [{snapshots!r}] (got {snapshots!r})",
            attr="snapshots",
        )
    snapshots = {_check_count("snapshots", epoch, 0) for epoch in snapshots}
    if seed is not None:
        seed = _check_count("seed", seed, 0, maxseed)
    if callback is not None and not callable(callback):
        raise ValidationError(f"Must be callable (got {callback!r})", attr="callback")
    if not isinstance(metrics, (bool, np.bool_)):
        raise ValidationError(
            f"Must be True or False (got {metrics!r}). They are all measured; the history "
            "has them by name.",
            attr="metrics",
        )
    _check_presentation(presentation_time, dt)
    device = Device(device)
    if presentation_time is not None and device.name != "cpu":
        raise ValidationError(
            "Measured activities are computed by Nengo, with NumPy: use device='cpu', or "
            "no presentation_time",
            attr="device",
        )
    path = find_path(connection, network, seed)
    _check_feedback(path, device)
    solver = _check_solver(solver, connection)
    axes = _check_axes(axes, path)
    x, y = _check_samples(x, y, path, "")
    if test is not None:
        if not isinstance(test, (tuple, list)) or len(test) != 2:
            raise ValidationError("Must be a pair (x, y)", attr="test")
        test = _check_samples(*test, path, "test ")
    n_neurons = path.stages[-1].ensemble.n_neurons
    if len(x) < n_neurons:
        raise ValidationError(
            f"There are too few samples, {len(x)} for {n_neurons} neurons: "
            "decoders could fit them whatever the encoders. Give at least as many samples "
            "as neurons.",
            attr="x",
        )
    if batch_size is not None:
        batch_size = _check_count("batch_size", batch_size, 1, len(x))

    seed = path.model.seeds[path.encode] if seed is None else seed
    rng = np.random.RandomState(seed)
    chain = make_chain([path], device)
    first, measures = path.make_measures(presentation_time, dt, rng)
    x = path.get_ensemble_input(x, first)
    samples = Samples(chain, [x], [y], batch_size, measures, rng)
    if metrics:
        other_rng = np.random.RandomState([seed, 2])
        _, measures = path.make_measures(presentation_time, dt, other_rng)
        metrics = Metrics(chain, x, y, other_rng, measures)
    if test is not None:
        x, y = test
        # without effect on what is trained
        first, measures = path.make_measures(
            presentation_time, dt, np.random.RandomState([seed, 1])
        )
        x = path.get_ensemble_input(x, first)
        test = Samples(chain, [x], [y], measures=measures)

    solve = make_solve(solver, rng, device)
    record = Record(chain, epochs, axes, snapshots, metrics or None)
    progress = Progress("Training", "Training", max(1, epochs))
    interrupted = False
    try:
        with ProgressTracker(progress_bar, progress):
            for n_epochs in _learn(chain, samples, test, solve, record):
                if n_epochs > 0:
                    progress.step()
                    if callback is not None and callback(record.get_history()):
                        break
                if n_epochs == epochs:
                    break
    except KeyboardInterrupt:
        if record.n_epochs < 0:
            raise
        interrupted = True
    finally:
        if record.n_epochs >= 0:
            try:
                if samples.in_batches:
                    _settle(chain, samples, test, solve, record)
            finally:
                _write_back(path, record, solver)
    return record.get_history(interrupted)


def _learn(chain, samples, test, solve, record):
    """Run epochs without end; yields the number of finished ones after each."""
    while True:
        try:
            # what diverges is reported by the error
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                run = samples.solve if record.n_epochs < 0 else samples.learn
                (rmse,) = run(solve)
            # bounded neurons make something finite of infinite encoders
            xp = chain.device.namespace
            finite = [xp.all(xp.isfinite(layer.encoders)) for layer in chain.layers]
            if not (np.isfinite(rmse) and all(finite)):
                raise np.linalg.LinAlgError("not all is finite")
        except np.linalg.LinAlgError as error:
            if record.n_epochs >= 0:
                advice = (
                    "Lower the learning rate of the encoder rule. The network holds the "
                    "epoch before."
                )
            else:
                advice = (
                    "See that neurons fire for the samples, and that the solver is "
                    "regularized, as nengo.solvers.LstsqL2() is."
                )
            raise ConvergenceError(
                f"No decoders could be solved for after epoch {record.n_epochs + 1} "
                f"({error}). {advice}"
            ) from error
        record.add(rmse, None if test is None else test.test()[0])
        yield record.n_epochs


def _settle(chain, samples, test, solve, record):
    """Solve for the decoders of the encoders that are kept, from all samples."""
    for layer, encoders in zip(chain.layers, record.encoders):
        layer.set_encoders(encoders[np.newaxis])
    (rmse,) = samples.solve(solve)
    if np.isfinite(rmse):
        record.replace(rmse, None if test is None else test.test()[0])


def _write_back(path, record, solver):
    """Write what was learned into the network, and the seeds that belong to it."""
    model = path.model
    for obj in path.objects:
        obj.seed = model.seeds[obj]
    for stage, encoders in zip(path.stages, record.encoders):
        built = model.params[stage.ensemble]
        freeze_ensemble(stage.ensemble, encoders, built.gain, built.bias)
    for stage in path.stages[1:]:
        # what solves for decoders anew would find others for the new encoders
        if isinstance(stage.encode.pre_obj, Ensemble):
            weights = model.sig[stage.encode]["weights"].initial_value
            _keep_decoders(stage.encode, weights, _get_solver(stage.encode))
    _keep_decoders(path.decode, record.decoders, solver)


def _keep_decoders(connection, weights, solver):
    """Write weights, (size_out, n_neurons), into a connection, and what found them."""
    freeze_weights(connection, weights)
    if isinstance(connection.pre_obj, Ensemble):
        connection.solver = LearnedDecoders(weights.T, solver)


def _check_count(name, value, low, high=np.inf):
    if isinstance(value, bool) or not is_integer(value) or not low <= value <= high:
        limits = f"at least {low}" if high == np.inf else f"from {low} to {high}"
        raise ValidationError(
            f"Must be an integer, {limits} (got {value!r})", attr=name
        )
    return int(value)


def _check_presentation(presentation_time, dt):
    if presentation_time is None:
        return
    for name, value, low in ("dt", dt, 0), ("presentation_time", presentation_time, dt):
        if isinstance(value, bool) or not (is_number(value) and low < value < np.inf):
            raise ValidationError(
                f"Must be a number of seconds above {low} (got {value!r})", attr=name
            )


def _get_solver(connection):
    """The solver of a connection, or the one that has found its learned decoders."""
    solver = connection.solver
    return solver.solver if isinstance(solver, LearnedDecoders) else solver


def _check_feedback(path, device):
    for stage in path.stages:
        kind = getattr(stage.rule, "feedback", None)
        if isinstance(kind, Feedback) and device.name != "cpu":
            raise ValidationError(
                f"Feedback weights that follow the forward weights, as {kind}, are "
                "computed with NumPy: use device='cpu', or fixed feedback weights",
                attr="device",
            )


def _check_solver(solver, connection):
    if solver is None:
        solver = _get_solver(connection)
        if isinstance(solver, NoSolver):
            solver = LstsqL2()
    if not isinstance(solver, Solver) or isinstance(solver, NoSolver):
        raise ValidationError(
            f"Must be a least-squares solver, such as nengo.solvers.LstsqL2() (got "
            f"{solver!r})",
            attr="solver",
        )
    if solver.weights:
        raise ValidationError(
            f"Must solve for decoders, but {solver} has weights=True and solves for "
            "full connection weights. Use weights=False.",
            attr="solver",
        )
    return solver


def _check_axes(axes, path):
    if axes is None:
        return DIAGONALS
    axes = _as_real("axes", axes)
    ensembles = [stage.ensemble for stage in path.stages]
    dimensions = [ensemble.dimensions for ensemble in ensembles]
    if axes.ndim != 2 or axes.shape[1] not in dimensions:
        raise ValidationError(
            f"Must have shape (n_axes, {' or '.join(map(str, dimensions))}), the "
            f"dimensions of {', '.join(map(str, ensembles))} (got {axes.shape})",
            attr="axes",
        )
    if len(axes) == 0 or not np.all(np.any(axes, axis=1)):
        raise ValidationError(
            "There must be an axis, and its length above zero", attr="axes"
        )
    return axes


def _check_samples(x, y, path, kind):
    x = _check_array(
        f"{kind}x", x, path.size_in, f"what {path.encode.pre_obj} sends or represents"
    )
    y = _check_array(
        f"{kind}y", y, path.decode.size_out, f"the output of {path.decode}"
    )
    if len(x) != len(y):
        raise ValidationError(
            f"Must have the same number of samples, their rows: {kind}x has {len(x)}, "
            f"{kind}y has {len(y)}",
            attr=f"{kind}y",
        )
    return x, y


def _check_array(name, values, size, meaning):
    array = _as_real(name, values)
    if array.ndim != 2 or array.shape[1] != size or len(array) == 0:
        hint = ""
        if array.ndim == 1 and size == 1:
            hint = f". Give np.reshape({name}, (-1, 1))"
        raise ValidationError(
            f"Must have shape (n_samples, {size}), with a row for each sample of "
            f"{meaning} (got {array.shape}){hint}",
            attr=name,
        )
    return array


def _as_real(name, values):
    try:
        array = np.asarray(values)
        # single precision is left as it is: large data are not to be held twice
        kind = array.dtype if array.dtype == np.float32 else float
        array = array.astype(kind, casting="same_kind", copy=False)
    except (TypeError, ValueError) as error:
        raise ValidationError("Must be an array of real numbers", attr=name) from error
    if not np.all(np.isfinite(array)):
        raise ValidationError("Must be finite, but holds NaN or infinity", attr=name)
    return array
