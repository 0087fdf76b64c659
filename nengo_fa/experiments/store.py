"""Results as labelled data on disk, trial by trial; none is lost, none computed twice."""

import json
import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import nengo
import numpy as np
import xarray as xr
from filelock import FileLock, Timeout
from nengo.exceptions import ValidationError
from nengo.rc import rc
from threadpoolctl import threadpool_info

import nengo_fa

FINISHED = "finished"


class Store:
    """A Zarr store of the results of an experiment, on disk.

    The store is created complete, with NaN for what is not yet known, and appears under
    its name at once. Chunks on disk are chunks of trials. That a trial is finished is
    written after its results, so that a killed process can do no harm. A context manager:
    within it, no other process can have the store.

    Parameters
    ----------
    path : str or os.PathLike
        A folder; by convention its name ends in ``.zarr``. Created if it is not there.
    experiment : Experiment
        What the results are of. See `.sweep.run_trials`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is something else under this name, or the results of an experiment of
        another configuration, or unfinished ones of other versions of the software; or
        if another process has the store.
    """

    def __init__(self, path, experiment):
        self.path = Path(path)
        self._experiment = experiment
        self._lock = _make_lock(self.path)

    def __enter__(self):
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise ValidationError(
                f"Another process is at work on {str(self.path)!r}. Wait for it, or "
                "choose another place.",
                attr="path",
            ) from error
        try:
            if self.path.exists():
                self._check()
                # of a process that was killed while it wrote
                for leftover in self.path.rglob("*.partial"):
                    leftover.unlink()
            else:
                self._create()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *exception):
        self._lock.release()

    def read(self):
        """What is there: a dataset of the finished trials, in memory."""
        data = read_dataset(self.path)
        return data.isel(trial=np.flatnonzero(data[FINISHED])).drop_vars(FINISHED)

    def find_unfinished(self):
        """The chunks of trials with some yet to be run, a list of ranges."""
        data = read_dataset(self.path)
        finished = data[FINISHED].values.copy()
        for name in self._experiment.make_template(range(1)).data_vars:
            # finished results hold no NaN; this is what Zarr makes of a file that is gone
            lost = data[name].isnull()
            finished &= ~lost.any([dim for dim in lost.dims if dim != "trial"]).values
        chunks = split_trials(self._experiment)
        return [
            chunk for chunk in chunks if not finished[chunk.start : chunk.stop].all()
        ]

    def write(self, trials, results):
        """Write the results of a chunk of trials.

        Parameters
        ----------
        trials : range
        results : dict of ndarray
            As the experiment's ``run`` returns them.
        """
        template = self._experiment.make_template(trials)
        data = template.assign(
            {
                name: (template[name].dims, values, template[name].attrs)
                for name, values in results.items()
            }
        )
        region = {"trial": slice(trials.start, trials.stop)}
        data = data.drop_vars(list(data.coords))
        data.to_zarr(self.path, region=region, consolidated=False)
        finished = xr.Dataset({FINISHED: ("trial", np.ones(len(trials), dtype=bool))})
        finished.to_zarr(self.path, region=region, consolidated=False)

    def _create(self):
        n_trials = self._experiment.n_trials
        data = self._experiment.make_template(range(n_trials))
        data[FINISHED] = ("trial", np.zeros(n_trials, dtype=bool))
        data.attrs.update(describe(self._experiment))
        chunk_size = len(split_trials(self._experiment)[0])
        encoding = {
            name: {
                "chunks": tuple(
                    chunk_size if dim == "trial" else data.sizes[dim]
                    for dim in variable.dims
                )
            }
            for name, variable in data.data_vars.items()
        }
        _write(data, self.path, encoding)

    def _check(self):
        try:
            data = read_dataset(self.path)
            theirs = json.loads(data.attrs["configuration"])
            versions = json.loads(data.attrs["versions"])
            for name in (FINISHED, *self._experiment.make_template(range(1)).data_vars):
                data[name]
        except Exception as error:  # damage can show in any layer
            raise _not_a_store(self.path, error) from error
        ours = json.loads(_to_json(_get_configuration(self._experiment)))
        self._refuse_difference("configuration", theirs, ours)
        if self.find_unfinished():
            self._refuse_difference("version", versions, get_versions())

    def _refuse_difference(self, what, theirs, ours):
        differences = [
            f"{key} is {theirs.get(key)!r} there and {ours.get(key)!r} here"
            for key in sorted(theirs.keys() | ours.keys())
            if theirs.get(key) != ours.get(key)
        ]
        if differences:
            raise ValidationError(
                f"{str(self.path)!r} holds results of another {what}: "
                f"{'; '.join(differences)}. Results are not mixed: choose another place, "
                "or use the same.",
                attr="path",
            )


def write_dataset(data, path):
    """Write a dataset to a Zarr store, which appears complete, in place of one there.

    Parameters
    ----------
    data : xarray.Dataset
    path : pathlib.Path

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is something else under this name.
    """
    with _make_lock(path):
        if path.exists():
            try:
                read_dataset(path).attrs["versions"]
            except Exception as error:  # it can be anything
                raise _not_a_store(path, error) from error
        _write(data.assign_attrs(versions=_to_json(get_versions())), path)


def _write(data, path, encoding=None):
    temporary = path.with_name(f"{path.name}.part")
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # of a killed process
        data.to_zarr(temporary, mode="w", encoding=encoding, consolidated=False)
        if path.exists():
            shutil.rmtree(path)
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _not_a_store(path, error):
    return ValidationError(
        f"{str(path)!r} is not a store of results ({error}). Choose another place, or "
        "move it away.",
        attr="path",
    )


def _make_lock(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"))


def read_dataset(path):
    """Read a dataset from a Zarr store into memory.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    data : xarray.Dataset
    """
    with xr.open_dataset(path, engine="zarr", consolidated=False, chunks=None) as data:
        return data.load()


def describe(experiment):
    """Attributes that say where results come from, a dictionary.

    Parameters
    ----------
    experiment : Experiment
        As for `.sweep.run_trials`.
    """
    return {
        "configuration": _to_json(_get_configuration(experiment)),
        "versions": _to_json(get_versions()),
        "seed": experiment.seed,
    }


def split_trials(experiment):
    """All trials of an experiment in chunks, a list of ranges."""
    size = min(experiment.chunk_size, experiment.n_trials)
    return [
        range(start, min(start + size, experiment.n_trials))
        for start in range(0, experiment.n_trials, size)
    ]


def get_versions():
    """Versions of what computes the results, a dictionary."""
    kernels = {
        f"{info['internal_api']} {info.get('architecture')}"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    }
    return {
        "python": platform.python_version(),
        "nengo": nengo.__version__,
        "nengo_fa": nengo_fa.__version__,
        "numpy": version("numpy"),
        "blas": ", ".join(sorted(kernels)),
    }


def _get_configuration(experiment):
    return {**experiment.configuration, "bits": int(rc.get("precision", "bits"))}


def _to_json(values):
    return json.dumps(values, sort_keys=True)
