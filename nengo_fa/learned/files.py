"""Files with learned parameters."""

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
    """Save the parameters that a simulator has learned to a file.

    Parameters
    ----------
    sim, network
        As for `freeze_params`; neither is changed.
    path : str or os.PathLike
        File to write, by convention ending in ``.npz``. The file is complete as soon as it
        exists, and replaces an existing file; threads and processes may save to the same
        path. It contains arrays and text, but no pickles.

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

    # a different file for each process and thread, also on other machines
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
    """Load parameters that were saved with `save` into a network.

    Parameters
    ----------
    network : nengo.Network
        A network with the ensembles and connections of the saved network, in the same
        order. It may have additional ensembles and connections if there is only one way to
        assign the saved ones; labels help. The network is changed in place, as by
        `freeze_params`. Connections keep their solvers, with which `train` continues, and
        their functions; only the mean and scale of a `.datasets.Scaling` come from the file.
    path : str or os.PathLike
        File to read.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the file was not written by `save`, is damaged, or does not fit the network.
        The network is then unchanged, and data that do not fit are not read.
    OSError
        If the file cannot be read.

    Warns
    -----
    nengo.exceptions.NengoWarning
        If the file contains a scaling for a connection that has none in the network.
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
                "that is declared like the saved network.",
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
    """Warn of connections that scale samples in the file, but not in the network."""
    for key, part in parts.items():
        if f"{key}.scale.npy" in names and "scale" not in get_shapes(part):
            warnings.warn(
                f"The file contains a scaling for {part}, which has none in this network, "
                "so you have to scale samples before you give them to the network. To let "
                "the network scale samples, set the function of the connection to "
                "nengo_fa.datasets.Scaling(np.zeros(d), 1) and load again.",
                NengoWarning,
                stacklevel=3,
            )


def _read_description(archive, here):
    """Return the description of the saved network."""
    # no longer than that of a network that fits; text has four bytes per character
    limit = 4 * (10 * len(json.dumps(here)) + 10000)
    description = json.loads(str(_read_array(archive, "description", (), "U", limit)))
    if description["format"] != FILE_FORMAT:
        raise ValueError(f"its format is not {FILE_FORMAT!r}")
    return {kind: {k: dict(v) for k, v in description[kind].items()} for kind in here}


def _read_part(archive, key, shapes):
    """Return the arrays of one ensemble or connection, by their names."""
    arrays = {}
    for name, shape in shapes.items():
        kinds = "iu" if name == "seed" else "f"
        arrays[name] = array = _read_array(archive, f"{key}.{name}", shape, kinds)
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{key}.{name} must contain finite numbers")
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
    # with other compressions, a few bytes can become many
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in an unknown way")
    with archive.open(info) as file:
        if npy.read_magic(file) != (1, 0):  # the headers of other versions can be large
            raise ValueError(f"{name} is in an unknown version of NumPy's format")
        shape, is_fortran, dtype = npy.read_array_header_1_0(file)
        if dtype.kind not in kinds or dtype.itemsize > limit:
            what = "text of a usual length" if kinds == "U" else "finite numbers"
            raise ValueError(f"{name} must contain {what}")
        if shape != expected_shape:
            raise Misfit(f"{name} has shape {shape}, but must have {expected_shape}")
        size = math.prod(shape) * dtype.itemsize
        data = bytearray(file.read(size))
        if len(data) != size or file.read(1):
            raise ValueError(f"{name} does not end where it should")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if is_fortran else "C")
