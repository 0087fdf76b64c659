"""Where parts of an experiment run: processes of this machine, or workers of Dask."""

import atexit
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import SpawnContext

from nengo.rc import rc


@contextmanager
def open_executor(
    workers: int | None = None, scheduler: str | None = None
) -> Iterator[Executor]:
    """An executor for `run_trials`.

    Parameters
    ----------
    workers : int, optional
        Number of processes. Default: one for each processor that may be used.
    scheduler : str, optional
        Address of a Dask scheduler, to run on its workers instead. How long its silence
        is borne is Dask's option ``distributed.comm.timeouts.connect``.

    Yields
    ------
    executor : concurrent.futures.Executor

    Warns
    -----
    nengo.exceptions.NengoWarning
        While the scheduler has no workers.

    Raises
    ------
    ImportError
        If there is a scheduler, but no Dask.
    nengo.exceptions.ValidationError
        If the scheduler's address is not an address.
    OSError
        If the scheduler does not answer, or no longer.
    concurrent.futures.BrokenExecutor
        If workers have ended.
    """
    if scheduler is None:
        with _open_processes(workers or get_n_processors()) as executor:
            yield executor
    else:
        from nengo_fa.experiments.sweep import dask  # heavy, and an extra

        with dask.open_workers(scheduler) as executor:
            yield executor


class _Context(SpawnContext):
    """Knows the processes it starts; forking one that has threads would not be safe."""

    def __init__(self):
        super().__init__()
        self.processes = []

    def Process(self, *args, **kwargs):
        self.processes.append(super().Process(*args, **kwargs))
        return self.processes[-1]


@contextmanager
def _open_processes(workers):
    context = _Context()
    watched, held = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(watched,)
    )
    with watched, held:
        try:
            yield executor
        except BaseException:
            # Before processes end, and it has to be there until its thread has seen this:
            # the thread would trip over what has been cancelled.
            atexit.register(executor.shutdown)
            executor.shutdown(wait=False, cancel_futures=True)
            for process in context.processes:
                process.kill()  # also one that has been stopped, and would not hear of it
            raise
        executor.shutdown()


def get_n_processors() -> int:
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_worker(watched):
    # Ctrl-C is for the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Processes would be in each other's way, and Nengo would warn of it.
    rc.set("decoder_cache", "enabled", "False")

    def end_with_parent():
        # nothing comes: it waits for the other end to be closed, by whatever cause
        watched.poll(None)
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
