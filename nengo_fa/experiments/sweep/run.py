"""Run many trials of an experiment on any executor; runs can be interrupted and resumed."""

import math
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import Any

import scipy.linalg  # noqa: F401  # brings a BLAS of its own, whose threads are limited here
import xarray as xr
from nengo.rc import rc
from nengo.utils.progress import Progress, ProgressBar, ProgressTracker
from threadpoolctl import threadpool_limits

from nengo_fa.experiments.sweep.store import Store

# Runs that take at least this many seconds are worth an estimate.
LONG = 20
# An estimate costs about as much as ten epochs, so shorter runs are not estimated.
MANY_EPOCHS = 100


def run_trials(
    experiment: Any,
    path: PathLike[str] | str,
    executor: Executor,
    progress_bar: ProgressBar | bool = True,
) -> xr.Dataset:
    """Run the trials of an experiment that a store does not contain yet.

    Results are the same to the last bit with any executor, whether or not the run was
    interrupted: each part depends only on its configuration and its indices, each process
    runs one part at a time, and linear algebra runs in one thread. Different kinds of
    processors may differ in the last bits.

    Parameters
    ----------
    experiment : Experiment
        An object that can be pickled, with attributes and methods

        ``configuration``, ``seed``
            A dictionary for JSON, with all parameters on which the results of a trial and
            their division into parts depend, so without the number of trials; and the seed.
        ``make_template()``
            An `xarray.Dataset` full of NaN, for all results. One of the dimensions is
            ``trial``.
        ``chunks``
            A dictionary with the length of a part in each dimension along which the
            experiment is divided. Each variable has at least one of these dimensions.
        ``run(**part)``
            Runs a part, given as a range for each of these dimensions. Returns a dictionary
            with an array for each variable. If a variable lacks one of the dimensions, all
            parts along this dimension return the same values.
        ``epochs``, ``with_epochs(epochs)``
            The number of epochs, and a method that returns the same experiment with another
            number of epochs. `estimate_time` needs them.
    path : str or os.PathLike
        Folder of the store, see `.Store`.
    executor : concurrent.futures.Executor
        Runs the parts.
    progress_bar : bool or nengo.utils.progress.ProgressBar, optional
        As for `nengo.Simulator`.

    Returns
    -------
    data : xarray.Dataset
        The results of all trials.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the store belongs to another experiment, or is in use.
    KeyboardInterrupt
        After Ctrl-C. The next call continues with the remaining parts.
    """
    with Store(path, experiment) as store:
        parts = store.find_unfinished()
        if not parts:
            return store.read()
        bits = rc.get("precision", "bits")
        n_steps = sum(_get_size(part) for part in parts)
        progress = Progress("Running trials", "Running trials", n_steps)
        with ProgressTracker(progress_bar, progress):
            futures = {
                executor.submit(_run, experiment, part, bits): part for part in parts
            }
            try:
                for future in as_completed(futures):
                    store.write(futures[future], future.result())
                    progress.step(_get_size(futures[future]))
            finally:
                for future in futures:
                    future.cancel()
        return store.read()


@dataclass(frozen=True)
class TimeEstimate:
    """The expected duration of a run. Its text is a sentence.

    Attributes
    ----------
    n_parts : int
        Number of parts that remain to be run.
    n_workers : int
        Number of processes that run them.
    seconds : float
    """

    n_parts: int
    n_workers: int
    seconds: float

    def __str__(self):
        parts = "1 part" if self.n_parts == 1 else f"{self.n_parts} parts"
        workers = "1 process" if self.n_workers == 1 else f"{self.n_workers} processes"
        return f"{parts} to run, about {_format_time(self.seconds)} on {workers}"


def estimate_time(
    experiment: Any,
    path: PathLike[str] | str,
    executor: Executor,
    n_workers: int = 1,
) -> TimeEstimate | None:
    """Estimate how long `run_trials` will take.

    The estimate is measured with a few epochs of one part for each worker.

    Parameters
    ----------
    experiment, path, executor
        As for `run_trials`.
    n_workers : int, optional
        Number of parts that the executor runs at a time.

    Returns
    -------
    estimate : TimeEstimate or None
        None if the run is too short to be worth an estimate.

    Raises
    ------
    nengo.exceptions.ValidationError
        As for `run_trials`.
    """
    with Store(path, experiment) as store:
        parts = store.find_unfinished()
    n_workers = max(1, min(n_workers, len(parts)))
    n_rounds = math.ceil(len(parts) / n_workers)
    if n_rounds * experiment.epochs < MANY_EPOCHS:
        return None
    bits = rc.get("precision", "bits")
    futures = [
        executor.submit(_measure, experiment, part, bits, LONG / n_rounds)
        for part in parts[:n_workers]
    ]
    seconds = n_rounds * statistics.mean(future.result() for future in futures)
    return TimeEstimate(len(parts), n_workers, seconds) if seconds >= LONG else None


def _measure(experiment, part, bits, long):
    """Return the seconds that a part takes, or zero if it surely takes less than `long`."""

    def measure(epochs):
        start = time.perf_counter()
        _run(experiment.with_epochs(epochs), part, bits)
        return time.perf_counter() - start

    # The first measurement is slower, because it imports modules and reads data. One epoch
    # takes nearly half of it, because the samples also pass through before the first epoch.
    if (experiment.epochs + 1) / 2 * measure(1) < long:
        return 0.0
    one, three = measure(1), measure(3)
    return one + (experiment.epochs - 1) * max(three - one, 0.0) / 2


def _format_time(seconds):
    unit, size = next(
        (unit, size)
        for unit, size in (("h", 3600), ("min", 60), ("s", 1))
        if seconds >= size or size == 1
    )
    return f"{float(f'{seconds / size:.2g}'):g} {unit}"


def _get_size(part):
    """Return the number of trials, or of conditions of a trial, in a part."""
    return math.prod(map(len, part.values()))


# The number of threads and the precision are settings of the whole process.
_process = threading.Lock()


def _run(experiment, part, bits):
    with _process, threadpool_limits(1), precision(bits):
        return experiment.run(**part)


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Set Nengo's precision, ``"32"`` or ``"64"`` bits, within the context."""
    before = rc.get("precision", "bits")
    rc.set("precision", "bits", bits)
    try:
        yield
    finally:
        rc.set("precision", "bits", before)
