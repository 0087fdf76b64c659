import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.datasets import (
    banded,
    digits,
    find_bands,
    load,
    load_npz,
    mnist,
    parity,
)


def test_digits():
    dataset = digits()
    assert dataset.x_train.shape == (1437, 64)
    assert dataset.x_test.shape == (360, 64)
    assert dataset.image_shape == (8, 8)
    assert (dataset.x_train.min(), dataset.x_train.max()) == (0, 1)
    assert dataset.n_classes == 10
    assert load("digits").digest == dataset.digest


def test_centered():
    dataset = digits()
    before = dataset.x_train.copy()
    centered = dataset.centered()
    assert np.array_equal(dataset.x_train, before)
    assert centered.x_train.dtype == centered.x_test.dtype == np.float32
    assert np.allclose(centered.x_train.mean(axis=0), 0, atol=1e-6)
    assert np.linalg.norm(centered.x_train, axis=1).mean() == pytest.approx(1)
    # the test samples are moved and scaled as the others, by what only the others say
    distance = np.linalg.norm(dataset.x_test[0] - dataset.x_train[0])
    moved = np.linalg.norm(centered.x_test[0] - centered.x_train[0])
    length = np.linalg.norm(before - before.mean(axis=0), axis=1).mean()
    assert moved == pytest.approx(distance / length)
    assert centered.digest == dataset.digest
    assert np.array_equal(centered.labels_test, dataset.labels_test)

    with pytest.raises(ValidationError, match="All samples are equal"):
        replace(dataset, x_train=np.ones((3, 64), dtype=np.float32)).centered()


def test_one_hot():
    dataset = digits()
    targets = dataset.one_hot()
    for y, labels in zip(targets, (dataset.labels_train, dataset.labels_test)):
        assert y.shape == (len(labels), 10) and y.dtype == np.float32
        assert np.all(y.sum(axis=1) == 1)
        assert np.array_equal(y.argmax(axis=1), labels)


@pytest.mark.parametrize("n_bands", [2, 3, 4])
def test_banded(n_bands):
    """Along any dimension the class changes from band to band, all of one width."""
    dataset = banded(n_bands, dimensions=3, n_train=4000, n_test=10, seed=1)
    assert dataset.x_train.shape == (4000, 3) and dataset.x_test.shape == (10, 3)
    assert dataset.x_train.min() < -0.99 and dataset.x_train.max() > 0.99
    bands = find_bands(dataset.x_train, n_bands)
    counts = [np.bincount(column, minlength=n_bands) for column in bands.T]
    assert np.allclose(counts, 4000 / n_bands, rtol=0.1)
    assert np.array_equal(dataset.labels_train, bands.sum(axis=1) % 2)
    assert dataset.digest == banded(n_bands, 3, 4000, 10, seed=1).digest
    assert dataset.digest != banded(n_bands, 3, 4000, 10, seed=2).digest


def test_edges_of_bands():
    assert find_bands([-1, -0.34, -0.33, 0.33, 0.34, 1], 3).tolist() == [
        *(0, 0),
        *(1, 1),
        *(2, 2),
    ]


def test_parity():
    dataset = parity(4, n_train=300)
    odd = np.sum(dataset.x_train > 0, axis=1) % 2
    assert np.array_equal(dataset.labels_train, odd)
    assert dataset.name == "parity of 4" and dataset.n_classes == 2


@pytest.mark.parametrize(
    "change, message",
    [({"n_bands": 1}, "at least 2"), ({"n_train": 0}, "1"), ({"n_test": 2.5}, "integ")],
    ids=str,
)
def test_bands_that_are_none(change, message):
    with pytest.raises(ValidationError, match=message):
        banded(**change)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "one", [1, -1]])
@pytest.mark.parametrize("make", [banded, parity])
def test_seeds_that_are_none(make, seed):
    with pytest.raises(ValidationError, match="got") as info:
        make(seed=seed)
    assert info.value.attr == "seed"


@pytest.mark.parametrize("path", ["a\0b.npz", "a\0b", "\ud800.npz"])
def test_paths_that_are_none(path):
    for function in (load, load_npz, mnist):
        with pytest.raises(
            ValidationError, match="characters that are invalid in paths"
        ):
            function(path)


@pytest.fixture
def arrays(rng):
    return {
        "x_train": rng.randint(256, size=(9, 4, 5)).astype(np.uint8),
        "y_train": np.arange(9) % 3,
        "x_test": rng.randint(256, size=(2, 4, 5)).astype(np.uint8),
        "y_test": np.array([1, 2]),
    }


@pytest.fixture
def save(arrays, tmp_path):
    def save(**changed):
        path = tmp_path / "own.npz"
        np.savez(path, **{**arrays, **changed})
        return path

    return save


def test_npz(save, arrays):
    dataset = load(save())
    assert (dataset.name, dataset.image_shape) == ("own", (4, 5))
    assert dataset.n_classes == 3
    expected = (arrays["x_test"].reshape(2, 20) / 255).astype(np.float32)
    assert np.array_equal(dataset.x_test, expected)
    assert np.array_equal(dataset.labels_train, arrays["y_train"])
    assert dataset.labels_train.dtype == np.int64


