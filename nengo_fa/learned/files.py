"""Files that hold what was learned."""

import json
import math
import os
import secrets
import warnings
import zipfile
from os import PathLike

import nengo
import numpy as np
from nengo.exceptions import NengoWarning, ValidationError
from nengo.utils.numpy import maxseed
from numpy.lib import format as npy

from nengo_fa.checks import check_path
from nengo_fa.learned.frozen import write_learned
from nengo_fa.learned.live import read_learned
from nengo_fa.learned.matching import Misfit, describe, find_saved_parts
from nengo_fa.learned.parts import find_parts, get_shapes

FILE_FORMAT = "nengo_fa learned parameters, version 1"


def save(
    sim: nengo.Simulator, network: nengo.Network, path: PathLike[str] | str
) -> None:
    """Write what a simulator has learned into a file.

    Parameters
    ----------
    sim, network
        As for `freeze_params`; neither is changed.
    path : str or os.PathLike
        File to write, by convention ending in ``.npz``. It appears complete or not at
        all, and replaces a file of that name; threads and processes may save to one
        path. It holds arrays and text, no pickle.

    Raises
    ------
    nengo.exceptions.ValidationError, nengo.exceptions.SimulatorClosed
        As `freeze_params`.
    OSError
        If the file cannot be written.
    """
    path = check_path(path)
    learned = read_learned(sim, network)
    arrays = {
        f"{key}.{name}": array
        for key, part in find_parts(network).items()
        for name, array in learned[part].items()
    }
    description = {"format": FILE_FORMAT, **describe(network)}
    arrays["description"] = np.array(json.dumps(description))

    # of its own for each process and thread, also of other machines
    temporary = f"{path}.{secrets.token_hex(4)}.part"
    try:
        with open(temporary, "xb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), path) from None
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def load(network: nengo.Network, path: PathLike[str] | str) -> None:
    """Write what `save` has put into a file into a network, as `freeze_params` does.

    Parameters
    ----------
    network : nengo.Network
        A network with the ensembles and connections of the one that was saved, in the
        same order. It may have others besides, if it is clear which are which; labels
        make it clear. Changed in place. Connections keep their solvers, with which
        `train` goes on: the file holds none. Their functions are their own as well, but a
        `.datasets.Scaling` gets the numbers of the file.
    path : str or os.PathLike
        File to read.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the file was not written by `save`, is damaged, or does not fit the network.
        The network is then as it was. No more is read than fits.
    OSError
        If the file cannot be read.

    Warns
    -----
    nengo.exceptions.NengoWarning
        If the file holds a scaling, and the connection of the network has none.
    """
    here = describe(network)
    path = check_path(path)
    with open(path, "rb") as file:
        try:
            archive = zipfile.ZipFile(file)
            saved = _read_description(archive, here)
            parts = find_saved_parts(saved, network)
            learned = {
                part: _read_part(archive, key, get_shapes(part))
                for key, part in parts.items()
            }
        except Misfit as error:
            raise ValidationError(
                f"{path!r} does not fit the network: {error}. Load it into a network "
                "like the one it was saved from.",
                attr="path",
            ) from error
        except Exception as error:  # damage can show in any layer of zip and NumPy
            raise ValidationError(
                f"{path!r} is not a complete file written by nengo_fa.save ({error})",
                attr="path",
            ) from error
        names = archive.namelist()
    _warn_of_lost_scalings(names, parts)
    write_learned(learned)


def _warn_of_lost_scalings(names, parts):
    """Warn of connections that scale samples in the file and not in the network."""
    for key, part in parts.items():
        if f"{key}.scale.npy" in names and "scale" not in get_shapes(part):
            warnings.warn(
                f"The file holds a scaling for {part}, which has none: samples must be "
                "scaled before they are given to the network. To have the network scale "
                "them, let the function of the connection be "
                "nengo_fa.datasets.Scaling(np.zeros(d), 1) and load again.",
                NengoWarning,
                stacklevel=3,
            )


def _read_description(archive, here):
    """What the network was like that was saved."""
    # that of a network which fits is not longer; text has four bytes a character
    limit = 4 * (10 * len(json.dumps(here)) + 10000)
    description = json.loads(str(_read_array(archive, "description", (), "U", limit)))
    if description["format"] != FILE_FORMAT:
        raise ValueError(f"its format is not {FILE_FORMAT!r}")
    return {kind: {k: dict(v) for k, v in description[kind].items()} for kind in here}


def _read_part(archive, key, shapes):
    """The arrays of one ensemble or connection, by their names."""
    arrays = {}
    for name, shape in shapes.items():
        kinds = "iu" if name == "seed" else "f"
        arrays[name] = array = _read_array(archive, f"{key}.{name}", shape, kinds)
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{key}.{name} must hold finite numbers")
        if name == "scale" and not np.all(array > 0):
            raise ValueError(f"{key}.{name} must be above zero")
        if name == "seed" and not 0 <= array <= maxseed:
            raise ValueError(f"{key}.{name} must be from 0 to {maxseed}")
    return arrays


def _read_array(archive, name, expected_shape, kinds, limit=16):
    """Read an array, but not its data if its shape or type are not as expected."""
    try:
        info = archive.getinfo(f"{name}.npy")
    except KeyError as error:
        raise ValueError(f"it lacks {name}") from error
    # of other compressions, a few bytes can become many at once
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in an unknown way")
    with archive.open(info) as file:
        if npy.read_magic(file) != (1, 0):  # the headers of other versions can be large
            raise ValueError(f"{name} is in an unknown version of NumPy's format")
        shape, is_fortran, dtype = npy.read_array_header_1_0(file)
        if dtype.kind not in kinds or dtype.itemsize > limit:
            what = "text of a usual length" if kinds == "U" else "finite numbers"
            raise ValueError(f"{name} must hold {what}")
        if shape != expected_shape:
            raise Misfit(f"{name} has shape {shape}, but must have {expected_shape}")
        size = math.prod(shape) * dtype.itemsize
        data = bytearray(file.read(size))
        if len(data) != size or file.read(1):
            raise ValueError(f"{name} does not end where it should")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if is_fortran else "C")
