"""Labelled results on disk, written part by part; no part is lost or computed twice."""

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

#: Error numbers of the system for a place that cannot be written to.
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class Store:
    """A Zarr store of the results of an experiment, on disk.

    The store is created with all arrays, full of NaN, and gets its name when it is complete.
    Each part of the experiment has its own chunks on disk. A part is marked as finished after
    its results are written, so that killing a process does no harm. If the experiment has
    more trials than the store, the store grows; additional trials in the store are ignored.
    A store is a context manager; within it, no other process can open the store.

    The chunks and the description of the arrays have checksums. A part with damaged or
    missing chunks counts as unfinished, and damaged labels are written again. Finished
    results can be read from a place that cannot be written to.

    Parameters
    ----------
    path : str or os.PathLike
        A folder, whose name ends in ``.zarr`` by convention. It is created if necessary.
    experiment : Experiment
        The experiment whose results are stored. See `.sweep.run_trials`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``path`` is not a store; if it contains results with another configuration, or
        unfinished results of other versions of the software; or if another process has
        opened it.
    """

    def __init__(self, path: PathLike[str] | str, experiment: Any) -> None:
        self.path = Path(path)
        self._experiment = experiment
        self._template = experiment.make_template()
        self._lock = zarr_files.make_lock(self.path)
        self._read_only = None  # or the error that prevents writing

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
                f"Another process is writing to {str(self.path)!r}. Wait until it has "
                "ended, or choose another folder.",
                attr="path",
            ) from error
        except OSError as error:
            if error.errno not in READ_ONLY or not self.path.exists():
                raise
            self._read_only = error

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def read(self) -> xr.Dataset:
        """Return a dataset of all trials that are completely finished, in memory."""
        return select_finished(self._read())

    def find_unfinished(self) -> list:
        """Return the parts that remain to be run, a list as from `split`."""
        data = self._read()
        finished = data[FINISHED]
        for name in self._template.data_vars:
            # finished results contain no NaN, which Zarr reads in place of missing files
            lost = data[name].isnull()
            finished = finished & ~lost.any(set(lost.dims) - set(finished.dims))
        parts = split(self._template.sizes, self._experiment.chunks)
        return [part for part in parts if not finished.isel(_to_region(part)).all()]

    def write(self, part: dict, results: dict) -> None:
        """Write the results of a part.

        Parameters
        ----------
        part : dict of range
            A part from `split`.
        results : dict of ndarray
            The results that the experiment's ``run`` returned.
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
        """Return the trials of the experiment, whether or not they are finished."""
        data = read_dataset(self.path).isel(trial=slice(self._template.sizes["trial"]))
        with zarr_files.refusing(self.path):
            for name in self._template.variables:
                if not _is_as_expected(data[name], self._template[name]):
                    raise ValueError(f"{name} does not fit the experiment")
        return data.drop_vars(data.variables.keys() - {*self._encoding})

    def _create(self):
        sizes, chunks = self._template.sizes, self._experiment.chunks
        unfinished = np.zeros([sizes[dim] for dim in chunks], dtype=bool)
        data = self._template.assign({FINISHED: (list(chunks), unfinished)})
        data.attrs.update(describe(self._experiment))
        zarr_files.write(data, self.path, self._encoding)

    @cached_property
    def _dims(self):
        """Dimensions of each array."""
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
        if self._read_only is None:
            # left by a process that was killed while it wrote
            for leftover in self.path.rglob("*.partial"):
                leftover.unlink()
        if short:
            self._refuse_to_go_on()
            store.attrs[CHECKSUM] = None  # written again when all arrays have grown
            for array, shape in short:
                array.resize(shape)
        self._remove_damaged_chunks(store)
        self._repair_labels(store)
        if self.find_unfinished():
            self._refuse_to_go_on()
            if store.attrs.get(CHECKSUM) is None:
                zarr_files.sign(self.path)

    def _remove_damaged_chunks(self, store):
        """Remove damaged chunks, so that they count as missing."""
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
                f"Some results in {str(self.path)!r} are damaged and are computed again",
                NengoWarning,
            )
        for file in files:
            file.unlink(missing_ok=True)

    def _repair_labels(self, store):
        """Write missing labels again, which a process leaves that ends while they grow."""
        for name, labels in self._template.coords.items():
            array, labels = store[name], labels.values
            lost = array.nchunks_initialized < array.nchunks
            # without a fill value, missing chunks are read as arbitrary values
            wrong = lost and array.fill_value is None
            if name == "trial":
                lost, labels = True, np.arange(array.size)
            if wrong or (lost and not np.array_equal(array[...], labels)):
                self._refuse_read_only("has damaged labels")
                array[...] = labels

    def _refuse_to_go_on(self):
        self._refuse_difference("version", self._versions, get_versions())
        self._refuse_read_only("is not finished")

    def _refuse_read_only(self, reason):
        if self._read_only is not None:
            raise ValidationError(
                f"{str(self.path)!r} {reason}, and it cannot be written to "
                f"({self._read_only}). Copy it to a folder that you can write to, and "
                "continue there.",
                attr="path",
            )

    def _find_short(self, store):
        """Return arrays with too few trials, each with the shape that it should have.

        They have fewer trials than the experiment; or than other arrays, if a process was
        interrupted while the store was growing.
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
            f"{key} is {theirs.get(key)!r} in the store and {ours.get(key)!r} here"
            for key in sorted(theirs.keys() | ours.keys())
            if theirs.get(key) != ours.get(key)
        ]
        if differences:
            raise ValidationError(
                f"{str(self.path)!r} contains results of another {what}: "
                f"{'; '.join(differences)}. Choose another folder, or use the same "
                f"{what}, because results are never mixed.",
                attr="path",
            )


def select_finished(data: xr.Dataset) -> xr.Dataset:
    """Return the trials of a dataset from a store that are completely finished."""
    finished = data[FINISHED].all(set(data[FINISHED].dims) - {"trial"})
    return data.isel(trial=np.flatnonzero(finished)).drop_vars(FINISHED)


def find_dataset(path: Path, experiment: Any) -> xr.Dataset | None:
    """Read a dataset from a Zarr store, or None if its experiment or versions differ.

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
    """Return all parts of an experiment.

    Parameters
    ----------
    sizes : dict of int
        Lengths of the dimensions of the results, by name.
    chunks : dict of int
        Lengths of a part along the dimensions that are divided, by name, with ``trial``
        among them. Other dimensions are not divided.

    Returns
    -------
    parts : list of dict of range
        The indices of each part along the dimensions that are divided, trial by trial.
    """
    places = [
        [range(i, min(i + size, sizes[dim])) for i in range(0, sizes[dim], size)]
        for dim, size in chunks.items()
    ]
    parts = [dict(zip(chunks, ranges)) for ranges in product(*places)]
    # trial by trial, because only complete trials are used
    return sorted(parts, key=lambda part: part["trial"].start)


def _is_as_expected(data, expected):
    """Return whether an array fits a template: its dimensions, and its labels or type."""
    if data.dims != expected.dims:
        return False
    if expected.name in expected.coords:
        return np.array_equal(data.values, expected.values)
    return data.dtype == expected.dtype


def _to_region(part):
    return {dim: slice(place.start, place.stop) for dim, place in part.items()}
