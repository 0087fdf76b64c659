import errno
import json
import re
import shutil
import warnings
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from filelock import FileLock
from nengo.exceptions import NengoWarning, ValidationError
from test_sweep import EXPERIMENT, Failing, Grid, read_files, run_in_thread

from nengo_fa.experiments.sweep import zarr_files
from nengo_fa.experiments.sweep.store import (
    Store,
    find_dataset,
    read_dataset,
    write_dataset,
)

NOT_A_STORE = "is not a store of results"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The path of a store, its results, and its files."""
    path = tmp_path_factory.mktemp("damage") / "grid.zarr"
    data = run_in_thread(Grid(), path)
    return path, data, read_files(path)


@pytest.fixture
def intact(finished):
    """As `finished`, and put right again afterwards."""
    yield finished
    restore(*finished)


def restore(path, data, files):
    shutil.rmtree(path)
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)


def run(path):
    """Return the results, or None if the store is refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # also Zarr, of other files
            return run_in_thread(Grid(), path)
    except ValidationError as error:
        assert NOT_A_STORE in str(error)
        return None


def check(name, path, data, files):
    """Check that a damaged chunk is repaired, and a damaged description refused."""
    again = run(path)
    if is_description(name):
        assert again is None
    else:
        assert again.identical(data)
        assert read_files(path) == files
    (path / name).write_bytes(files[name])


def is_description(name):
    return name.name == zarr_files.DESCRIPTION


def test_no_flipped_bit_is_silent(finished, rng):
    """Damaged chunks are repaired; damaged descriptions are refused."""
    path, data, files = finished
    for name, content in files.items():
        for i in range(rng.randint(9), len(content), 61 if is_description(name) else 9):
            flipped = bytearray(content)
            flipped[i] ^= 1 << rng.randint(8)
            (path / name).write_bytes(flipped)
            check(name, path, data, files)


