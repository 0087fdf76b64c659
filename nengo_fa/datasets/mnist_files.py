"""MNIST on disk: where to look for it, and checks of the files.

Its four *parts* are images and labels, for training and for testing, all of type uint8.
"""

import gzip
import hashlib
import io
import math
import os
import pickle
import zlib
from pathlib import Path

import numpy as np
from nengo.exceptions import ValidationError
from nengo.rc import rc

#: Environment variable with the path of MNIST.
VARIABLE = "NENGO_FA_DATA"

PICKLE = "mnist.pkl.gz"
PICKLE_DIGEST = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"

# The four files of MNIST: the shape of the array in each file, and the SHA-256 digest of
# its bytes without the header.
PARTS = {
    "train-images": (
        (60000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    "train-labels": (
        (60000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    ),
    "t10k-images": (
        (10000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    "t10k-labels": (
        (10000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
}


def read(path=None):
    """Find MNIST as `nengo_fa.datasets.mnist` does; return its four parts by name."""
    attr = "path"
    if path is None:
        # an empty variable counts as not set, as in the shell
        path, attr = os.environ.get(VARIABLE) or None, VARIABLE
    if path is not None:
        return _read_path(Path(path).expanduser(), attr)
    # the place where nengo_extras looks, even if it has not been imported
    folder = Path(rc.get("nengo_extras", "data_dir", fallback=".")).expanduser()
    return _read_folder(folder, "data_dir") or _fetch(folder)


def _read_path(path, attr):
    """Return the parts from a file or a folder."""
    if not path.exists():
        raise FileNotFoundError(
            f"{attr}: the file or folder {str(path)!r} does not exist"
        )
    if path.is_file():
        return _read_pickle(path, attr)
    parts = _read_folder(path, attr)
    if parts is None:
        raise ValidationError(
            f"The folder {str(path)!r} contains neither {PICKLE} nor files such as "
            "train-images-idx3-ubyte.gz",
            attr=attr,
        )
    return parts


def _read_folder(folder, attr):
    """Return the parts, or None if the folder contains no such files."""
    if (folder / PICKLE).is_file():
        return _read_pickle(folder / PICKLE, attr)
    paths = _find_files(folder, attr)
    return {part: _read_part(path, part, attr) for part, path in paths.items()} or None


def read_others(folder):
    """Read four files in the format of MNIST, such as Fashion-MNIST; return the parts."""
    if not folder.is_dir():
        raise FileNotFoundError(f"path: the folder {str(folder)!r} does not exist")
    paths = _find_files(folder, "path")
    if not paths:
        raise ValidationError(
            f"The folder {str(folder)!r} contains no files such as "
            "train-images-idx3-ubyte.gz",
            attr="path",
        )
    return {part: _read_idx(path, part, "path") for part, path in paths.items()}


def _find_files(folder, attr):
    """Return the path of each part; empty if the folder contains no such files."""
    paths = {part: _find_idx(folder, part) for part in PARTS}
    missing = [part for part, path in paths.items() if path is None]
    if len(missing) == len(PARTS):
        return {}
    if missing:
        raise ValidationError(
            f"The folder {str(folder)!r} contains some files of MNIST, but no file for "
            f"{', '.join(missing)}, such as {missing[0]}-idx"
            f"{len(PARTS[missing[0]][0])}-ubyte.gz",
            attr=attr,
        )
    return paths


def _find_idx(folder, part):
    """Return the file of a part, or None."""
    dimensions = len(PARTS[part][0])
    for ending in ("", ".gz"):
        for separator in "-.":
            path = folder / f"{part}{separator}idx{dimensions}-ubyte{ending}"
            if path.is_file():
                return path
    return None


def _read_part(path, part, attr):
    """Return a part of MNIST from its file, after checking it."""
    shape, _ = PARTS[part]
    return _check_part(_read_idx(path, part, attr, shape), part, path, attr)


def _read_idx(path, part, attr, shape=None):
    """Return a part from a file in IDX format (a header, then bytes), of a given shape or any."""
    n_dimensions = len(PARTS[part][0])
    with open(path, "rb") as file:
        # not by the name, because browsers unpack files and keep the name
        zipped = file.read(2) == b"\x1f\x8b"
    try:
        with (gzip.open if zipped else open)(path, "rb") as file:
            header = file.read(4 + 4 * n_dimensions)
            found = _read_shape(header, n_dimensions, path, part, attr)
            if shape is not None and found != shape:
                raise ValidationError(
                    f"{str(path)!r} contains an array of shape {found} instead of {shape}",
                    attr=attr,
                )
            size = math.prod(found)
            data = file.read(size + 1)  # one more byte shows that the file is too long
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValidationError(
            f"{str(path)!r} is a damaged gzip file ({error})", attr=attr
        ) from error
    if len(data) != size:
        what = "is cut off" if len(data) < size else "goes on"
        raise ValidationError(
            f"{str(path)!r} {what} where it should end, after {len(header) + size} bytes",
            attr=attr,
        )
    return np.frombuffer(data, dtype=np.uint8).reshape(found)


def _read_shape(header, n_dimensions, path, part, attr):
    """Return the shape of an array of bytes from the header of its file."""
    length, start = 4 + 4 * n_dimensions, bytes([0, 0, 8, n_dimensions])
    if len(header) < length or not header.startswith(start):
        raise ValidationError(
            f"{str(path)!r} is not an IDX file of {part}: it begins with {header!r}",
            attr=attr,
        )
    return tuple(np.frombuffer(header, ">u4")[1:].tolist())


def _read_pickle(path, attr):
    """Return the parts from the pickle that nengo_extras reads."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != PICKLE_DIGEST:
        raise ValidationError(
            f"{str(path)!r} is not the {PICKLE} of nengo_extras, with SHA-256 "
            f"{PICKLE_DIGEST}: it begins with {data[:16]!r} and has {len(data)} bytes. "
            "It has not been opened.",
            attr=attr,
        )
    with gzip.open(io.BytesIO(data)) as file:
        sets = pickle.load(file, encoding="bytes")
    # for training, for validation (the last of the 60000) and for testing
    shape = PARTS["t10k-images"][0]
    images = [
        # pixels divided by 256, converted to bytes without another copy
        np.multiply(x, 256, out=np.empty(x.shape, dtype=np.uint8), casting="unsafe")
        for x, _ in sets
    ]
    images = [x.reshape(-1, *shape[1:]) for x in images]
    labels = [y.astype(np.uint8) for _, y in sets]
    return _check_parts(
        [np.concatenate(images[:2]), np.concatenate(labels[:2]), images[2], labels[2]],
        path,
        attr,
    )


def _fetch(folder):
    """Return the parts from OpenML, or from the cache of scikit-learn."""
    try:
        from sklearn.datasets import fetch_openml  # heavy, and an extra

        data = fetch_openml(
            "mnist_784", version=1, as_frame=False, parser="liac-arff", n_retries=1
        )
    except Exception as error:  # a download can fail in many ways
        raise FileNotFoundError(
            "MNIST was not found. Provide one of the following:\n"
            f"1. a path: the file {PICKLE}, or a folder with this file or with the four "
            "original files, such as train-images-idx3-ubyte.gz;\n"
            f"2. such a path in the environment variable {VARIABLE}, which is not set;\n"
            f"3. the same files in the data folder of nengo_extras, {str(folder)!r}, or in "
            "the folder data_dir in the section nengo_extras of nengorc;\n"
            "4. access to OpenML, with scikit-learn installed "
            f"(pip install scikit-learn). The download failed with: {error}"
        ) from error
    # training digits first, then test digits; labels are text
    n_train, *image_shape = PARTS["train-images"][0]
    images = data.data.astype(np.uint8).reshape(-1, *image_shape)
    labels = data.target.astype(np.uint8)
    arrays = images[:n_train], labels[:n_train], images[n_train:], labels[n_train:]
    return _check_parts(arrays, "OpenML's mnist_784", "data_home")


def _check_parts(arrays, path, attr):
    return {
        part: _check_part(array, part, path, attr) for part, array in zip(PARTS, arrays)
    }


def _check_part(array, part, path, attr):
    """Return the array if its digest is that of this part of MNIST."""
    shape, digest = PARTS[part]
    if array.shape != shape or hashlib.sha256(array).hexdigest() != digest:
        raise ValidationError(
            f"{str(path)!r} does not contain the {part} of MNIST, but other numbers",
            attr=attr,
        )
    return array
