"""Results as labelled data on disk, part by part; none is lost, none computed twice."""

import errno
import json
import warnings
from functools import cached_property
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import xarray as xr
import zarr
from filelock import Timeout
from nengo.exceptions import NengoWarning, ValidationError

from nengo_fa.experiments.sweep import zarr_files
from nengo_fa.experiments.sweep.provenance import (
    describe,
    get_configuration,
    get_versions,
    to_json,
)
from nengo_fa.experiments.sweep.zarr_files import (
    CHECKSUM,
    FINISHED,
    read_dataset,
    verify,
    write_dataset,
)

__all__ = [
    "Store",
    "describe",
    "find_dataset",
    "get_versions",
    "read_dataset",
    "select_finished",
    "split",
    "verify",
    "write_dataset",
]

#: What the system says where nothing may be written.
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class Store:
    """A Zarr store of the results of an experiment, on disk.

    The store is created complete, with NaN for what is not yet known, and appears under
    its name at once. Each part of the experiment has chunks of its own on disk. That a
    part is finished is written after its results, so that a killed process can do no harm.
    A store of fewer trials grows, and one of more is used as if it had as many as the
    experiment. A context manager: within it, no other process can have the store.

    Each chunk has a checksum, and so has the description of the arrays. A part whose
    chunks are damaged or lost counts as unfinished; damaged labels are written again.
    Where nothing can be written, finished results can still be read.

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

    def __init__(self, path: PathLike[str] | str, experiment: Any) -> None:
        self.path = Path(path)
        self._experiment = experiment
        self._template = experiment.make_template()
        self._lock = zarr_files.make_lock(self.path)
        self._read_only = None  # or why nothing can be written

    def __enter__(self) -> Self:
        self._acquire()
        try:
            if self.path.exists():
                self._check()
            else:
                self._create()
        except BaseException:
            self._lock.release()
            raise
        return self

    def _acquire(self):
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise ValidationError(
                f"Another process is at work on {str(self.path)!r}. Wait for it, or "
                "choose another place.",
                attr="path",
            ) from error
        except OSError as error:
            if error.errno not in READ_ONLY or not self.path.exists():
                raise
            self._read_only = error

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def read(self) -> xr.Dataset:
        """What is there: a dataset of those trials of which all is finished, in memory."""
        return select_finished(self._read())

    def find_unfinished(self) -> list:
        """The parts that are yet to be run, a list as `split` returns it."""
        data = self._read()
        finished = data[FINISHED]
        for name in self._template.data_vars:
            # finished results hold no NaN; this is what Zarr makes of a file that is gone
            lost = data[name].isnull()
            finished = finished & ~lost.any(set(lost.dims) - set(finished.dims))
        parts = split(self._template.sizes, self._experiment.chunks)
        return [part for part in parts if not finished.isel(_to_region(part)).all()]

    def write(self, part: dict, results: dict) -> None:
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
        ones = np.ones([len(numbers) for numbers in part.values()], dtype=bool)
        finished = xr.Dataset({FINISHED: (list(part), ones)})
        finished.to_zarr(self.path, region=region, consolidated=False)

    def _read(self):
        """The trials of the experiment, finished or not."""
        data = read_dataset(self.path).isel(trial=slice(self._template.sizes["trial"]))
        with zarr_files.refusing(self.path):
            for name in self._template.variables:
                if not _is_as_expected(data[name], self._template[name]):
                    raise ValueError(f"{name} is not that of the experiment")
        return data.drop_vars(data.variables.keys() - {*self._encoding})

    def _create(self):
        sizes, chunks = self._template.sizes, self._experiment.chunks
        unfinished = np.zeros([sizes[dim] for dim in chunks], dtype=bool)
        data = self._template.assign({FINISHED: (list(chunks), unfinished)})
        data.attrs.update(describe(self._experiment))
        zarr_files.write(data, self.path, self._encoding)

    @cached_property
    def _dims(self):
        """The dimensions of each array."""
        dims = {name: data.dims for name, data in self._template.variables.items()}
        return {**dims, FINISHED: tuple(self._experiment.chunks)}

    @cached_property
    def _encoding(self):
        sizes = {**self._template.sizes, **self._experiment.chunks}
        return {
            name: {"chunks": tuple(sizes[dim] for dim in dims)}
            for name, dims in self._dims.items()
        }

    def _check(self):
        with zarr_files.refusing(self.path):
            verify(self.path)
            store = zarr.open_group(self.path, mode="r+")
            theirs = dict(json.loads(store.attrs["configuration"]))
            self._versions = dict(json.loads(store.attrs["versions"]))
            short = self._find_short(store)
        ours = json.loads(to_json(get_configuration(self._experiment)))
        self._refuse_difference("configuration", theirs, ours)
        if self._read_only is None:  # what a process leaves that is killed as it writes
            for leftover in self.path.rglob("*.partial"):
                leftover.unlink()
        if short:
            self._refuse_to_go_on()
            store.attrs[CHECKSUM] = None  # until all arrays have grown
            for array, shape in short:
                array.resize(shape)
        self._remove_damaged_chunks(store)
        self._repair_labels(store)
        if self.find_unfinished():
            self._refuse_to_go_on()
            if store.attrs.get(CHECKSUM) is None:
                zarr_files.sign(self.path)

    def _remove_damaged_chunks(self, store):
        """What is damaged is then found to be lost."""
        with zarr_files.refusing(self.path):
            damaged = {
                name: zarr_files.find_damaged(store[name]) for name in self._dims
            }
        files = [self.path / name / file for name in damaged for file in damaged[name]]
        if not files:
            return
        self._refuse_read_only("is damaged")
        if any(damaged[name] for name in damaged.keys() - self._template.coords.keys()):
            self._refuse_to_go_on()
            warnings.warn(
                f"{str(self.path)!r} is damaged: the parts concerned are run again",
                NengoWarning,
            )
        for file in files:
            file.unlink(missing_ok=True)

    def _repair_labels(self, store):
        """Write labels again that are lost, as a process may also end while they grow."""
        for name, labels in self._template.coords.items():
            array, labels = store[name], labels.values
            lost = array.nchunks_initialized < array.nchunks
            # without a value to fill with, what is read in place of a chunk is arbitrary
            wrong = lost and array.fill_value is None
            if name == "trial":
                lost, labels = True, np.arange(array.size)
            if wrong or (lost and not np.array_equal(array[...], labels)):
                self._refuse_read_only("lacks labels")
                array[...] = labels

    def _refuse_to_go_on(self):
        self._refuse_difference("version", self._versions, get_versions())
        self._refuse_read_only("is not finished")

    def _refuse_read_only(self, reason):
        if self._read_only is not None:
            raise ValidationError(
                f"{str(self.path)!r} {reason}, and nothing can be written there "
                f"({self._read_only}). Copy it to a folder in which you can write, and "
                "go on there.",
                attr="path",
            )

    def _find_short(self, store):
        """Arrays that lack trials, each with the shape that it should have.

        They lack those of the experiment, or those of other arrays: somebody was
        interrupted who made the store grow.
        """
        axes = {
            name: dims.index("trial")
            for name, dims in self._dims.items()
            if "trial" in dims
        }
        lengths = {name: store[name].shape[axis] for name, axis in axes.items()}
        n_trials = max(self._template.sizes["trial"], *lengths.values())
        short = []
        for name in (name for name in lengths if lengths[name] < n_trials):
            shape = list(store[name].shape)
            shape[axes[name]] = n_trials
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


def select_finished(data: xr.Dataset) -> xr.Dataset:
    """Return those trials of a dataset, read from a store, of which all is finished."""
    finished = data[FINISHED].all(set(data[FINISHED].dims) - {"trial"})
    return data.isel(trial=np.flatnonzero(finished)).drop_vars(FINISHED)


def find_dataset(path: Path, experiment: Any) -> xr.Dataset | None:
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
    data = read_dataset(path)
    same = all(data.attrs.get(name) == it for name, it in describe(experiment).items())
    return data if same else None


def split(sizes: dict, chunks: dict) -> list[dict]:
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


def _is_as_expected(data, expected):
    """Whether an array is of the same kind as that of a template; labels are the same."""
    if data.dims != expected.dims:
        return False
    if expected.name in expected.coords:
        return np.array_equal(data.values, expected.values)
    return data.dtype == expected.dtype


def _to_region(part):
    return {dim: slice(place.start, place.stop) for dim, place in part.items()}
