"""The training of one network, from the first epoch to the learned parameters."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from nengo.exceptions import ConvergenceError, NengoWarning
from nengo.solvers import Solver
from nengo.utils.progress import Progress, ProgressTracker
from numpy.typing import ArrayLike

from nengo_fa.offline.arguments import (
    check_arrays,
    check_axes,
    check_layers,
    check_number,
    check_samples,
    check_solver,
    find_factor,
    wants_end,
    warn_of_far_samples,
)
from nengo_fa.offline.devices import Device, to_numpy
from nengo_fa.offline.history import Record
from nengo_fa.offline.threads import limit_threads
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.turn import find_rounding
from nengo_fa.offline.validation import hold_out
from nengo_fa.offline.write_back import write_back

#: Errors that grow by more than this factor are more than the noise of measured spikes.
WORSE = 1.1


@dataclass(frozen=True)
class Settings:
    """The arguments of `train` other than networks and samples, after they are checked."""

    epochs: int
    batch_size: int | None
    solver: Solver | None
    seed: int | None
    turn: float | None
    schedule: Callable | None
    patience: int | None
    presentation_time: float | None
    dt: float
    axes: ArrayLike | None
    snapshots: Sequence[int]
    metrics: bool
    callback: Callable | None
    device: Device
    raise_interrupt: bool


class Session:
    """The training of one network, which ends properly even if it is interrupted."""

    def __init__(self, path, samples, settings):
        x, y, validation, test = samples
        check_layers(path, settings.device, settings.presentation_time)
        self._path, self._settings = path, settings
        self._solver = check_solver(settings.solver, path.decode)
        axes = check_axes(settings.axes, path)
        samples = check_samples(x, y, path)
        warn_of_far_samples(path.model, path.encode, samples[0])
        seed = path.model.seeds[path.encode] if settings.seed is None else settings.seed
        # measurements do not influence the training
        rng, *others = map(
            np.random.RandomState, [seed, *([seed, k] for k in range(1, 5))]
        )
        (x, y), held_out = hold_out(*samples, validation, path, others[3])
        check_number(len(x), settings.batch_size, path, self._solver)
        if test is not None:
            test = check_arrays("test", test, path)

        self._trainer = Trainer(
            [path],
            [x],
            [y],
            settings.batch_size,
            self._solver,
            settings.presentation_time,
            settings.dt,
            rng,
            device=settings.device,
            turn=settings.turn,
        )
        tests = {
            "test_rmse": (test, others[0]),
            "validation_rmse": (held_out, others[2]),
        }
        self._tests = {
            name: self._trainer.make_test(*zip(data), rng)
            for name, (data, rng) in tests.items()
            if data is not None
        }
        self._record = Record(
            self._trainer.chain,
            settings.epochs,
            axes,
            settings.snapshots,
            self._trainer.make_metrics(others[1]) if settings.metrics else None,
        )
        self._y, self._interrupted = y, False

    def train(self, progress_bar):
        """Train the network, and return the history."""
        try:
            self._run(progress_bar)
        finally:
            self._finish()
        if self._interrupted and self._settings.raise_interrupt:
            raise KeyboardInterrupt
        history = self._record.get_history(self._interrupted)
        _warn_of_harm(history, self._y)
        return history

    def _run(self, progress_bar):
        """Run epochs until all have run, or the callback or Ctrl-C ends the training."""
        epochs, callback = self._settings.epochs, self._settings.callback
        progress = Progress("Training", "Training", max(1, epochs))
        try:
            threads = limit_threads(self._trainer.n_products)
            with threads, ProgressTracker(progress_bar, progress):
                self._learn()
                if epochs > 0:
                    _check_first_update(self._path, self._trainer)
                while self._record.n_epochs < epochs and not self._has_waited:
                    self._learn()
                    progress.step()
                    if callback is None:
                        continue
                    if wants_end(callback, self._record.get_history()):
                        break
        except KeyboardInterrupt:
            if self._record.n_epochs < 0:
                raise
            self._interrupted = True

    @property
    def _has_waited(self):
        """Return whether the best epoch is at least ``patience`` epochs ago."""
        patience = self._settings.patience
        waited = self._record.n_epochs - self._record.kept_epoch
        return patience is not None and waited >= patience

    def _finish(self):
        """Write the parameters of the last finished epoch, or the best, to the network."""
        if self._record.n_epochs < 0:
            return
        try:
            if self._trainer.in_batches:
                self._settle()
        finally:
            write_back(self._path, self._record, self._solver)

    def _settle(self):
        """Solve for the decoders of the encoders that are kept, from all samples."""
        for layer, encoders in zip(self._trainer.chain.layers, self._record.encoders):
            layer.set_encoders(encoders[np.newaxis])
        (rmse,) = self._trainer.solve()
        if np.isfinite(rmse):
            self._record.replace(rmse=rmse, **self._find_test_errors())

    def _find_test_errors(self):
        return {name: test.test()[0] for name, test in self._tests.items()}

    def _learn_once(self):
        return self._trainer.learn(
            find_factor(self._settings.schedule, self._record.n_epochs)
        )

    def _learn(self):
        """Run an epoch; the first has no updates yet."""
        record, trainer = self._record, self._trainer
        try:
            (rmse,) = trainer.solve() if record.n_epochs < 0 else self._learn_once()
            # the activities of bounded neurons are finite even if encoders are infinite
            if not (np.isfinite(rmse) and trainer.chain.is_finite):
                raise np.linalg.LinAlgError("some values are not finite")
        except np.linalg.LinAlgError as error:
            if record.n_epochs >= 0:
                advice = (
                    "Lower the learning rate of the encoder rule, or the turn. The network "
                    f"contains the parameters of epoch {record.kept_epoch}."
                )
            else:
                advice = (
                    "Make sure that neurons fire for the samples, and that the solver is "
                    "regularized, such as nengo.solvers.LstsqL2()."
                )
            raise ConvergenceError(
                f"The decoders could not be solved for after epoch {record.n_epochs + 1} "
                f"({error}). {advice}"
            ) from error
        record.add(rmse=rmse, **self._find_test_errors())


def _check_first_update(path, trainer):
    """Refuse an update that is undefined, and warn of encoders that it does not turn."""
    layers = trainer.chain.layers
    # from the last layer, because errors of neurons may be passed on to earlier layers
    for stage, layer, gradient in [*zip(path.stages, layers, trainer.gradients)][::-1]:
        if not np.isfinite(to_numpy(gradient)).all():
            raise ConvergenceError(
                f"The first update of the encoders of {stage.ensemble} contains NaN or "
                f"infinity. The derivative of {layer.rule}, and the errors of neurons that it "
                "computes, must be finite for all samples. The network contains the "
                "parameters of epoch 0."
            )
        if layer.rule.learning_rate != 0 and np.all(layer.learning_rate == 0):
            warnings.warn(
                f"The encoders of {stage.ensemble} will not change: the first update does "
                "not turn them at any learning rate, because the error is zero, or all "
                "neurons are silent or saturated. If this is only the case at the start, "
                "give the rule a learning_rate.",
                NengoWarning,
            )


def _warn_of_harm(history, y):
    """Say so if learning has made the error of the training samples larger."""
    before, after = history.rmse[0], history.rmse[-1]
    if history.best_epoch is None and after > WORSE * before + find_rounding(y):
        warnings.warn(
            f"The error has grown from {before:.3g} to {after:.3g} in "
            f"{len(history.rmse) - 1} epochs: the network is worse than without learning. "
            "Use a lower learning rate or turn, or validation=0.2, which keeps the best "
            "epoch.",
            NengoWarning,
        )
