import gc
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr
from nengo.exceptions import ValidationError
from nengo.rc import rc
from threadpoolctl import threadpool_info

from nengo_fa.experiments.multiplication import MultiplicationExperiment
from nengo_fa.experiments.sweep import estimate_time, open_executor, run_trials
from nengo_fa.experiments.sweep import run as sweep
from nengo_fa.experiments.sweep.store import Store, read_dataset, split, write_dataset

# in seconds: a busy machine is no failure
PATIENCE = 600

EXPERIMENT = MultiplicationExperiment(
    n_trials=5, epochs=3, n_samples=50, n_neurons=8, chunk_size=2
)


@dataclass(frozen=True)
class Failing:
    """An experiment that fails after some trials."""

    experiment: MultiplicationExperiment
    failing: int
    error: type = KeyboardInterrupt

    def __getattr__(self, name):
        return getattr(object.__getattribute__(self, "experiment"), name)

    def run(self, **part):
        if self.failing in part["trial"]:
            raise self.error("as planned")
        return self.experiment.run(**part)


@dataclass(frozen=True)
class Grid:
    """An experiment whose parts are conditions of a trial."""

    n_trials: int = 2
    epochs: int = 100
    failing: tuple = ()
    chunks = {"trial": 1, "condition": 1}
    seed = 0
    configuration = {"experiment": "grid"}

    def with_epochs(self, epochs):
        return replace(self, epochs=epochs)

    def make_template(self):
        return xr.Dataset(
            {
                "error": (("condition", "trial", "epoch"), np.full((3, 2, 4), np.nan)),
                "baseline": ("trial", np.full(2, np.nan)),
            },
            coords={"condition": [10, 20, 30], "trial": [0, 1], "epoch": range(4)},
        )

    def run(self, trial, condition):
        if (trial[0], condition[0]) == self.failing:
            raise KeyboardInterrupt
        shape = len(condition), len(trial), 4
        error = np.arange(4.0) + 10 * trial[0] + 100 * condition[0]
        baseline = np.array(trial, dtype=float) + 7
        return {"error": np.broadcast_to(error, shape), "baseline": baseline}


@pytest.fixture(scope="module")
def expected():
    results = EXPERIMENT.run(trial=range(EXPERIMENT.n_trials))
    template = EXPERIMENT.make_template()
    return template.assign({k: (template[k].dims, v) for k, v in results.items()})


