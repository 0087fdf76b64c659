"""Samples that are kept somewhere: MNIST, scikit-learn's digits, or files of your own."""

from importlib import import_module
from os import PathLike
from pathlib import Path

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.checks import check_path
from nengo_fa.datasets import mnist_files
from nengo_fa.datasets.dataset import KEYS, Dataset, make_dataset

# which part of MNIST is which
PARTS = dict(zip(KEYS, mnist_files.PARTS))


def load(name: PathLike[str] | str) -> Dataset:
    """Load a dataset by its name.

    Parameters
    ----------
    name : str or os.PathLike
        ``"mnist"``, ``"digits"``, a file that ends in ``.npz``, or a folder for `load_idx`.

    Returns
    -------
    dataset : Dataset

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no dataset of this name, or as `mnist`, `load_npz` and `load_idx`.
    ImportError, OSError
        As `mnist`, `digits`, `load_npz` and `load_idx`.
    """
    name = check_path(name, attr="name")
    if name in ("mnist", "digits"):
        # by its public name, under which another function can be put in its place
        return getattr(import_module("nengo_fa.datasets"), name)()
    if str(name).endswith(".npz"):
        return load_npz(name)
    if name and Path(name).expanduser().is_dir():
        return load_idx(name)
    raise ValidationError(
        "Must be 'mnist', 'digits' or a file ending in .npz, or a folder with four files "
        f"in the form of MNIST (got {name!r})",
        attr="name",
    )


def mnist(path: PathLike[str] | str | None = None) -> Dataset:
    """Handwritten digits: 60000 for training, 10000 for testing, of 28 x 28 pixels.

    They are looked for in four places, of which the first that is given or holds them
    counts:

    1. ``path``;
    2. the environment variable ``NENGO_FA_DATA``, with such a path;
    3. the data folder of nengo_extras: ``data_dir`` in the section ``nengo_extras`` of
       ``nengo.rc``, or the working directory if that is not set;
    4. OpenML, through `sklearn.datasets.fetch_openml`, which keeps what it has downloaded.

    Parameters
    ----------
    path : str or os.PathLike, optional
        The file ``mnist.pkl.gz`` as nengo_extras reads it; or a folder that holds it, or
        the four original files, such as ``train-images-idx3-ubyte.gz``, gzipped or not.

    Returns
    -------
    dataset : Dataset
        The same to the last bit, wherever it came from. Pixels are whole numbers over
        255, so white is 1.

    Raises
    ------
    FileNotFoundError
        If there is nothing under the path that is given; if none is, and MNIST is in none
        of these places.
    nengo.exceptions.ValidationError
        If what is found is damaged, incomplete, or something else than MNIST.

    Notes
    -----
    A pickle can run any code when it is opened. So the file is only opened if it is, by
    its digest, the one that is known.
    """
    parts = mnist_files.read(path if path is None else check_path(path))
    return make_dataset("mnist", _rename(parts))


def load_idx(path: PathLike[str] | str) -> Dataset:
    """Load labelled images from four files in the form of MNIST, such as Fashion-MNIST.

    Parameters
    ----------
    path : str or os.PathLike
        A folder with files such as ``train-images-idx3-ubyte.gz``,
        ``train-labels-idx1-ubyte.gz``, ``t10k-images-idx3-ubyte.gz`` and
        ``t10k-labels-idx1-ubyte.gz``, gzipped or not.

    Returns
    -------
    dataset : Dataset
        Named as the folder. Pixels are whole numbers over 255.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    nengo.exceptions.ValidationError
        If a file is missing or damaged, or if images and labels do not fit each other.
    """
    path = Path(check_path(path)).expanduser()
    parts = mnist_files.read_others(path)
    return make_dataset(path.resolve().name, _rename(parts), path)


def _rename(parts):
    """The arrays of a dataset; popped, so that none is held longer than it is needed."""
    return {key: parts.pop(part) for key, part in PARTS.items()}


def digits() -> Dataset:
    """Handwritten digits that come with scikit-learn: 1797, of 8 x 8 pixels.

    The last fifth is for testing. The digits are in the order in which people were asked
    to write them, so these are by other people than those for training, except for
    one at most; a split at random would let a network know all hands.

    Returns
    -------
    dataset : Dataset
        Pixels are whole numbers over 16.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # heavy, and an extra
    except ImportError as error:
        raise ImportError(
            "These digits come with scikit-learn. Install it with "
            "pip install scikit-learn."
        ) from error
    data = load_digits()
    n_train = len(data.images) * 4 // 5
    images, labels = (
        np.split(data.images / 16, [n_train]),
        np.split(data.target, [n_train]),
    )
    return make_dataset(
        "digits", dict(zip(KEYS, (images[0], labels[0], images[1], labels[1])))
    )


def load_npz(path: PathLike[str] | str) -> Dataset:
    """Load labelled samples of your own.

    Parameters
    ----------
    path : str or os.PathLike
        A file as `numpy.savez` writes it, with four arrays: ``x_train`` and ``x_test``,
        images (n, height, width) or rows (n, d), and ``y_train`` and ``y_test``, their
        classes (n,), counted from 0.

    Returns
    -------
    dataset : Dataset
        Named as the file. Samples of type uint8 are divided by 255; all others are taken
        as they are. ``x_train`` and ``x_test`` must be of one type, but floats may be of
        different precision, and beside uint8 if they are from 0 to 1.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the file is damaged or is not such a file, or if its arrays do not hold samples
        or do not fit each other.
    OSError
        If the file cannot be read.
    """
    path = Path(check_path(path)).expanduser()
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as data:
                arrays = {key: data[key] for key in KEYS if key in data.files}
        except Exception as error:  # damage can show in any layer of zip and NumPy
            raise ValidationError(
                f"{str(path)!r} cannot be read as numbers saved by numpy.savez ({error})",
                attr="path",
            ) from error
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise ValidationError(
            f"{str(path)!r} must hold the arrays {', '.join(KEYS)}; it does not hold "
            f"{', '.join(missing)}",
            attr="path",
        )
    return make_dataset(path.stem, arrays, path)
