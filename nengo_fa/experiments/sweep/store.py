"""Results as labelled data on disk, part by part; none is lost, none computed twice."""

import json
import os
import platform
import shutil
from importlib.metadata import version
from itertools import product
from pathlib import Path

import nengo
import numpy as np
import xarray as xr
import zarr
from filelock import FileLock, Timeout
from nengo.exceptions import ValidationError
from nengo.rc import rc
from threadpoolctl import threadpool_info

import nengo_fa

FINISHED = "finished"


class Store:
    """A Zarr store of the results of an experiment, on disk.

    The store is created complete, with NaN for what is not yet known, and appears under
    its name at once. Each part of the experiment has chunks of its own on disk. That a
    part is finished is written after its results, so that a killed process can do no harm.
    A store of fewer trials grows, and one of more is used as if it had as many as the
    experiment. A context manager: within it, no other process can have the store.

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
        self._template = experiment.make_template()
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
        """What is there: a dataset of those trials of which all is finished, in memory."""
        data = self._read()
        finished = data[FINISHED].all(set(data[FINISHED].dims) - {"trial"})
        return data.isel(trial=np.flatnonzero(finished)).drop_vars(FINISHED)

    def find_unfinished(self):
        """The parts that are yet to be run, a list as `split` returns it."""
        data = self._read()
        finished = data[FINISHED]
        for name in self._template.data_vars:
            # finished results hold no NaN; this is what Zarr makes of a file that is gone
            lost = data[name].isnull()
            finished = finished & ~lost.any(set(lost.dims) - set(finished.dims))
        parts = split(self._template.sizes, self._experiment.chunks)
        return [part for part in parts if not finished.isel(_to_region(part)).all()]

    def write(self, part, results):
        """Write the results of a part.

        Parameters
        ----------
        part : dict of range
            One of those that `split` returns.
        results : dict of ndarray
            As the experiment's ``run`` returns them.
        """
        region = _to_region(part)
        template = self._template.isel(region)
        data = template.assign(
            {
                name: (template[name].dims, values, template[name].attrs)
                for name, values in results.items()
            }
        )
        data = data.drop_vars(list(data.coords))
        data.to_zarr(self.path, region=region, consolidated=False)
        finished = np.ones([len(numbers) for numbers in part.values()], dtype=bool)
        finished = xr.Dataset({FINISHED: (list(part), finished)})
        finished.to_zarr(self.path, region=region, consolidated=False)

    def _read(self):
        """The trials of the experiment, finished or not."""
        n_trials = self._template.sizes["trial"]
        return read_dataset(self.path).isel(trial=slice(n_trials))

    def _create(self):
        sizes, chunks = self._template.sizes, self._experiment.chunks
        unfinished = np.zeros([sizes[dim] for dim in chunks], dtype=bool)
        data = self._template.assign({FINISHED: (list(chunks), unfinished)})
        data.attrs.update(describe(self._experiment))
        encoding = {
            name: {
                "chunks": tuple(chunks.get(dim, sizes[dim]) for dim in variable.dims)
            }
            for name, variable in data.variables.items()
        }
        _write(data, self.path, encoding)

    def _check(self):
        try:
            store = zarr.open_group(self.path, mode="r+")
            theirs = json.loads(store.attrs["configuration"])
            versions = json.loads(store.attrs["versions"])
            short = self._find_short(store)
        except Exception as error:  # damage can show in any layer
            raise _not_a_store(self.path, error) from error
        ours = json.loads(_to_json(_get_configuration(self._experiment)))
        self._refuse_difference("configuration", theirs, ours)
        if short:
            self._refuse_difference("version", versions, get_versions())
            for array, shape in short:
                array.resize(shape)
        numbers = store["trial"]
        if numbers[-1] != numbers.size - 1:  # as a process may end in between
            numbers[:] = np.arange(numbers.size)
        try:
            unfinished = self.find_unfinished()
        except Exception as error:
            raise _not_a_store(self.path, error) from error
        if unfinished:
            self._refuse_difference("version", versions, get_versions())

    def _find_short(self, store):
        """Arrays that lack trials, each with the shape that it should have.

        They lack those of the experiment, or those of other arrays: somebody was
        interrupted who made the store grow.
        """
        dims = {name: data.dims for name, data in self._template.variables.items()}
        dims[FINISHED] = tuple(self._experiment.chunks)
        lengths = {
            name: store[name].shape[dims[name].index("trial")]
            for name in dims
            if "trial" in dims[name]
        }
        n_trials = max(self._template.sizes["trial"], *lengths.values())
        short = []
        for name in (name for name in lengths if lengths[name] < n_trials):
            shape = list(store[name].shape)
            shape[dims[name].index("trial")] = n_trials
            short.append((store[name], tuple(shape)))
        return short

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


def find_dataset(path, experiment):
    """Read a dataset from a Zarr store, if it is of this experiment and these versions.

    Parameters
    ----------
    path : pathlib.Path
    experiment : Experiment
        As for `.sweep.run_trials`.

    Returns
    -------
    data : xarray.Dataset or None
    """
    if not path.exists():
        return None
    try:
        data = read_dataset(path)
    except Exception as error:  # damage can show in any layer
        raise _not_a_store(path, error) from error
    same = all(data.attrs.get(name) == it for name, it in describe(experiment).items())
    return data if same else None


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


def split(sizes, chunks):
    """All parts of an experiment.

    Parameters
    ----------
    sizes : dict of int
        How long the dimensions of the results are, by name.
    chunks : dict of int
        How long those of a part are, by name; ``trial`` is among them. Parts have all of
        the other dimensions.

    Returns
    -------
    parts : list of dict of range
        Trial by trial: the place of each part along the dimensions that it does not have
        all of.
    """
    places = [
        [range(i, min(i + size, sizes[dim])) for i in range(0, sizes[dim], size)]
        for dim, size in chunks.items()
    ]
    parts = [dict(zip(chunks, ranges)) for ranges in product(*places)]
    # a trial is of use when all of it is there
    return sorted(parts, key=lambda part: part["trial"].start)


def _to_region(part):
    return {dim: slice(place.start, place.stop) for dim, place in part.items()}


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
    # numbers and arrays of NumPy are as good as Python's
    return json.dumps(values, sort_keys=True, default=lambda value: value.tolist())