@pytest.mark.parametrize("damage", ["lost", "empty", "half", "longer"])
def test_files_of_another_length(intact, damage):
    path, data, files = intact
    for name, content in files.items():
        if damage == "lost":
            (path / name).unlink()
        else:
            half = content[: len(content) // 2]
            damaged = {"empty": b"", "half": half, "longer": content + b" x"}
            (path / name).write_bytes(damaged[damage])
        check(name, path, data, files)


@pytest.mark.parametrize("value", [[], {}, 5, None, "x", True])
def test_json_of_another_type(intact, value):
    path, data, files = intact
    for name in filter(is_description, files):
        document = json.loads(files[name])
        attributes = document.get("attributes", {})
        keys = document.keys() - {zarr_files.CHECKSUM}
        damaged = [value, *({**document, key: value} for key in keys)]
        damaged += [
            {**document, "attributes": {**attributes, key: value}}
            for key in attributes.keys() - {zarr_files.CHECKSUM}
        ]
        for it in damaged:
            if it == document:
                continue
            (path / name).write_text(json.dumps(it))
            assert run(path) is None
        (path / name).write_bytes(files[name])


def test_other_files(intact):
    """Other files in the store do not become part of the results."""
    path, data, files = intact
    (path / "mine.txt").write_text("important")
    assert run(path).identical(data)
    assert (path / "mine.txt").exists()
    shutil.copytree(path / "error", path / "other")
    assert run(path) is None


def test_says_that_parts_are_run_again(intact):
    path, data, files = intact
    damage(path, "error")
    with pytest.warns(NengoWarning, match="are damaged and are computed again"):
        run_in_thread(Grid(), path)


def damage(path, name):
    """Damage the last chunk of an array; return its file."""
    file = max(
        f for f in (path / name).rglob("*") if f.is_file() and not is_description(f)
    )
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    return file


def test_a_damaged_part_alone_is_run_again(intact):
    path, data, files = intact
    damage(path, "error")
    with pytest.warns(NengoWarning, match="are damaged"):
        run_in_thread(Grid(failing=(0, 0)), path)
    assert read_files(path) == files


def test_damage_is_left_as_it_is_under_other_versions(intact, monkeypatch):
    """Who has them can still repair it; damaged labels do not depend on them."""
    path, data, files = intact
    file = damage(path, "error")
    before = file.read_bytes()
    with monkeypatch.context() as context:
        context.setattr("nengo.__version__", "5.0.0")
        with pytest.raises(ValidationError, match="another version: nengo is"):
            run_in_thread(Grid(), path)
    assert file.read_bytes() == before
    run(path)
    damage(path, "condition")
    monkeypatch.setattr("nengo.__version__", "5.0.0")
    assert run(path).identical(data)
    assert read_files(path) == files


def test_damage_beyond_the_trials_that_are_asked_for(tmp_path):
    """The last chunk contains more trials than are run."""
    path = tmp_path / "store.zarr"
    data = run_in_thread(EXPERIMENT, path)
    files = read_files(path)
    (chunk,) = (f for f in files if re.search(r"^rmse/.*0\D0\D1\D0$", f.as_posix()))
    (path / chunk).write_bytes(files[chunk][:-1])
    with pytest.warns(NengoWarning, match="are damaged"):
        part = run_in_thread(replace(EXPERIMENT, n_trials=3), path)
    assert part.identical(data.isel(trial=slice(3)))
    assert run_in_thread(EXPERIMENT, path).identical(data)
    assert read_files(path) == files


def test_labels_are_those_of_the_experiment(intact):
    """Other labels are refused even if their checksums are valid."""
    path, data, files = intact
    others = xr.Dataset(coords={"condition": [10, 20, 40]})
    others.to_zarr(path, mode="r+", consolidated=False)
    with pytest.raises(ValidationError, match="condition does not fit the exp"):
        run_in_thread(Grid(), path)


@pytest.fixture
def old(monkeypatch):
    """Write stores as they were before there were checksums."""
    with monkeypatch.context() as context:
        context.setattr(zarr_files, "CODECS", {})
        context.setattr(zarr_files, "sign", lambda path: None)
        yield context


def test_stores_without_checksums_are_what_they_are(tmp_path, old, finished):
    """They can be read, continued and extended; their arrays keep their format."""
    shown, resumed = tmp_path / "shown.zarr", tmp_path / "resumed.zarr"
    run_in_thread(Grid(), shown)
    with pytest.raises(KeyboardInterrupt):
        run_in_thread(Grid(failing=(1, 1)), resumed)
    files = read_files(shown)
    assert b"crc32" not in b"".join(files.values())
    old.undo()
    assert run_in_thread(Grid(), shown).identical(finished[1])
    assert read_files(shown) == files
    assert run_in_thread(Grid(), resumed).identical(finished[1])
    again = read_files(resumed)
    assert {name for name in files if again[name] != files[name]} <= {
        name for name in files if len(name.parts) == 1
    }


def test_datasets_are_checked_as_a_whole(tmp_path, rng):
    """Datasets of figures are written at once, so that a missing file is noticed as well."""
    path = tmp_path / "figure.zarr"
    data = xr.Dataset(
        {"a": (("x", "word"), rng.randn(3, 2), {"units": "1"})},
        coords={"x": [1.0, 2.0, 3.0], "word": np.array(["one", "two"], dtype=object)},
    )
    write_dataset(data, path)
    again = read_dataset(path)
    assert set(again.attrs) == {"versions"}
    data.attrs = again.attrs
    assert again.identical(data)
    for name, content in read_files(path).items():
        (path / name).unlink()
        for damaged in [None, b"", *flips(content, rng)]:
            if damaged is not None:
                (path / name).write_bytes(damaged)
            with pytest.raises(ValidationError, match=NOT_A_STORE):
                read_dataset(path)
            with pytest.raises(ValidationError, match=NOT_A_STORE):
                find_dataset(path, Grid())
            with pytest.raises(ValidationError, match=NOT_A_STORE):
                write_dataset(data, path)
        (path / name).write_bytes(content)
    assert find_dataset(path, Grid()) is None


def flips(content, rng):
    for i in range(rng.randint(9), len(content), 97):
        flipped = bytearray(content)
        flipped[i] ^= 1 << rng.randint(8)
        yield bytes(flipped)


@pytest.fixture
def read_only(monkeypatch):
    """Prevent writing, as on a read-only medium."""

    def refuse(self, *args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    def make_read_only():
        monkeypatch.setattr(FileLock, "acquire", refuse)
        monkeypatch.setattr("pathlib.Path.unlink", refuse)
        monkeypatch.setattr("zarr.Array.__setitem__", refuse)
        monkeypatch.setattr(zarr_files, "write", lambda data, path: refuse(path))

    return make_read_only


def test_a_finished_store_can_be_read_where_nothing_can_be_written(
    intact, read_only, monkeypatch
):
    path, data, files = intact
    with monkeypatch.context():
        read_only()
        assert run_in_thread(Grid(), path).identical(data)
        with pytest.raises(OSError, match="Read-only file system"):
            run_in_thread(Grid(), path.with_name("new.zarr"))
    assert read_files(path) == files


@pytest.mark.parametrize("damaged", [None, "error", "condition"])
def test_an_unfinished_store_where_nothing_can_be_written(tmp_path, read_only, damaged):
    """One line names the remedy."""
    path = tmp_path / "part.zarr"
    if damaged is None:
        with pytest.raises(KeyboardInterrupt):
            run_in_thread(Grid(failing=(1, 1)), path)
    else:
        run_in_thread(Grid(), path)
        damage(path, damaged)
    files = read_files(path)
    read_only()
    with pytest.raises(ValidationError, match="Copy it to a folder") as info:
        run_in_thread(Grid(), path)
    assert "\n" not in str(info.value)
    assert read_files(path) == files


def test_a_full_disk_loses_nothing(tmp_path, finished, monkeypatch):
    path = tmp_path / "full.zarr"
    write = Store.write
    written = []

    def write_three(self, part, results):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(part)
        write(self, part, results)

    with monkeypatch.context() as context:
        context.setattr(Store, "write", write_three)
        with pytest.raises(OSError, match="No space left"):
            run_in_thread(Grid(), path)
    with Store(path, Grid()) as store:
        assert len(store.find_unfinished()) == 3
    assert run_in_thread(Failing(Grid(), 0), path).identical(finished[1])


@pytest.mark.parametrize("path", ["a\0b.zarr", "a\0b/c.zarr"])
def test_refuses_nul_in_a_path(tmp_path, path):
    with pytest.raises(ValidationError, match="NUL"):
        Store(tmp_path / path, Grid())
