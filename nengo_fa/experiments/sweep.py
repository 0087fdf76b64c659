"""Many trials of an experiment, on any executor, to be interrupted and resumed."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager

from nengo.exceptions import ValidationError
from nengo.rc import rc
from nengo.utils.progress import Progress, ProgressTracker
from threadpoolctl import threadpool_limits

from nengo_fa.experiments.store import Store


def run_trials(experiment, path, executor, progress_bar=True):
    """Run those trials of an experiment that a store does not hold yet.

    Each trial depends on the configuration of the experiment and on its own number only,
    and all linear algebra runs in one thread, one chunk at a time in each process: the
    results are the same to the last bit whatever the executor, and whether or not the run
    was interrupted. Processors of different kinds may differ in the last bits.

    Parameters
    ----------
    experiment : Experiment
        An object that can be pickled, with attributes ``configuration``, a dictionary for
        JSON; ``seed``, ``n_trials`` and ``chunk_size``; and methods ``make_template(trials)``,
        which returns an `xarray.Dataset` full of NaN with the dimension ``trial``, and
        ``run(trials)``, which returns a dictionary with an array for each of its variables.
    path : str or os.PathLike
        Folder of the store, see `.Store`.
    executor : concurrent.futures.Executor
        Where chunks of trials are run.
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
        chunks = store.find_unfinished()
        if not chunks:
            return store.read()
        bits = rc.get("precision", "bits")
        progress = Progress("Running trials", "Running trials", sum(map(len, chunks)))
        with ProgressTracker(progress_bar, progress):
            futures = {
                executor.submit(_run, experiment, chunk, bits): chunk
                for chunk in chunks
            }
            try:
                for future in as_completed(futures):
                    store.write(futures[future], future.result())
                    progress.step(len(futures[future]))
            finally:
                for future in futures:
                    future.cancel()
        return store.read()


# the number of threads, and the precision, are those of the whole process
_process = threading.Lock()


def _run(experiment, trials, bits):
    with _process, threadpool_limits(1):
        before = rc.get("precision", "bits")
        rc.set("precision", "bits", bits)
        try:
            return experiment.run(trials)
        finally:
            rc.set("precision", "bits", before)


@contextmanager
def open_executor(workers=None, scheduler=None):
    """An executor for `run_trials`.

    Parameters
    ----------
    workers : int, optional
        Number of processes. Default: one for each processor that may be used.
    scheduler : str, optional
        Address of a Dask scheduler, to run on its workers instead.

    Yields
    ------
    executor : concurrent.futures.Executor

    Raises
    ------
    ImportError
        If there is a scheduler, but no Dask.
    nengo.exceptions.ValidationError
        If the address is none.
    OSError
        If the scheduler does not answer.
    """
    if scheduler is not None:
        from distributed import Client  # heavy, and an extra

        try:
            client = Client(scheduler, set_as_default=False)
        except ValueError as error:
            raise ValidationError(
                f"Must be the address of a Dask scheduler, such as "
                f"tcp://192.0.2.1:8786 ({error})",
                attr="scheduler",
            ) from error
        with client:
            yield client.get_executor()
        return
    # spawned, as forking a process that has threads is not safe
    context = multiprocessing.get_context("spawn")
    watched, held = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(
        workers or get_n_processors(),
        mp_context=context,
        initializer=_start_worker,
        initargs=(watched,),
    )
    with watched, held:
        yield executor
        executor.shutdown()
    # after an exception, what is still running has ended with the pipe


def get_n_processors():
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_worker(watched):
    # Ctrl-C is for the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end_with_parent():
        # nothing comes: it waits for the other end to be closed, by whatever cause
        watched.poll(None)
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
