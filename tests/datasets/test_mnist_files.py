import gzip
import hashlib
import os
import pickle
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from nengo.exceptions import ValidationError
from nengo.rc import rc

from nengo_fa.datasets import load, load_idx, mnist, mnist_files

HERE = os.environ.get("NENGO_FA_DATA")  # of whoever runs the tests
needs_mnist = pytest.mark.skipif(
    not HERE, reason="NENGO_FA_DATA does not say where MNIST is"
)
N_TRAIN, N_TEST = 60, 10
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def to_idx(array):
    """The file of an array of bytes, as the format's description has it."""
    header = bytes([0, 0, 8, array.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + sizes + array.tobytes()


@pytest.fixture
def parts(monkeypatch, tmp_path, rng):
    """A small MNIST that is accepted as real; no other MNIST is on the machine."""
    parts = {
        "train-images": rng.randint(256, size=(N_TRAIN, 28, 28)).astype(np.uint8),
        "train-labels": (np.arange(N_TRAIN) % 10).astype(np.uint8),
        "t10k-images": rng.randint(256, size=(N_TEST, 28, 28)).astype(np.uint8),
        "t10k-labels": np.arange(N_TEST)[::-1].astype(np.uint8),
    }
    known = {
        part: (array.shape, hashlib.sha256(array.tobytes()).hexdigest())
        for part, array in parts.items()
    }
    monkeypatch.setattr(mnist_files, "PARTS", known)
    monkeypatch.delenv("NENGO_FA_DATA", raising=False)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_nothing)
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    return parts


def fetch_nothing(*args, **kwargs):
    raise OSError("no network")


@pytest.fixture
def folder(parts, tmp_path):
    """The four files."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name, array in zip(FILES, parts.values()):
        (folder / name).write_bytes(to_idx(array))
    return folder


@pytest.fixture
def pickled(parts, monkeypatch, tmp_path):
    """The file that nengo_extras reads."""
    x, y, x_test, y_test = (
        array.reshape(len(array), -1) / np.float32(256)
        if array.ndim == 3
        else array.astype(np.int64)
        for array in parts.values()
    )
    sets = (x[:50], y[:50]), (x[50:], y[50:]), (x_test, y_test)
    path = tmp_path / "pickled" / "mnist.pkl.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(pickle.dumps(sets, protocol=2)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(mnist_files, "PICKLE_DIGEST", digest)
    return path


def check(dataset, parts):
    assert (dataset.name, dataset.image_shape) == ("mnist", (28, 28))
    assert dataset.x_train.dtype == dataset.x_test.dtype == np.float32
    assert dataset.labels_train.dtype == dataset.labels_test.dtype == np.int64
    for x, part in (
        (dataset.x_train, parts["train-images"]),
        (dataset.x_test, parts["t10k-images"]),
    ):
        assert np.array_equal(x, (part.reshape(len(part), 784) / 255).astype("f4"))
    assert np.array_equal(dataset.labels_train, parts["train-labels"])
    assert np.array_equal(dataset.labels_test, parts["t10k-labels"])


def test_all_sources_are_the_same(parts, folder, pickled, monkeypatch):
    """Paths, the variable, the data folder and OpenML: one digest, bit by bit."""

    def fetch_openml(name, *, version, as_frame, **kwargs):
        assert (name, version, as_frame) == ("mnist_784", 1, False)
        images = np.concatenate([parts["train-images"], parts["t10k-images"]])
        labels = np.concatenate([parts["train-labels"], parts["t10k-labels"]])

        class Bunch:
            data = images.reshape(-1, 784).astype(float)
            target = labels.astype(str).astype(object)

        return Bunch

    loaded = [mnist(folder), mnist(str(folder)), mnist(pickled), mnist(pickled.parent)]
    monkeypatch.setenv("NENGO_FA_DATA", "")  # as if it were not set
    with monkeypatch.context() as patch:
        patch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
        loaded.append(mnist())
    rc.add_section("nengo_extras")
    rc.set("nengo_extras", "data_dir", str(pickled.parent))
    loaded.append(mnist())
    rc.set("nengo_extras", "data_dir", "nowhere")
    monkeypatch.setenv("NENGO_FA_DATA", str(folder))
    loaded += [mnist(), load("mnist")]
    for dataset in loaded:
        check(dataset, parts)
    assert len({dataset.digest for dataset in loaded}) == 1


@pytest.fixture
def others(tmp_path, rng):
    """Four files in the format of MNIST with other images, like Fashion-MNIST."""
    folder = tmp_path / "fashion"
    folder.mkdir()
    arrays = (
        rng.randint(256, size=(12, 9, 7)),
        np.arange(12) % 3,
        rng.randint(256, size=(4, 9, 7)),
        np.arange(4) % 3,
    )
    arrays = [array.astype(np.uint8) for array in arrays]
    for name, array in zip(FILES, arrays):
        (folder / f"{name}.gz").write_bytes(gzip.compress(to_idx(array)))
    return folder, arrays


@pytest.mark.parametrize("load", [load, load_idx])
def test_other_images_in_the_form_of_mnist(load, others):
    folder, (x_train, y_train, x_test, y_test) = others
    for path in (folder, f"{folder}{os.sep}"):
        data = load(path)
        assert (data.name, data.image_shape, data.n_classes) == ("fashion", (9, 7), 3)
        assert np.array_equal(
            data.x_train, (x_train.reshape(12, 63) / 255).astype("f4")
        )
        assert np.array_equal(data.x_test, (x_test.reshape(4, 63) / 255).astype("f4"))
        assert np.array_equal(data.labels_train, y_train)
        assert np.array_equal(data.labels_test, y_test)
    # they do not pass for MNIST
    with pytest.raises(ValidationError, match="instead of"):
        mnist(folder)


def test_the_same_images_in_a_file(others):
    folder, (x_train, y_train, x_test, y_test) = others
    path = folder.parent / "fashion.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    assert load(path).digest == load(folder).digest


@pytest.mark.parametrize(
    "number, damage, message",
    [
        (0, lambda data: data[:-1], "is cut off where it should end, after 772"),
        (2, lambda data: data + b"0", "goes on"),
        (1, lambda data: data[:7] + b"\x09" + data[8:-3], "the class of each of 12"),
        (3, lambda data: data[:-1] + b"\x05", "contains class 5"),
        (3, lambda data: b"", "not an IDX file of t10k-labels"),
    ],
)
def test_bad_files_in_the_form_of_mnist(others, number, damage, message):
    folder, arrays = others
    path = folder / f"{FILES[number]}.gz"
    path.write_bytes(gzip.compress(damage(to_idx(arrays[number]))))
    with pytest.raises(ValidationError, match=message) as info:
        load_idx(folder)
    assert str(folder) in str(info.value)


def test_folders_that_are_none(others, tmp_path):
    folder, _ = others
    with pytest.raises(FileNotFoundError, match="nowhere.* does not exist"):
        load_idx(tmp_path / "nowhere")
    with pytest.raises(ValidationError, match="contains no files such as train-images"):
        load_idx(tmp_path)
    (folder / f"{FILES[3]}.gz").unlink()
    with pytest.raises(ValidationError, match="no file for t10k-labels"):
        load_idx(folder)


def test_working_directory_is_the_data_folder_unless_set(parts, pickled):
    pickled.rename("mnist.pkl.gz")
    check(mnist(), parts)


def test_home_is_expanded(parts, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    check(mnist("~/files"), parts)


@pytest.mark.parametrize("separator", "-.")
@pytest.mark.parametrize("zipped, ending", [(0, ""), (1, ".gz"), (0, ".gz"), (1, "")])
def test_spellings_of_the_files(parts, folder, separator, zipped, ending):
    """Browsers unpack and keep the name, or take the ending away and do not unpack."""
    for name in FILES:
        path = folder / name
        data = path.read_bytes()
        path.unlink()
        path = folder / (name.replace("-idx", separator + "idx") + ending)
        path.write_bytes(gzip.compress(data) if zipped else data)
    check(mnist(folder), parts)


def test_first_place_counts_even_if_it_is_wrong(parts, folder, tmp_path, monkeypatch):
    """A requested path is never ignored without an error."""
    monkeypatch.setenv("NENGO_FA_DATA", str(folder))
    with pytest.raises(FileNotFoundError, match="path: .*nowhere"):
        mnist("nowhere")
    monkeypatch.setenv("NENGO_FA_DATA", "nowhere")
    check(mnist(folder), parts)
    with pytest.raises(FileNotFoundError, match="NENGO_FA_DATA: .*nowhere"):
        mnist()
    monkeypatch.setenv("NENGO_FA_DATA", str(tmp_path))
    with pytest.raises(ValidationError, match="NENGO_FA_DATA: .* contains neither"):
        mnist()
    monkeypatch.delenv("NENGO_FA_DATA")
    Path("mnist.pkl.gz").write_text("cut off")
    with pytest.raises(ValidationError, match="data_dir: 'mnist.pkl.gz' is not"):
        mnist()


def test_mnist_is_nowhere(parts):
    with pytest.raises(FileNotFoundError) as info:
        mnist()
    for text in (
        "a path",
        "NENGO_FA_DATA",
        "data_dir",
        "OpenML",
        "train-images-idx3-ubyte.gz",
        "pip install scikit-learn",
        "no network",
    ):
        assert text in str(info.value)


def damage_bit(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda data: b"", "not an IDX file of t10k-images: it begins with b''"),
        (lambda data: b"<!DOCTYPE html><html>", "not an IDX file .* b'<!DOCTYPE html>"),
        (lambda data: data[:10], "not an IDX file"),
        (lambda data: data[:16], "is cut off"),
        (lambda data: data[:-1], "is cut off"),
        (lambda data: data + b"\0", "goes on"),
        (lambda data: b"\0\0\x08\x01" + data[4:], "not an IDX file of t10k-images"),
        (lambda data: data[:7] + b"\x09" + data[8:], r"\(9, 28, 28\) instead of \(10"),
        (damage_bit, "does not contain the t10k-images of MNIST"),
    ],
)
def test_bad_file(folder, zipped, damage, message):
    path = folder / FILES[2]
    data = damage(path.read_bytes())
    path.write_bytes(gzip.compress(data) if zipped else data)
    with pytest.raises(ValidationError, match=message) as info:
        mnist(folder)
    assert str(path) in str(info.value)
    assert info.value.attr == "path"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:1000],
        lambda data: data[:2] + b"garbage",
        lambda data: data[:-8] + bytes(8),
        lambda data: data[:500] + bytes(100) + data[600:],
    ],
    ids=["cut off", "garbage", "checksum", "hole"],
)
def test_bad_gzip_file(folder, damage):
    path = folder / FILES[0]
    path.write_bytes(damage(gzip.compress(path.read_bytes())))
    with pytest.raises(ValidationError, match="is a damaged gzip file") as info:
        mnist(folder)
    assert str(path) in str(info.value)


def test_huge_file_is_not_unpacked(folder):
    """No more than is wanted is ever held."""
    path = folder / FILES[0]
    path.write_bytes(gzip.compress(path.read_bytes() + bytes(50_000_000)))
    tracemalloc.start()
    with pytest.raises(ValidationError, match="goes on where it should end"):
        mnist(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_missing_files(folder):
    (folder / FILES[1]).unlink()
    with pytest.raises(ValidationError, match="train-labels-idx1-ubyte") as info:
        mnist(folder)
    assert str(folder) in str(info.value)


def test_swapped_files(folder):
    """As many labels as there should be, but others: the digest knows."""
    path = folder / FILES[1]
    path.write_bytes(to_idx(np.zeros(N_TRAIN, dtype=np.uint8)))
    with pytest.raises(ValidationError, match="does not contain the train-labels"):
        mnist(folder)


def test_unknown_pickle_is_not_opened(pickled, tmp_path):
    """Pickles are refused, because a pickle can run any code."""

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    data = gzip.compress(pickle.dumps(Trap()))
    pickle.loads(gzip.decompress(data))
    (tmp_path / "sprung").rmdir()  # it does spring

    pickled.write_bytes(data)
    with pytest.raises(ValidationError, match="has not been opened") as info:
        mnist(pickled)
    assert str(pickled) in str(info.value)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"<!DOCTYPE html>",
        lambda data: data[:-1],
        damage_bit,
    ],
    ids=["empty", "page", "cut off", "bit"],
)
def test_bad_pickle(pickled, damage):
    pickled.write_bytes(damage(pickled.read_bytes()))
    with pytest.raises(
        ValidationError, match="is not the mnist.pkl.gz of nengo_extras"
    ):
        mnist(pickled.parent)


def test_other_numbers_of_openml(parts, monkeypatch):
    class Bunch:
        data = np.zeros((N_TRAIN + N_TEST, 784))
        target = np.full(N_TRAIN + N_TEST, "0", dtype=object)

    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *_, **__: Bunch)
    with pytest.raises(ValidationError, match="OpenML"):
        mnist()


@needs_mnist
def test_the_real_mnist():
    """The original files have these well-known MD5 digests, in this order."""
    known = (
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    )
    for array, digest in zip(mnist_files.read(HERE).values(), known):
        assert hashlib.md5(to_idx(array)).hexdigest() == digest


@needs_mnist
def test_memory():
    """Loading needs little more memory than the samples and their centered copy."""
    tracemalloc.start()
    dataset = mnist(HERE)
    size = dataset.x_train.nbytes + dataset.x_test.nbytes
    assert tracemalloc.get_traced_memory()[1] < 1.7 * size
    tracemalloc.reset_peak()
    dataset.centered()
    assert tracemalloc.get_traced_memory()[1] < 2.1 * size
    tracemalloc.stop()
    assert dataset.x_train.shape == (60000, 784)
    assert dataset.x_test.shape == (10000, 784)
    assert dataset.n_classes == 10


def test_without_scikit_learn(monkeypatch, parts):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(FileNotFoundError, match=r"pip install scikit-learn"):
        mnist()
