"""Files are read shapes before data, and written whole."""

import io
import threading
import tracemalloc
import zipfile

import nengo
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nengo.exceptions import ValidationError

import nengo_fa

DEFLATED = zipfile.ZIP_DEFLATED


def make():
    with nengo.Network(seed=1) as model:
        model.ensemble = nengo.Ensemble(20, 2)
        nengo.Connection(model.ensemble, nengo.Node(size_in=2))
    return model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "learned.npz"
    model = make()
    with nengo.Simulator(model, progress_bar=False) as sim:
        nengo_fa.save(sim, model, path)
    return path


def rewrite(source, target, name, write, compression=DEFLATED):
    """Copy a saved file, with another member in place of one, or beside the others."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.namelist():
            if member != f"{name}.npy":
                new.writestr(member, old.read(member))
        info = zipfile.ZipInfo(f"{name}.npy")
        info.compress_type = compression
        with new.open(info, "w", force_zip64=True) as file:
            write(file)
    return target


def make_header(shape, descr="<f8"):
    header = io.BytesIO()
    fields = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()


def zeros(head, n_bytes):
    """A function that writes a header and a number of zeros."""

    def write(file):
        file.write(head)
        for _ in range(n_bytes // 10**6):
            file.write(bytes(10**6))

    return write


SIZE = 2 * 10**7
BOMBS = {
    "large": ("ensemble0.encoders", zeros(make_header((SIZE // 8,)), SIZE)),
    "long": ("ensemble0.gain", zeros(make_header((20,)), SIZE)),
    "type": ("ensemble0.gain", zeros(make_header((20,), f"|S{SIZE // 20}"), SIZE)),
    "text": ("description", zeros(make_header((), f"<U{SIZE // 4}"), SIZE)),
    "many texts": ("description", zeros(make_header((SIZE,), "<U1"), SIZE)),
    "header": (
        "ensemble0.gain",
        zeros(b"\x93NUMPY\x02\x00" + SIZE.to_bytes(4, "little"), SIZE),
    ),
}


@pytest.mark.parametrize(
    "bomb, compression",
    [
        *((bomb, DEFLATED) for bomb in BOMBS),
        ("long", zipfile.ZIP_LZMA),
        ("long", zipfile.ZIP_BZIP2),
    ],
)
def test_bombs_are_refused_before_they_unpack(saved, tmp_path, bomb, compression):
    path = rewrite(saved, tmp_path / "bomb.npz", *BOMBS[bomb], compression)
    assert path.stat().st_size < 50000
    model = make()

    def load():
        with pytest.raises(ValidationError) as info:
            nengo_fa.load(model, path)
        assert info.value.attr == "path"

    assert measure_memory(load) < 2e6
    assert isinstance(model.ensemble.encoders, nengo.dists.Distribution)


def measure_memory(call):
    tracemalloc.start()
    try:
        call()
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


def test_what_is_not_needed_is_not_read(saved, tmp_path):
    bomb = zeros(make_header((SIZE,), "|u1"), SIZE)
    path = rewrite(saved, tmp_path / "bomb.npz", "extra", bomb)
    assert measure_memory(lambda: nengo_fa.load(make(), path)) < 2e6


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, DEFLATED])
@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", "fortran"])
def test_arrays_in_any_form_of_numbers(saved, tmp_path, kind, compression):
    encoders = np.random.RandomState(0).randn(20, 2).astype(np.float32)
    array = np.asfortranarray(encoders) if kind == "fortran" else encoders.astype(kind)
    path = rewrite(
        saved,
        tmp_path / "other.npz",
        "ensemble0.encoders",
        lambda file: np.save(file, array),
        compression,
    )
    model = make()
    nengo_fa.load(model, path)
    assert np.array_equal(model.ensemble.encoders, encoders)


@pytest.fixture(scope="module")
def learned(saved):
    model = make()
    nengo_fa.load(model, saved)
    return list(get_learned(model))


@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_flipped_bit_changes_anything_in_silence(
    saved, learned, tmp_path, position, bit
):
    damaged = make()
    content = bytearray(saved.read_bytes())
    content[int(position * len(content))] ^= 1 << bit
    path = tmp_path / "damaged.npz"
    path.write_bytes(content)
    try:
        nengo_fa.load(damaged, path)
    except ValidationError:
        assert damaged.ensemble.seed is None
        return
    for one, two in zip(learned, get_learned(damaged), strict=True):
        assert np.array_equal(one, two)


def get_learned(model):
    ensemble, (connection,) = model.ensemble, model.all_connections
    yield from (ensemble.encoders, ensemble.gain, ensemble.bias, ensemble.seed)
    yield from (connection.seed, connection.solver.values)


def test_threads_save_to_one_path(Simulator, tmp_path):
    path, failures = tmp_path / "learned.npz", []
    model = make()

    def save():
        try:
            for _ in range(10):
                nengo_fa.save(sim, model, path)
                nengo_fa.load(make(), path)
        except Exception as error:
            failures.append(error)

    with Simulator(model) as sim:
        threads = [threading.Thread(target=save) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("path", ["a\0b.npz", "\ud800.npz", b"a\0b.npz"])
def test_no_path(Simulator, path):
    model = make()
    with Simulator(model) as sim:
        with pytest.raises(
            ValidationError, match="characters that are invalid in paths"
        ) as info:
            nengo_fa.save(sim, model, path)
    assert info.value.attr == "path"
    with pytest.raises(ValidationError, match="characters that are invalid in paths"):
        nengo_fa.load(model, path)


def test_path_of_bytes(Simulator, tmp_path):
    model = make()
    path = bytes(tmp_path / "learned.npz")
    with Simulator(model) as sim:
        nengo_fa.save(sim, model, path)
    nengo_fa.load(model, path)
    assert [path.name for path in tmp_path.iterdir()] == ["learned.npz"]
