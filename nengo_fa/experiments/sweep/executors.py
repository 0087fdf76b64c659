"""Executors for the parts of an experiment: processes on this machine, or Dask workers."""

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
    """Open an executor for `run_trials`.

    Parameters
    ----------
    workers : int, optional
        Number of processes. Default: one for each processor that may be used.
    scheduler : str, optional
        Address of a Dask scheduler, to run on its workers instead. Dask's option
        ``distributed.comm.timeouts.connect`` limits how long to wait for its answers.

    Yields
    ------
    executor : concurrent.futures.Executor

    Warns
    -----
    nengo.exceptions.NengoWarning
        If the scheduler has no workers. The run waits for workers.

    Raises
    ------
    ImportError
        If ``scheduler`` is given, but Dask is not installed.
    nengo.exceptions.ValidationError
        If ``scheduler`` is not an address.
    OSError
        If the scheduler does not answer, or stops answering.
    concurrent.futures.BrokenExecutor
        If workers have ended.
    """
    if scheduler is None:
        with _open_processes(workers or get_n_processors()) as executor:
            yield executor
    else:
        from nengo_fa.experiments.sweep import dask  # slow to import, and optional

        with dask.open_workers(scheduler) as executor:
            yield executor


class _Context(SpawnContext):
    """A context that keeps its processes. It spawns, as forking with threads is unsafe."""

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
            # The executor must be told before its processes end, and must stay alive until
            # its thread has noticed; otherwise the thread fails at cancelled futures.
            atexit.register(executor.shutdown)
            executor.shutdown(wait=False, cancel_futures=True)
            for process in context.processes:
                process.kill()  # ends stopped processes too, unlike terminate
            raise
        executor.shutdown()


def get_n_processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_worker(watched):
    # The parent handles Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Processes that share the cache would wait for each other, and Nengo would warn.
    rc.set("decoder_cache", "enabled", "False")

    def end_with_parent():
        # Nothing is ever sent; poll returns when the parent ends for any reason.
        watched.poll(None)
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