def read_files(path):
    """All that there is beside the lock, to the last byte."""
    assert {file.name for file in path.parent.iterdir()} <= {
        other.name + ending
        for other in path.parent.glob("*.zarr")
        for ending in ("", ".lock")
    }
    return {
        file.relative_to(path): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def run_in_thread(experiment, path):
    with ThreadPoolExecutor(1) as executor:
        return run_trials(experiment, path, executor, progress_bar=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "thread.zarr"
    run_in_thread(EXPERIMENT, path)
    return path


def test_results_do_not_depend_on_chunks(store, expected):
    """Trials run alone, and side by side with others, give the same bits."""
    data = read_dataset(store)
    for name in expected.data_vars:
        np.testing.assert_array_equal(data[name], expected[name], strict=True)
        assert np.isfinite(data[name]).all()
    assert list(data.rule) == ["FeedbackAlignment", "Backprop"]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_do_not_depend_on_processes(tmp_path, store, workers):
    path = tmp_path / "processes.zarr"
    with open_executor(workers) as executor:
        run_trials(EXPERIMENT, path, executor, progress_bar=False)
    assert read_files(path) == read_files(store)
    assert not multiprocessing.active_children()


def test_results_are_the_same_on_a_dask_cluster(tmp_path, store):
    from distributed import LocalCluster

    path = tmp_path / "dask.zarr"
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        with open_executor(scheduler=cluster.scheduler_address) as executor:
            run_trials(EXPERIMENT, path, executor, progress_bar=False)
    assert read_files(path) == read_files(store)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_goes_on_after_an_exception(tmp_path, store, error):
    path = tmp_path / "interrupted.zarr"
    with pytest.raises(error):
        run_in_thread(Failing(EXPERIMENT, 3, error), path)
    with Store(path, EXPERIMENT) as part:
        assert part.find_unfinished() == [
            {"trial": range(2, 4)},
            {"trial": range(4, 5)},
        ]
        assert part.read().trial.values.tolist() == [0, 1]
    data = run_in_thread(EXPERIMENT, path)
    assert data.sizes["trial"] == 5
    assert read_files(path) == read_files(store)


def test_finished_trials_are_not_run_again(store):
    data = run_in_thread(Failing(EXPERIMENT, 3), store)
    assert data.sizes["trial"] == 5


def test_processes_do_not_share_a_cache():
    """Each has Nengo's configuration anew, in which the cache is on."""
    enabled = "__import__('nengo').rc.getboolean('decoder_cache', 'enabled')"
    with open_executor(1) as executor:
        assert executor.submit(eval, enabled).result() is False


def test_survives_sigkill(tmp_path, store):
    """Killed at whatever moment, again and again, it ends with the same store."""
    path = tmp_path / "killed.zarr"
    command = [
        sys.executable,
        "-c",
        "import sys; from test_sweep import EXPERIMENT, run_in_thread;"
        "print('ready', flush=True); run_in_thread(EXPERIMENT, sys.argv[1])",
        str(path),
    ]
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
    kills = 0
    for wait in np.linspace(0.0, 0.9, 7):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, env=environment
        ) as process:
            assert process.stdout.readline() == b"ready\n"
            if wait == 0.9:  # on a busy machine, nothing may be there before
                while not path.exists() and process.poll() is None:
                    time.sleep(0.01)
            time.sleep(wait)
            process.kill()
        kills += process.returncode == -signal.SIGKILL
    assert kills > 0
    # what a process leaves that is killed while it writes
    file = next(path.rglob("rmse/*"))
    file.with_name(f"{file.name}.0123.partial").touch()
    run_in_thread(EXPERIMENT, path)
    assert read_files(path) == read_files(store)


def test_no_process_outlives_its_parent(tmp_path):
    """Workers end when the parent is killed, in the middle of their work."""
    code = (
        "import time\n"
        "from nengo_fa.experiments.sweep import open_executor\n"
        "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    with open_executor(2) as executor:\n"
        "        futures = [executor.submit(time.sleep, 1200) for _ in range(2)]\n"
        "        while not all(future.running() for future in futures): pass\n"
        "        children = multiprocessing.active_children()\n"
        "        print(*(child.pid for child in children), flush=True)\n"
        "        time.sleep(1200)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert len(pids) == 2
    wait_for_end_of(pids)


def wait_for_end_of(pids):
    assert pids
    deadline = time.monotonic() + PATIENCE
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_alive(pid) for pid in pids)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it may end between the two calls
        return False


def test_an_exception_ends_busy_workers():
    """Ctrl-C does not wait for running parts."""
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        with open_executor(1) as executor:
            future = executor.submit(time.sleep, 1200)
            while not future.running():
                time.sleep(0.01)
            pids = [child.pid for child in multiprocessing.active_children()]
            raise KeyboardInterrupt
    assert time.monotonic() - start < PATIENCE
    # the processes themselves: Python may list one that another thread has just reaped
    wait_for_end_of(pids)


def test_an_interrupted_executor_is_there_for_its_thread():
    """Otherwise, its thread fails at cancelled futures and prints a traceback."""
    try:
        with open_executor(1) as executor:
            alive = weakref.ref(executor)
            del executor
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    gc.collect()
    assert alive() is not None


@pytest.mark.parametrize(
    "change",
    [{"epochs": 4}, {"seed": 1}, {"chunk_size": 3}, {"neurons": "spiking"}],
    ids=str,
)
def test_refuses_another_configuration(store, change):
    before = read_files(store)
    (name,) = change
    with pytest.raises(ValidationError, match=f"another configuration: {name} is"):
        run_in_thread(replace(EXPERIMENT, **change), store)
    assert read_files(store) == before


def test_refuses_other_versions_while_unfinished(tmp_path, monkeypatch):
    path = tmp_path / "old.zarr"
    with pytest.raises(KeyboardInterrupt):
        run_in_thread(Failing(EXPERIMENT, 3), path)
    monkeypatch.setattr("nengo.__version__", "5.0.0")
    with pytest.raises(ValidationError, match="another version: nengo is"):
        run_in_thread(EXPERIMENT, path)


@pytest.mark.parametrize("fewer", [1, 2, 3])
def test_a_store_grows(tmp_path, store, fewer):
    """Additional trials give the same results as if all had been run at once."""
    path = tmp_path / "grown.zarr"
    run_in_thread(replace(EXPERIMENT, n_trials=fewer), path)
    data = run_in_thread(EXPERIMENT, path)
    assert data.trial.values.tolist() == [0, 1, 2, 3, 4]
    assert read_files(path) == read_files(store)


def test_finished_trials_are_not_run_again_when_a_store_grows(tmp_path):
    path = tmp_path / "grown.zarr"
    run_in_thread(replace(EXPERIMENT, n_trials=4), path)
    assert run_in_thread(Failing(EXPERIMENT, 0), path).sizes["trial"] == 5


def test_fewer_trials_are_a_part_of_the_store(store):
    before = read_files(store)
    data = run_in_thread(Failing(replace(EXPERIMENT, n_trials=3), 0), store)
    assert data.trial.values.tolist() == [0, 1, 2]
    assert read_files(store) == before


@pytest.mark.parametrize("again", [4, 5, 7])
@pytest.mark.parametrize("n_done", range(6))
def test_growing_can_be_interrupted(tmp_path, monkeypatch, n_done, again):
    """After whichever array, and whatever number of trials is asked for then."""
    path, whole = tmp_path / "grown.zarr", tmp_path / "whole.zarr"
    run_in_thread(replace(EXPERIMENT, n_trials=4), path)
    find_short = Store._find_short
    with monkeypatch.context() as context:

        def interrupt(self, store):
            short = find_short(self, store)
            assert len(short) == 5
            yield from short[:n_done]
            raise KeyboardInterrupt

        context.setattr(
            Store, "_find_short", lambda *args: Interrupted(interrupt(*args))
        )
        with pytest.raises(KeyboardInterrupt):
            run_in_thread(EXPERIMENT, path)
    data = run_in_thread(replace(EXPERIMENT, n_trials=again), path)
    assert data.trial.values.tolist() == list(range(again))
    data = run_in_thread(replace(EXPERIMENT, n_trials=7), path)
    run_in_thread(replace(EXPERIMENT, n_trials=7), whole)
    assert read_files(path) == read_files(whole)


class Interrupted(list):
    """What is short, with an interruption on the way through it."""

    def __init__(self, arrays):
        super().__init__([None])
        self._arrays = arrays

    def __iter__(self):
        return self._arrays


def test_a_finished_store_does_not_grow_with_other_versions(tmp_path, monkeypatch):
    path = tmp_path / "old.zarr"
    run_in_thread(replace(EXPERIMENT, n_trials=2), path)
    before = read_files(path)
    monkeypatch.setattr("nengo.__version__", "5.0.0")
    with pytest.raises(ValidationError, match="another version: nengo is"):
        run_in_thread(EXPERIMENT, path)
    assert read_files(path) == before
    assert run_in_thread(replace(EXPERIMENT, n_trials=2), path).sizes["trial"] == 2


def test_precision_is_part_of_the_configuration(tmp_path, expected):
    path = tmp_path / "half.zarr"
    rc["precision"]["bits"] = "32"
    with open_executor(1) as executor:
        single = run_trials(EXPERIMENT, path, executor, progress_bar=False)
    error = np.abs(single.rmse - expected.rmse)
    assert 0 < error.max() < 1e-3  # the process of the worker has heard of it
    rc["precision"]["bits"] = "64"
    with pytest.raises(ValidationError, match="another configuration: bits is 32"):
        run_in_thread(EXPERIMENT, path)


def test_a_store_is_for_one_process_at_a_time(store):
    with Store(store, EXPERIMENT):
        with pytest.raises(ValidationError, match="Another process is writing to"):
            run_in_thread(EXPERIMENT, store)
    run_in_thread(EXPERIMENT, store)


def test_many_threads_are_one_at_a_time(tmp_path, store):
    """The number of threads for linear algebra is restored."""
    before = [info["num_threads"] for info in threadpool_info()]
    path = tmp_path / "threads.zarr"
    with ThreadPoolExecutor(3) as executor:
        run_trials(EXPERIMENT, path, executor, progress_bar=False)
    assert read_files(path) == read_files(store)
    assert [info["num_threads"] for info in threadpool_info()] == before


def test_reads_finished_results_of_other_versions(store, monkeypatch):
    monkeypatch.setattr("nengo.__version__", "5.0.0")
    assert run_in_thread(EXPERIMENT, store).sizes["trial"] == 5


@pytest.mark.parametrize("content", ["file", "empty folder", "damaged"])
def test_refuses_what_is_not_a_store(tmp_path, content):
    path = tmp_path / "other.zarr"
    if content == "file":
        path.write_text("important")
    elif content == "empty folder":
        path.mkdir()
    else:
        with Store(path, EXPERIMENT):
            pass
        for file in path.rglob("zarr.json"):
            file.write_text("{")
    with pytest.raises(ValidationError, match="is not a store of results"):
        run_in_thread(EXPERIMENT, path)
    assert path.exists()


@pytest.mark.parametrize("lost", ["a chunk", "a variable"])
def test_lost_files(tmp_path, store, lost):
    """Missing files of finished results are noticed, and computed again if possible."""
    path = tmp_path / "lost.zarr"
    shutil.copytree(store, path)
    if lost == "a chunk":
        files = (file for file in (path / "rmse").rglob("*") if file.is_file())
        next(file for file in files if file.name != "zarr.json").unlink()
        run_in_thread(EXPERIMENT, path)
        assert read_files(path) == read_files(store)
    else:
        shutil.rmtree(path / "rmse")
        with pytest.raises(ValidationError, match="is not a store of results"):
            run_in_thread(EXPERIMENT, path)


def test_does_not_write_over_what_is_not_a_store(tmp_path):
    path = tmp_path / "figure.zarr"
    data = xr.Dataset({"a": ("x", [1.0, 2.0])})
    write_dataset(data, path)
    write_dataset(data + 1, path)
    assert read_dataset(path).a.values.tolist() == [2, 3]
    shutil.rmtree(path)
    path.mkdir()
    (path / "mine.txt").write_text("important")
    with pytest.raises(ValidationError, match="is not a store of results"):
        write_dataset(data, path)
    assert (path / "mine.txt").exists()


def test_address_of_a_scheduler():
    with pytest.raises(ValidationError, match="address of a Dask scheduler"):
        with open_executor(scheduler="somewhere"):
            pass


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_diverged_results_are_kept(tmp_path):
    """They are infinite, and are not run again; other results do not change."""
    experiment = replace(EXPERIMENT, learning_rate=1e308)
    path = tmp_path / "diverged.zarr"
    data = run_in_thread(experiment, path)
    free = data.rmse.sel(normalization="none")
    assert np.isinf(free).any() and not np.isnan(free).any()
    run_in_thread(Failing(experiment, 0), path)


def test_says_where_results_come_from(store):
    with xr.open_zarr(store, consolidated=False) as data:
        configuration = json.loads(data.attrs["configuration"])
        assert configuration == {**EXPERIMENT.configuration, "bits": 64}
        assert set(json.loads(data.attrs["versions"])) >= {"nengo", "numpy", "blas"}
        assert data.attrs["seed"] == EXPERIMENT.seed
        assert data.angle.attrs["units"] == "rad"
        assert data.rmse.dims == ("rule", "normalization", "trial", "epoch")


def test_numbers_of_numpy_are_those_of_python(tmp_path, store):
    path = tmp_path / "numpy.zarr"
    shutil.copytree(store, path)
    with Store(path, replace(EXPERIMENT, n_neurons=np.int64(8))) as again:
        assert not again.find_unfinished()


def test_parts_cover_all_trials():
    parts = split({"trial": 5, "epoch": 9}, {"trial": 2})
    assert [list(part["trial"]) for part in parts] == [[0, 1], [2, 3], [4]]


def test_parts_end_a_trial_before_the_next():
    parts = split({"trial": 2, "condition": 3}, {"condition": 2, "trial": 1})
    assert [part["trial"][0] for part in parts] == [0, 0, 1, 1]
    assert [list(part["condition"]) for part in parts] == [[0, 1], [2]] * 2


def test_conditions_of_a_trial_are_parts(tmp_path):
    """Interrupted in the middle of a trial, the rest is run; the same bytes remain."""
    whole, path = tmp_path / "whole.zarr", tmp_path / "resumed.zarr"
    data = run_in_thread(Grid(), whole)
    assert data.error.sel(trial=1, condition=30, epoch=2) == 2 + 10 + 200
    assert list(data.baseline) == [7, 8]
    with pytest.raises(KeyboardInterrupt):
        run_in_thread(Grid(failing=(1, 1)), path)
    with Store(path, Grid()) as store:
        parts = store.find_unfinished()
        assert list(store.read().trial) == [0]
    assert [(part["trial"][0], part["condition"][0]) for part in parts] == [
        (1, 1),
        (1, 2),
    ]
    run_in_thread(Grid(), path)
    assert read_files(path) == read_files(whole)


def test_lost_results_of_a_condition_are_found(tmp_path):
    path = tmp_path / "grid.zarr"
    run_in_thread(Grid(), path)
    before = read_files(path)
    lost = next(f for f in before if re.search(r"^error/.*\D1\D1\D0$", str(f)))
    (path / lost).unlink()
    with Store(path, Grid()) as store:
        (part,) = store.find_unfinished()
    assert part == {"trial": range(1, 2), "condition": range(1, 2)}
    run_in_thread(Grid(), path)
    assert read_files(path) == before


@pytest.mark.parametrize(
    "per_epoch, n_workers, expected",
    [
        (0.5, 1, "6 parts to run, about 5 min on 1 process"),
        (0.5, 2, "6 parts to run, about 2.5 min on 2 processes"),
        (60, 3, "6 parts to run, about 3.3 h on 3 processes"),
        (0.001, 1, "None"),
    ],
)
def test_estimate(tmp_path, monkeypatch, per_epoch, n_workers, expected):
    class Clock:
        now = 0.0

        def perf_counter(self):
            return self.now

    clock = Clock()

    def run(experiment, part, bits):
        clock.now += per_epoch * experiment.epochs

    monkeypatch.setattr(sweep, "time", clock)
    monkeypatch.setattr(sweep, "_run", run)
    with ThreadPoolExecutor(1) as executor:
        estimate = estimate_time(Grid(), tmp_path / "grid.zarr", executor, n_workers)
    assert str(estimate) == expected


def test_short_runs_are_not_measured(tmp_path):
    executor = None  # none is needed
    assert estimate_time(EXPERIMENT, tmp_path / "short.zarr", executor) is None