def test_rows_that_are_no_images(save, rng):
    x_train, x_test = rng.normal(size=(9, 7)), rng.normal(size=(2, 7))
    dataset = load_npz(save(x_train=x_train, x_test=x_test))
    assert dataset.image_shape is None
    assert dataset.x_train.dtype == np.float32
    assert np.array_equal(dataset.x_train, x_train.astype(np.float32))


def test_digest_is_that_of_the_content(save, arrays):
    digest = load_npz(save()).digest
    assert load(save()).digest == digest
    same = {
        "x_train": arrays["x_train"].astype(">f8") / 255,
        "x_test": np.asfortranarray(arrays["x_test"]),
        "y_train": arrays["y_train"].astype(np.uint8),
    }
    assert load_npz(save(**same)).digest == digest
    others = {
        "x_train": damaged(arrays["x_train"]),
        "y_train": arrays["y_train"][::-1],
        "x_test": damaged(arrays["x_test"]),
        "y_test": np.array([2, 1]),
    }
    for key, array in others.items():
        assert load_npz(save(**{key: array})).digest != digest


def damaged(array):
    array = array.copy()
    array.flat[-1] ^= 1
    return array


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("x_train", np.full((9, 4, 5), np.nan), "must be finite"),
        ("x_train", np.full((9, 4, 5), 1e300), "must be finite"),
        ("x_test", np.full((2, 4, 5), -np.inf), "must be finite"),
        ("x_train", np.zeros((9, 4, 5), dtype=complex), "must contain real numbers"),
        ("x_train", np.zeros((9, 4, 5, 1)), "samples of the same shape"),
        ("x_test", np.zeros((2, 5, 4)), "samples of the same shape"),
        ("x_test", np.zeros((0, 4, 5)), "is empty"),
        ("x_train", np.array(3.0), "samples of the same shape"),
        ("y_train", np.arange(9) - 1, "count classes from 0"),
        ("y_train", np.arange(9) % 3 + 1, "all classes from 0"),
        ("y_train", np.arange(9) % 3 * 10**12, "all classes from 0"),
        ("y_train", np.zeros(9, dtype=int), "at least two classes"),
        (
            "y_train",
            np.arange(9) % 3 / 2,
            "the class of each of 9 samples as an integer",
        ),
        (
            "y_train",
            np.eye(9, dtype=int),
            "the class of each of 9 samples as an integer",
        ),
        ("y_test", np.array([1, 2, 0]), "class of each of 2 samples as an integer"),
        ("y_test", np.array([1, 3]), "no training samples"),
        ("y_test", np.array(["one", "two"]), "samples as an integer"),
        ("y_test", np.array([1, None]), "cannot be read as numbers"),
    ],
)
def test_bad_arrays(save, key, value, message):
    path = save(**{key: value})
    with pytest.raises(ValidationError, match=message) as info:
        load_npz(path)
    assert str(path) in str(info.value)


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    "one, other",
    [
        ("u1", "i8"),
        ("u1", "u2"),
        ("u1", "i1"),
        ("u1", "f4"),
        ("i2", "f8"),
        ("i4", "i8"),
        ("u1", "?"),
        ("?", "f4"),
    ],
)
def test_mixed_types(save, arrays, one, other, swapped):
    """Pixels from 0 to 255 in one array, and from 0 to 1 in the other?"""
    one, other = (other, one) if swapped else (one, other)
    x_train, x_test = arrays["x_train"] // 2, arrays["x_test"] // 2
    path = save(x_train=x_train.astype(one), x_test=x_test.astype(other))
    with pytest.raises(ValidationError, match="must have the same type") as info:
        load_npz(path)
    assert info.value.attr == "x_test" and str(path) in str(info.value)


def test_types_that_do_not_matter(save, arrays, rng):
    x_test = rng.uniform(-1, 1, size=(2, 4, 5))
    x_train = rng.uniform(-1, 1, size=(9, 4, 5))
    load_npz(save(x_train=x_train.astype("f4"), x_test=x_test.astype(">f8")))
    load_npz(save(x_train=arrays["x_train"].astype(">i4"), x_test=x_test.astype("<i4")))
    pixels = load_npz(save(x_train=arrays["x_train"] / 255, x_test=arrays["x_test"]))
    assert pixels.digest == load_npz(save(y_test=np.array([1, 2], dtype="u1"))).digest


def test_colours_are_refused(save):
    with pytest.raises(ValidationError, match=r"rows \(n, d\).*\(9, 4, 5, 3\)"):
        load_npz(save(x_train=np.zeros((9, 4, 5, 3)), x_test=np.zeros((2, 4, 5, 3))))


def test_bad_npz(arrays, save, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, x_train=arrays["x_train"], x=1)
    with pytest.raises(ValidationError, match="but lacks y_train, x_test, y_test"):
        load_npz(path)
    data = save().read_bytes()
    for content in (b"", b"<!DOCTYPE html>", data[: len(data) // 2], pickle.dumps(1)):
        path.write_bytes(content)
        with pytest.raises(ValidationError, match="cannot be read as numbers") as info:
            load_npz(path)
        assert str(path) in str(info.value)
    with open(path, "wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(ValidationError, match="cannot be read as numbers"):
        load_npz(path)
    with pytest.raises(FileNotFoundError):
        load_npz(tmp_path / "none.npz")


def test_unknown_name():
    for name in ("fashion", ""):
        with pytest.raises(ValidationError, match=r"'mnist', 'digits' or .* \.npz"):
            load(name)


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"pip install scikit-learn"):
        digits()
