"""Many trials of an experiment, on any executor, to be interrupted and resumed."""

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

import xarray as xr
from nengo.rc import rc
from nengo.utils.progress import Progress, ProgressBar, ProgressTracker
from threadpoolctl import threadpool_limits

from nengo_fa.experiments.sweep.store import Store

# A run is long, and an estimate worth its while, from so many seconds on.
LONG = 20
# To measure one costs about as much as ten epochs; this many or more are to be run.
MANY_EPOCHS = 100


def run_trials(
    experiment: Any,
    path: PathLike[str] | str,
    executor: Executor,
    progress_bar: ProgressBar | bool = True,
) -> xr.Dataset:
    """Run those trials of an experiment that a store does not hold yet.

    Each part of the experiment depends on its configuration and on the place of the part
    only, and all linear algebra runs in one thread, one part at a time in each process: the
    results are the same to the last bit whatever the executor, and whether or not the run
    was interrupted. Processors of different kinds may differ in the last bits.

    Parameters
    ----------
    experiment : Experiment
        An object that can be pickled, with attributes and methods

        ``configuration``, ``seed``
            A dictionary for JSON, of all that decides what the results of a trial are and
            how they are divided, so not of the number of trials; the seed.
        ``make_template()``
            An `xarray.Dataset` full of NaN, for all results. One of the dimensions is
            ``trial``.
        ``chunks``
            A dictionary: how long a part is in each of those dimensions in which it is
            not the whole. A variable has at least one of them.
        ``run(**part)``
            Runs a part, given as a range for each of these dimensions. Returns a dictionary
            with an array for each variable. Where a variable lacks one of the dimensions,
            all parts along it return the same values.
        ``epochs``, ``with_epochs(epochs)``
            For `estimate_time`: how many epochs, and the same experiment with another
            number of them.
    path : str or os.PathLike
        Folder of the store, see `.Store`.
    executor : concurrent.futures.Executor
        Where parts are run.
    progress_bar : bool or nengo.utils.progress.ProgressBar, optional
        As for `nengo.Simulator`.

    Returns
    -------
    data : xarray.Dataset
        The results of all trials.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the store is one of another experiment, or in use.
    KeyboardInterrupt
        After Ctrl-C. Calling the function again goes on from there.
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
    """How long a run will take. As text, a sentence.

    Attributes
    ----------
    n_parts : int
        How many parts are to be run.
    n_workers : int
        On how many processes.
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
    """How long `run_trials` would take.

    Measured on a part with few epochs, on as many workers at once as there will be.

    Parameters
    ----------
    experiment, path, executor
        As for `run_trials`.
    n_workers : int, optional
        How many parts the executor runs at a time.

    Returns
    -------
    estimate : TimeEstimate or None
        None if that is not long enough to be worth measuring.

    Raises
    ------
    nengo.exceptions.ValidationError
        As `run_trials`.
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
    """Seconds that a part takes; zero if it is certain to take less than `long`."""

    def measure(epochs):
        start = time.perf_counter()
        _run(experiment.with_epochs(epochs), part, bits)
        return time.perf_counter() - start

    # the first one is slower, as it imports and reads what is needed
    # and one epoch is nearly half of it, as the samples also pass before
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
    """How much of the whole a part is: how many trials, or conditions of a trial."""
    return math.prod(map(len, part.values()))


# the number of threads, and the precision, are those of the whole process
_process = threading.Lock()


def _run(experiment, part, bits):
    with _process, threadpool_limits(1), precision(bits):
        return experiment.run(**part)


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Nengo's precision, ``"32"`` or ``"64"`` bits, for as long as the context lasts."""
    before = rc.get("precision", "bits")
    rc.set("precision", "bits", bits)
    try:
        yield
    finally:
        rc.set("precision", "bits", before)
