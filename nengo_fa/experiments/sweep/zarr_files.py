"""Zarr stores of datasets, which are renamed when complete, with checksums against damage."""

import errno
import json
import os
import shutil
import zlib
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import xarray as xr
import zarr
from filelock import FileLock
from nengo.exceptions import ValidationError
from zarr.codecs import Crc32cCodec, ZstdCodec

from nengo_fa.experiments.sweep.provenance import get_versions, to_json

CODECS = {"compressors": [ZstdCodec(level=0), Crc32cCodec()]}
#: Name of the array that marks the finished parts of an experiment.
FINISHED = "finished"
#: Name of the attribute with the checksum of all descriptions of arrays.
CHECKSUM = "checksum"
#: Name of the files that describe an array or a group of arrays.
DESCRIPTION = "zarr.json"


def read_dataset(path: Path) -> xr.Dataset:
    """Read a dataset from a Zarr store into memory.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    data : xarray.Dataset

    Raises
    ------
    FileNotFoundError
        If ``path`` does not exist.
    nengo.exceptions.ValidationError
        If ``path`` is not a store, or is damaged.
    """
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "There is no store", str(path))
    with refusing(path):
        verify(path)
        with xr.open_zarr(path, consolidated=False, chunks=None) as data:
            data.load()
    data.attrs.pop(CHECKSUM, None)
    return data


def write_dataset(data: xr.Dataset, path: Path) -> None:
    """Write a dataset to a Zarr store, and replace an existing store once it is complete.

    Parameters
    ----------
    data : xarray.Dataset
    path : pathlib.Path

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``path`` exists and is not a store.
    """
    with make_lock(path):
        if path.exists():
            with refusing(path):
                read_dataset(path).attrs["versions"]
        write(data.assign_attrs(versions=to_json(get_versions())), path)


def write(data, path, encoding=None):
    encoding = encoding or {}
    encoding = {name: {**encoding.get(name, {}), **CODECS} for name in data.variables}
    temporary = path.with_name(f"{path.name}.part")
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # left by a killed process
        data.to_zarr(temporary, mode="w", encoding=encoding, consolidated=False)
        sign(temporary)
        if path.exists():
            shutil.rmtree(path)
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_lock(path):
    if "\0" in str(path):
        raise ValidationError(
            f"Must not contain the character NUL (got {str(path)!r})", attr="path"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"))


def sign(path):
    """Add the checksum that `verify` compares."""
    attributes = zarr.open_group(path, mode="r+").attrs
    attributes[CHECKSUM] = None  # so that the file has its final format
    attributes[CHECKSUM] = _compute_checksum(path)


def verify(path: Path) -> None:
    """Refuse a store whose description has changed since it was written.

    Stores from early versions have no checksum, and are accepted.

    Parameters
    ----------
    path : pathlib.Path

    Raises
    ------
    ValueError
    """
    expected = zarr.open_group(path, mode="r").attrs.get(CHECKSUM)
    if expected is not None and expected != _compute_checksum(path):
        raise ValueError("the description of its arrays has changed")


def _compute_checksum(path):
    """Return the checksum of the descriptions of arrays, and of the names of files.

    If results are written part by part, names do not count, because chunks come and go.
    """
    names = [file.relative_to(path).as_posix() for file in path.rglob("*")]
    found = {} if (path / FINISHED).exists() else dict.fromkeys(names)
    found = {name: None for name in found if not name.startswith(".")}
    for name in names:
        if name.rpartition("/")[2] == DESCRIPTION:
            found[name] = json.loads((path / name).read_text(encoding="utf-8"))
    found[DESCRIPTION]["attributes"].pop(CHECKSUM, None)
    return zlib.crc32(to_json(found).encode())


def find_damaged(array):
    """Return the files of damaged chunks, relative to the folder of an array."""
    try:
        array[...]
        return []
    except Exception:  # it does not tell which chunks are damaged
        lengths = [-(-n // size) for n, size in zip(array.shape, array.chunks)]
        places = product(*map(range, lengths))
        damaged = [place for place in places if not _is_readable(array, place)]
    return ["/".join(["c", *map(str, place)]) for place in damaged]


def _is_readable(array, place):
    try:
        array[tuple(slice(i * n, i * n + n) for i, n in zip(place, array.chunks))]
    except (OSError, MemoryError):  # not caused by a damaged chunk
        raise
    except Exception:  # any layer may raise an exception about damage
        return False
    return True


@contextmanager
def refusing(path):
    """Refuse a path that is not a store. Any layer may raise any exception about it."""
    try:
        yield
    except ValidationError:
        raise
    except Exception as error:
        raise ValidationError(
            f"{str(path)!r} is not a store of results ({error}). Choose another folder, "
            "or move this one away.",
            attr="path",
        ) from error
