"""Offline training: epochs of encoder updates, with decoders solved after each.

The error is that of the samples: what the network makes of ``x``, minus ``y``. Into the
ensemble that is taught there is one connection, with `~nengo_fa.FeedbackAlignment` or `~nengo_fa.Backprop`. If it
leaves an ensemble that is taught in this way as well, so is that, and so on. To a layer before
the last goes the error of the `~nengo_fa.BackpropagatedError` or `~nengo_fa.NeuronError` that is connected to its
rule; without one, the error of the output, or for `~nengo_fa.Backprop` what is backpropagated. The
decoders between two ensembles stay as they were built.

Learning rates are per update, not per second. Filters on the input have settled; of adaptive
neurons, the rates are those before they adapt. With a ``presentation_time``, activities are
measured: for so many seconds all samples are simulated, spikes, noise and all, and the output
through the synapse of the connection is averaged over the second half.

In mini-batches the samples pass once an epoch: the decoders with which an epoch learns are
those of the epoch before, and those it ends with are solved for from the activities that each
batch had in its turn. At the very end they are solved for once more, from the activities of
all samples as they are then. Ctrl-C ends the training after the last finished epoch.

What is kept are ``encoders``, ``gain`` and ``bias`` of the ensembles, and decoders as the
solvers of the connections that leave them, ``LearnedDecoders``; the transforms of these become
part of the decoders. All of them, and what leads to them, get the ``seed`` that they were
built with. Training again goes on from there, with the same solver.
"""

import numpy as np
from nengo.exceptions import ConvergenceError
from nengo.utils.progress import Progress, ProgressTracker

from nengo_fa.offline.arguments import (
    check_axes,
    check_device,
    check_options,
    check_path,
    check_samples,
    check_snapshots,
    check_solver,
    check_test,
)
from nengo_fa.offline.history import Record
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path
from nengo_fa.offline.write_back import write_back


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
    """Train the encoders before a connection, and its decoders, offline.

    In each epoch the encoder rules before ``connection`` update encoders, as they would
    online; then its decoders are solved for. The network holds what was learned.

    Parameters
    ----------
    connection : nengo.Connection
        From the ensemble that is taught, or all of its neurons, to the output.
    x : (n_samples, size_in) array_like
        Samples of what the node sends, or the ensemble represents, at which the first
        connection with an encoder rule begins.
    y : (n_samples, size_out) array_like
        The outputs of ``connection`` that are wanted for them.
    epochs, batch_size : int, optional
        Number of epochs, and of samples for each update, random ones; by default all.
    solver : nengo.solvers.Solver, optional
        By default that of ``connection``, or `nengo.solvers.LstsqL2` if it has none.
    seed : int, optional
        Of batches, measured activities, random solvers, and a network without a seed.
    progress_bar : bool or nengo.utils.progress.ProgressBar, optional
    test : tuple of (x, y), optional
        Other samples, for the error only.
    presentation_time : float, optional
        For how long activities are measured, in seconds. By default they are ``rates``.
    dt : float, optional
        Time step of measured activities, in seconds.
    axes : (n_axes, dimensions) array_like, optional
        To which angles of encoders are recorded. By default the diagonals of the plane.
    snapshots : iterable of int, optional
        Numbers of epochs after which to keep all encoders.
    metrics : bool, optional
        Whether to measure the `.LayerMetrics` after each epoch.
    callback : callable, optional
        Called after each epoch with the `History`; ends the training by returning True.
    network : nengo.Network, optional
        To be built. By default the outermost one that holds ``connection``.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"torch:"`` and a device of PyTorch.

    Returns
    -------
    history : History

    Raises
    ------
    nengo.exceptions.ValidationError, nengo.exceptions.BuildError
        If an argument or the network is not as said, or the network cannot be built.
    nengo.exceptions.ConvergenceError
        If learning diverges. The network then holds the last epoch that was finite.
    """
    check_options(epochs, seed, callback, metrics)
    kept, where = (
        check_snapshots(snapshots),
        check_device(device, presentation_time, dt),
    )
    path = check_path(find_path(connection, network, seed), where, presentation_time)
    own_solver = check_solver(solver, connection)
    directions = check_axes(axes, path)
    samples = check_samples(x, y, batch_size, path)
    tests = (
        None if test is None else check_samples(*check_test(test), None, path, "test ")
    )

    # what is only measured is without effect on what is trained
    own_seed = path.model.seeds[path.encode] if seed is None else seed
    rng, *others = map(np.random.RandomState, (own_seed, [own_seed, 1], [own_seed, 2]))
    measure = presentation_time, dt
    trainer = Trainer(
        [path], *samples, batch_size, own_solver, *measure, rng, device=where
    )
    measured = trainer.make_metrics(others[1]) if metrics else None
    record = Record(trainer.chain, epochs, directions, kept, measured)
    session = Session(trainer, tests and trainer.make_test(*tests, others[0]), record)
    try:
        session.run(epochs, progress_bar, callback)
    finally:
        session.finish(path, own_solver)
    return record.get_history(session.interrupted)


class Session:
    """The training of one network, which ends in order whatever ends it.

    Parameters
    ----------
    trainer : Trainer
    test : Samples or None
    record : Record
    """

    def __init__(self, trainer, test, record):
        self._trainer = trainer
        self._test = test
        self._record = record
        self.interrupted = False

    def run(self, epochs, progress_bar, callback):
        """Run epochs until there are enough, the callback says so, or Ctrl-C."""
        progress = Progress("Training", "Training", max(1, epochs))
        try:
            with ProgressTracker(progress_bar, progress):
                self._learn()
                while self._record.n_epochs < epochs:
                    self._learn()
                    progress.step()
                    if callback is not None and callback(self._record.get_history()):
                        break
        except KeyboardInterrupt:
            if self._record.n_epochs < 0:
                raise
            self.interrupted = True

    def finish(self, path, solver):
        """Write what the last finished epoch has learned into the network."""
        if self._record.n_epochs < 0:
            return
        try:
            if self._trainer.in_batches:
                self._settle()
        finally:
            write_back(path, self._record, solver)

    def _settle(self):
        """Solve for the decoders of the encoders that are kept, from all samples."""
        for layer, encoders in zip(self._trainer.chain.layers, self._record.encoders):
            layer.set_encoders(encoders[np.newaxis])
        (rmse,) = self._trainer.solve()
        if np.isfinite(rmse):
            self._record.replace(rmse, self._find_test_error())

    def _find_test_error(self):
        return None if self._test is None else self._test.test()[0]

    def _learn(self):
        """Run an epoch; the first has no updates yet."""
        record, trainer = self._record, self._trainer
        try:
            (rmse,) = trainer.solve() if record.n_epochs < 0 else trainer.learn()
            # bounded neurons make something finite of infinite encoders
            if not (np.isfinite(rmse) and trainer.chain.is_finite):
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
        record.add(rmse, self._find_test_error())
