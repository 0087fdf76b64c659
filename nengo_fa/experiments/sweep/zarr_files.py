"""Datasets as Zarr stores: they appear complete, and checksums show what is damaged."""

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
#: The array that says which parts of an experiment are finished.
FINISHED = "finished"
#: The attribute with the checksum of everything that describes the arrays.
CHECKSUM = "checksum"
#: The name of files that describe arrays, or a group of them.
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
        If there is nothing.
    nengo.exceptions.ValidationError
        If it is not a store, or damaged.
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
        shutil.rmtree(temporary, ignore_errors=True)  # of a killed process
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
            f"Must not hold the character NUL (got {str(path)!r})", attr="path"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"))


def sign(path):
    """Add the checksum that `verify` looks for."""
    attributes = zarr.open_group(path, mode="r+").attrs
    attributes[CHECKSUM] = None  # so that the file is already written as it will be
    attributes[CHECKSUM] = _compute_checksum(path)


def verify(path: Path) -> None:
    """Refuse a store whose description is not as it was written.

    Stores of before there were checksums have none, and are not refused.

    Parameters
    ----------
    path : pathlib.Path

    Raises
    ------
    ValueError
    """
    expected = zarr.open_group(path, mode="r").attrs.get(CHECKSUM)
    if expected is not None and expected != _compute_checksum(path):
        raise ValueError("what describes the arrays has been changed")


def _compute_checksum(path):
    """That of what describes the arrays, and of which files there are.

    But for results that are written part by part: their chunks come and go.
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
    """Files of the chunks that cannot be read, relative to the folder of an array."""
    try:
        array[...]
        return []
    except Exception:  # it says neither of which chunk, nor of how many
        lengths = [-(-n // size) for n, size in zip(array.shape, array.chunks)]
        places = product(*map(range, lengths))
        damaged = [place for place in places if not _is_readable(array, place)]
    return ["/".join(["c", *map(str, place)]) for place in damaged]


def _is_readable(array, place):
    try:
        array[tuple(slice(i * n, i * n + n) for i, n in zip(place, array.chunks))]
    except (OSError, MemoryError):  # of which the chunk may be innocent
        raise
    except Exception:  # damage can show in any layer
        return False
    return True


@contextmanager
def refusing(path):
    """Refuse what is not a store: damage can show in any layer, as any exception."""
    try:
        yield
    except ValidationError:
        raise
    except Exception as error:
        raise ValidationError(
            f"{str(path)!r} is not a store of results ({error}). Choose another place, or "
            "move it away.",
            attr="path",
        ) from error
