"""Load stored samples: MNIST, scikit-learn's digits, or your own files."""

from importlib import import_module
from os import PathLike
from pathlib import Path

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.checks import check_path
from nengo_fa.datasets import mnist_files
from nengo_fa.datasets.dataset import KEYS, Dataset, make_dataset

# names of the parts of MNIST
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
        If no dataset has this name, or as `mnist`, `load_npz` and `load_idx`.
    ImportError, OSError
        As `mnist`, `digits`, `load_npz` and `load_idx`.
    """
    name = check_path(name, attr="name")
    if name in ("mnist", "digits"):
        # by its public name, so that the function can be replaced
        return getattr(import_module("nengo_fa.datasets"), name)()
    if str(name).endswith(".npz"):
        return load_npz(name)
    if name and Path(name).expanduser().is_dir():
        return load_idx(name)
    raise ValidationError(
        "Must be 'mnist', 'digits' or a file ending in .npz, or a folder with four files "
        f"in the format of MNIST (got {name!r})",
        attr="name",
    )


def mnist(path: PathLike[str] | str | None = None) -> Dataset:
    """Load MNIST: 60000 handwritten digits for training and 10000 for testing, 28 x 28 pixels.

    The first of these places that is given or contains the digits is used:

    1. ``path``;
    2. the environment variable ``NENGO_FA_DATA``, with such a path;
    3. the data folder of nengo_extras: ``data_dir`` in the section ``nengo_extras`` of
       ``nengo.rc``, or the working directory if that is not set;
    4. OpenML, through `sklearn.datasets.fetch_openml`, which keeps what it has downloaded.

    Parameters
    ----------
    path : str or os.PathLike, optional
        The file ``mnist.pkl.gz`` of nengo_extras; or a folder with this file or with the
        four original files, such as ``train-images-idx3-ubyte.gz``, gzipped or not.

    Returns
    -------
    dataset : Dataset
        The data are identical for all sources. Pixels are integers divided by 255, so white
        is 1.

    Raises
    ------
    FileNotFoundError
        If the given path does not exist, or if no path is given and MNIST is not found.
    nengo.exceptions.ValidationError
        If the data are damaged, incomplete, or not MNIST.

    Notes
    -----
    A pickle can run any code when it is opened. The file is therefore only opened if its
    digest is known.
    """
    parts = mnist_files.read(path if path is None else check_path(path))
    return make_dataset("mnist", _rename(parts))


def load_idx(path: PathLike[str] | str) -> Dataset:
    """Load labelled images from four files in the format of MNIST, such as Fashion-MNIST.

    Parameters
    ----------
    path : str or os.PathLike
        A folder with files such as ``train-images-idx3-ubyte.gz``,
        ``train-labels-idx1-ubyte.gz``, ``t10k-images-idx3-ubyte.gz`` and
        ``t10k-labels-idx1-ubyte.gz``, gzipped or not.

    Returns
    -------
    dataset : Dataset
        Named after the folder. Pixels are integers divided by 255.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    nengo.exceptions.ValidationError
        If a file is missing or damaged, or if images and labels do not fit each other.
    """
    path = Path(check_path(path)).expanduser()
    parts = mnist_files.read_others(path)
    return make_dataset(path.resolve().name, _rename(parts), path)


def _rename(parts):
    """Return the arrays of a dataset, popped, so that no array is kept longer than needed."""
    return {key: parts.pop(part) for key, part in PARTS.items()}


def digits() -> Dataset:
    """Load the handwritten digits of scikit-learn: 1797 digits with 8 x 8 pixels.

    The last fifth is for testing. The digits are in the order in which people wrote them,
    so that at most one person wrote both training and test digits. After a random split, a
    network would have learned from all persons.

    Returns
    -------
    dataset : Dataset
        Pixels are integers divided by 16.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # heavy, and an extra
    except ImportError as error:
        raise ImportError(
            "These digits are part of scikit-learn. Install it with "
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
    """Load your own labelled samples.

    Parameters
    ----------
    path : str or os.PathLike
        A file written by `numpy.savez` with four arrays: ``x_train`` and ``x_test``, images
        (n, height, width) or rows (n, d), and ``y_train`` and ``y_test``, their classes
        (n,), counted from 0.

    Returns
    -------
    dataset : Dataset
        Named after the file. Samples of type uint8 are divided by 255; other types are not
        scaled. ``x_train`` and ``x_test`` must have the same type; however, floats may
        differ in precision, and floats from 0 to 1 may be combined with uint8.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the file is damaged or has another format, or if its arrays do not contain samples
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
            f"{str(path)!r} must contain the arrays {', '.join(KEYS)}, but lacks "
            f"{', '.join(missing)}",
            attr="path",
        )
    return make_dataset(path.stem, arrays, path)
