import asyncio
import multiprocessing
import os
import signal
import socket
import threading
import time

import dask
import pytest
from distributed import LocalCluster
from nengo.exceptions import NengoWarning, ValidationError
from test_sweep import PATIENCE, wait_for_end_of

from nengo_fa.experiments.sweep import open_executor


@pytest.mark.parametrize("stopped", ["one", "all"])
def test_an_exception_ends_stopped_workers(stopped):
    """They would not notice that the pipe to their parent is closed."""
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        with open_executor(2) as executor:
            futures = [executor.submit(time.sleep, 2 * PATIENCE) for _ in range(2)]
            while not all(future.running() for future in futures):
                time.sleep(0.01)
            workers = multiprocessing.active_children()
            for worker in workers if stopped == "all" else workers[:1]:
                os.kill(worker.pid, signal.SIGSTOP)
            raise KeyboardInterrupt
    wait_for_end_of([worker.pid for worker in workers])
    assert time.monotonic() - start < PATIENCE


@pytest.fixture
def patience():
    """Of half a second with a scheduler that is silent."""
    with dask.config.set({"distributed.comm.timeouts.connect": "500ms"}):
        yield


@pytest.fixture
def cluster():
    """A scheduler, with one worker, in this process."""
    with LocalCluster(
        n_workers=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster


RELEASED = threading.Event()


def wait_for_release():
    """What is at work until the test is over, in a thread of this process."""
    RELEASED.wait(2 * PATIENCE)


@pytest.fixture
def released():
    """An event, set at the end of the test; before that of the cluster, which waits."""
    RELEASED.clear()
    yield RELEASED
    RELEASED.set()


@pytest.mark.parametrize(
    "address, reason",
    [
        ("http://127.0.0.1:8786", "unknown address scheme 'http'"),
        ("somewhere", "missing port number"),
        ("", "missing port number"),
        ("inproc://here", "values to unpack"),
        ("tls://127.0.0.1:8786", "TLS"),
        ("a\0b:8786", ""),
    ],
)
def test_refuses_what_is_not_an_address(address, reason):
    limit = {"distributed.comm.timeouts.connect": f"{PATIENCE} s"}
    start = time.monotonic()
    with pytest.raises(ValidationError, match="address of a Dask sch") as info:
        with dask.config.set(limit), open_executor(scheduler=address):
            pass
    assert reason in str(info.value) and "\n" not in str(info.value)
    assert time.monotonic() - start < PATIENCE  # of which nothing is waited for


@pytest.mark.parametrize("there", ["nothing", "something silent"])
def test_silence_has_a_limit(patience, there):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if there == "something silent":
            silent.listen()
        address = "tcp://{}:{}".format(*silent.getsockname())
        with pytest.raises(
            ConnectionError, match=r"No Dask scheduler at .* within 0.5 s"
        ):
            with open_executor(scheduler=address):
                pass


def test_a_scheduler_that_falls_silent(cluster, released, patience, monkeypatch):
    """Noticed while nothing comes back; nothing else may ever come."""

    def be_silent(*args, **kwargs):
        released.wait(2 * PATIENCE)

    monkeypatch.setitem(cluster.scheduler.handlers, "identity", be_silent)
    with pytest.raises(ConnectionError, match="No Dask scheduler"):
        with open_executor(scheduler=cluster.scheduler_address) as executor:
            executor.submit(wait_for_release).result()


def test_a_scheduler_that_ends(cluster, released, capfd):
    with pytest.raises(ConnectionError, match="has ended. Start it again"):
        with open_executor(scheduler=cluster.scheduler_address) as executor:
            future = executor.submit(wait_for_release)
            cluster.close()
            future.result()
    assert "Traceback" not in capfd.readouterr().err


def test_says_that_there_are_no_workers(cluster):
    cluster.scale(0)
    while cluster.scheduler.workers:
        time.sleep(0.01)
    with pytest.warns(NengoWarning, match="has no workers, so the run waits"):
        with open_executor(scheduler=cluster.scheduler_address) as executor:
            future = executor.submit(int, "7")
            cluster.scale(1)
            assert future.result() == 7


def test_works_where_a_loop_is_running(cluster):
    """As in a notebook."""

    async def run():
        with open_executor(scheduler=cluster.scheduler_address) as executor:
            return executor.submit(int, "7").result()

    assert asyncio.run(run()) == 7
