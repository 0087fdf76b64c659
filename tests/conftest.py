import copy
import pickle
import shlex
import tracemalloc
from fnmatch import fnmatch

import matplotlib
import nengo
import numpy as np
import pytest
import scipy.linalg  # noqa: F401  # brings a BLAS of its own, whose threads are limited below
from hypothesis import settings
from nengo.builder.signal import SignalDict
from nengo.rc import rc
from threadpoolctl import threadpool_limits

matplotlib.use("agg")

# one thread per process, because there is a test process for each processor
threadpool_limits(1)

# a busy machine must not make tests fail
settings.register_profile("nengo_fa", deadline=None)
settings.load_profile("nengo_fa")


def make_nengo_plain():
    rc.reload_rc([])
    rc["decoder_cache"]["enabled"] = "false"
    rc["progress"]["progress_bar"] = "false"


# for what is made once in a module, too
make_nengo_plain()


@pytest.fixture(autouse=True)
def plain_nengo():
    """Use Nengo's default settings, without progress bars or a cache between tests."""
    yield
    make_nengo_plain()
    assert not nengo.Network.context, "the test left a network open"


def pytest_addoption(parser):
    parser.addoption(
        "--bits", choices=["32", "64"], help="of the simulator; default: those of Nengo"
    )
    parser.addini("single_precision_unsupported", "tests that need 64 bits", "linelist")


@pytest.fixture(scope="session")
def Simulator(Simulator, request):
    """The simulator of the option ``nengo_simulator``, in the precision of Nengo."""
    if Simulator.__module__.split(".")[0] != "nengo_torch":
        return Simulator
    bits = request.config.getoption("bits")
    import torch

    torch.set_num_threads(1)  # as above

    def make_simulator(*args, **kwargs):
        dtype = getattr(torch, f"float{bits}" if bits else rc.float_dtype.name)
        return Simulator(*args, **{"dtype": dtype, **kwargs})

    return make_simulator


def pytest_collection_modifyitems(config, items):
    """Run the tests of the built pages first; choose those that another simulator can run.

    Building the pages takes minutes. If it ran at the end, one process would wait for another
    process that builds them, or build them again. With another simulator, only tests that use
    a simulator run, and tests of features that it lacks are expected to fail. Nengo's plugin
    treats Nengo's tests in the same way, by the same list in ``setup.cfg``.
    """
    items.sort(key=lambda item: "pages" not in item.fixturenames)
    if config.getini("nengo_simulator") == "nengo.Simulator":
        return
    others = [item for item in items if "Simulator" not in item.fixturenames]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if "Simulator" in item.fixturenames]
    lines = [*config.getini("nengo_test_unsupported")]
    if config.getoption("bits") == "32":
        lines += config.getini("single_precision_unsupported")
    words = shlex.split(" ".join(lines))
    for pattern, reason in zip(words[::2], words[1::2]):
        pattern = "*" + pattern.replace("[", "[[]")
        for item in items:
            if fnmatch(item.nodeid, pattern):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=False))


def loosen(compare):
    """Return a comparison with tolerances for numbers of 32 bits."""

    def compare_loosely(actual, desired, *, rtol=0, atol=0, **kwargs):
        desired = np.asarray(desired, dtype=float)
        finite = np.abs(desired[np.isfinite(desired)])
        rtol, atol = max(rtol, 1e-3), max(atol, 1e-3 * np.max(finite, initial=0))
        return compare(actual, desired, rtol=rtol, atol=atol, **kwargs)

    return compare_loosely


@pytest.fixture
def allclose(allclose, request):
    """The fixture of pytest-allclose, in the precision of the simulator."""
    return loosen(allclose) if request.config.getoption("bits") == "32" else allclose


