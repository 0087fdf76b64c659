"""An executor on the workers of a Dask scheduler, which notices if the scheduler ends."""

import asyncio
import logging
import socket
import threading
import warnings
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from contextlib import contextmanager, suppress

import dask
from dask.utils import parse_timedelta
from distributed import Client, KilledWorker, Security, rpc
from distributed.comm import resolve_address
from nengo.exceptions import NengoWarning, ValidationError


@contextmanager
def open_workers(scheduler):
    """Open an executor for `.run_trials` on the workers of a scheduler.

    Parameters
    ----------
    scheduler : str
        The address of the scheduler.

    Yields
    ------
    executor : concurrent.futures.Executor

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``scheduler`` is not an address.
    OSError
        If the scheduler does not answer, or stops answering.
    concurrent.futures.BrokenExecutor
        If workers have ended.
    """
    executor = _Workers(scheduler)
    with _silent_client():
        try:
            executor.connect()
            yield executor
        except CancelledError as error:
            raise executor.find_reason() from error
        except KilledWorker as error:
            raise BrokenExecutor(str(error)) from error
        finally:
            executor.disconnect()


class _Workers(Executor):
    """The workers of a scheduler, which is asked regularly whether it still runs.

    Parameters
    ----------
    scheduler : str
        The address of the scheduler.
    """

    def __init__(self, scheduler):
        self._scheduler = scheduler
        limit = dask.config.get("distributed.comm.timeouts.connect")
        self._limit = parse_timedelta(limit)
        self._client = None
        self._futures = []
        self._workers = True  # so that missing workers are reported once
        self._error = None
        self._answered, self._done = threading.Event(), threading.Event()

    def connect(self):
        """Connect to the scheduler, and keep watching it."""
        with _refusing_address():
            self._scheduler = resolve_address(self._scheduler)
        # in a thread, because this thread may already have an event loop
        threading.Thread(target=self._keep_watch, daemon=True).start()
        self._answered.wait()
        if self._error is not None:
            raise self._error
        self._client = Client(self._scheduler, set_as_default=False)

    def submit(self, function, *args):
        """See `concurrent.futures.Executor`."""
        future = self._client.get_executor(pure=False).submit(function, *args)
        self._futures.append(future)
        if self._error is not None:
            future.cancel()
        return future

    def disconnect(self):
        """End the connection, within a few seconds even if the scheduler does not answer."""
        self._done.set()
        if self._client is not None:
            with suppress(TimeoutError, asyncio.TimeoutError):
                self._client.close(timeout=5 if self._error is None else 1)

    def find_reason(self):
        """Return an exception with the reason why futures were cancelled."""
        return self._error or ConnectionError(
            f"The Dask scheduler at {self._scheduler} has ended. Start it again, and repeat "
            "the run; finished results are kept."
        )

    def _keep_watch(self):
        try:
            while True:
                self._ask()
                self._answered.set()
                if self._done.wait(self._limit / 3):
                    return
        except Exception as error:  # raised in the thread that waits for results
            self._error = error
            self._answered.set()
            for future in self._futures:
                future.cancel()

    def _ask(self):
        """Ask the scheduler for its workers, and warn if it has lost all of them."""
        try:
            with _refusing_address():
                workers = asyncio.run(_find_workers(self._scheduler, self._limit))
        except OSError as error:  # TimeoutError included
            raise ConnectionError(
                f"No Dask scheduler at {self._scheduler} answered within "
                f"{self._limit:g} s. Check the address, or start a scheduler with: "
                "dask scheduler"
            ) from error
        if self._workers and not workers:
            warnings.warn(
                f"The Dask scheduler at {self._scheduler} has no workers, so the run "
                f"waits. Start a worker with: dask worker {self._scheduler}",
                NengoWarning,
            )
        self._workers = workers


async def _find_workers(scheduler, limit):
    """Return the addresses of a scheduler's current workers, within a time limit."""
    security = Security().get_connection_args("client")
    async with rpc(scheduler, connection_args=security) as remote:
        identity = await asyncio.wait_for(remote.identity(), limit)
    return list(identity["workers"])


@contextmanager
def _refusing_address():
    try:
        yield
    except (ValueError, TypeError, socket.gaierror, Warning) as error:
        (reason, *_) = str(error).splitlines()
        raise ValidationError(
            f"Must be the address of a Dask scheduler, such as tcp://192.0.2.1:8786 "
            f"({reason})",
            attr="scheduler",
        ) from error


@contextmanager
def _silent_client():
    """Silence Dask's log, because we report a lost scheduler in one line."""
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