@pytest.fixture(autouse=True)
def tolerance_of_single_precision(request, monkeypatch):
    """With a simulator of 32 bits, compare arrays with a tolerance of 1e-3."""
    if request.config.getoption("bits") != "32":
        return
    loose = loosen(np.testing.assert_allclose)
    monkeypatch.setattr(np.testing, "assert_allclose", loose)
    monkeypatch.setattr(np.testing, "assert_array_equal", loose)


class LateSimulator(nengo.Simulator):
    """Hands out arrays of zeros, and fills them before each step, as nengo-torch does."""

    def __init__(self, network, **kwargs):
        super().__init__(network, **kwargs)
        self._shown = []
        self._late_steps = [self._bind(op) for op in self._step_order]

    def _bind(self, operator):
        live = {signal: self.signals[signal] for signal in operator.all_signals}
        shown = {signal: np.zeros_like(array) for signal, array in live.items()}
        step = operator.make_step(shown, self.dt, np.random.RandomState(0))

        def late_step():
            for signal, array in shown.items():
                array[...] = live[signal]
            step()
            for signal in [*operator.sets, *operator.incs, *operator.updates]:
                live[signal][...] = shown[signal]

        return late_step

    def step(self):
        for late_step in self._late_steps:
            late_step()
        self._probe()


def _pickle(sim):
    return pickle.loads(pickle.dumps(sim))


COPIES = {"pickle": _pickle, "deepcopy": copy.deepcopy}


def _read(sim):
    # models are not optimized, so that operators are always in the same order
    signals = [
        np.array(sim.signals[signal])
        for operator in sim.model.operators
        for signal in operator.all_signals
        if not signal.readonly
    ]
    probed = [np.array(sim._sim_data[probe]) for probe in sim.model.probes]
    return [*probed, *signals]


@pytest.fixture(params=[*COPIES, "reset", "two at once"])
def check_resumed(request):
    """A function that checks that an interrupted simulation continues with the same bits.

    It takes a network, whose objects can be pickled, and a number of steps before and
    after the interruption; it compares all probes and all signals, and returns the
    simulator that was interrupted.
    """

    def check(network, n_before=20, n_after=20):
        with nengo.Simulator(network, seed=1, optimize=False) as whole:
            whole.run_steps(n_before + n_after)
            expected = _read(whole)
        with nengo.Simulator(network, seed=1, optimize=False) as sim:
            sim.run_steps(n_before)
            if request.param == "two at once":
                other = nengo.Simulator(network, seed=1, optimize=False)
                for _ in range(n_after):
                    sim.step(), other.step()
                other.close()
            elif request.param == "reset":
                sim.reset()
                sim.run_steps(n_before + n_after)
            else:
                sim = COPIES[request.param](sim)
                sim.run_steps(n_after)
            found = _read(sim)
        assert len(expected) == len(found)
        for one, other in zip(expected, found):
            np.testing.assert_array_equal(one, other)
        return sim

    return check


@pytest.fixture
def check_late():
    """A function that checks that a simulator that binds arrays late gives the same bits."""

    def check(network, n_steps=20):
        with (
            nengo.Simulator(network, seed=1, optimize=False) as sim,
            LateSimulator(network, seed=1, optimize=False) as late,
        ):
            for _ in range(n_steps):
                sim.step(), late.step()
            for one, other in zip(_read(sim), _read(late)):
                np.testing.assert_array_equal(one, other)

    return check


@pytest.fixture
def find_allocated():
    """A function that returns how many bytes a step of an operator allocates.

    Allocations by other threads of the process are included, so that the smallest number of
    several steps is returned.
    """

    def find(operator):
        live = SignalDict()
        operator.init_signals(live)
        step = operator.make_step(live, 0.001, np.random)
        step()
        tracemalloc.start()
        try:
            return min(_measure_peak(step) for _ in range(5))
        finally:
            tracemalloc.stop()

    return find


def _measure_peak(step):
    """Return the peak of additional memory during a call, in bytes."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    step()
    _, peak = tracemalloc.get_traced_memory()
    return peak - before
