"""The simulator of nengo-ocl learns the same as `nengo.Simulator`, in 32 bits."""

import os

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa.backends import ocl_kernels
from nengo_fa.online.operators import MANY_ENTRIES
from nengo_fa.rules.normalizations import NORMALIZATIONS
from nengo_fa.rules.outer_product import MANY_DIMENSIONS

os.environ["POCL_MAX_PTHREAD_COUNT"] = "1"  # small networks, and a process a processor
pytest.importorskip("nengo_ocl")
cl = pytest.importorskip("pyopencl")
try:
    CONTEXT = cl.Context([cl.get_platforms()[0].get_devices()[0]])
except cl.Error:
    pytest.skip("there is no OpenCL device", allow_module_level=True)

from nengo_fa.backends.ocl import Simulator as OclSimulator  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:This version of `nengo_ocl` has not been tested",
    "ignore::DeprecationWarning:nengo_ocl",
    "ignore::DeprecationWarning:pyopencl",
)


class OtherLIF(nengo.LIFRate):
    """Of a name that nengo-ocl does not know."""


nengo_fa.register_response(OtherLIF, nengo.LIFRate)


class Noisy(nengo_fa.feedback.Feedback):
    """Feedback weights that need random numbers in each step."""

    def make_step(self, weights, feedback, dt, rng):
        def step():
            feedback[...] = weights * rng.uniform(0.5, 1.5, size=weights.shape)

        return step


def make_layer(
    rules=(), dimensions=3, reached=slice(None), scaled=False, ensemble=None, **kwargs
):
    """One layer that learns from sines; rates, as spikes can fall in another step."""
    n_neurons = MANY_ENTRIES // MANY_DIMENSIONS if dimensions > 3 else 20
    with nengo.Network(seed=1) as network:
        phases = np.arange(len(range(dimensions)[reached]))
        stimulus = nengo.Node(lambda t: np.sin(30 * t + phases))
        error = nengo.Node(lambda t: [np.cos(40 * t), np.sin(20 * t)])
        options = {"neuron_type": nengo.LIFRate(), "radius": 1.5, **(ensemble or {})}
        network.hidden = nengo.Ensemble(n_neurons, dimensions, **options)
        kwargs.setdefault("learning_rate", 0.5)
        rules = {"first": nengo_fa.FeedbackAlignment(2, **kwargs), **dict(rules)}
        encode = nengo.Connection(
            stimulus, network.hidden[reached], learning_rule_type=rules
        )
        for name in rules:
            nengo.Connection(error, encode.learning_rule[name], synapse=None)
        if scaled:
            factor = nengo_fa.LearningSignal(encode.learning_rule["first"])
            nengo.Connection(error[0], factor, synapse=None)
        network.encode = encode
    return network


def make_chain(variant="backprop", **kwargs):
    """Two layers, of which the second hands its error on."""
    neurons = dict(neuron_type=nengo.LIFRate(amplitude=0.01))
    with nengo.Network(seed=1) as network:
        stimulus = nengo.Node(lambda t: [np.sin(30 * t), np.cos(30 * t)])
        network.hidden = nengo.Ensemble(20, 2, **neurons)
        second, output = nengo.Ensemble(30, 2, **neurons), nengo.Node(size_in=1)
        encodes = [
            nengo.Connection(stimulus, network.hidden),
            nengo.Connection(network.hidden, second),
        ]
        decode = nengo.Connection(second, output, function=np.prod)
        nengo_fa.teach_chain(
            encodes, decode, output, variant, learning_rate=3, **kwargs
        )
    return network


KERNELS = {
    **{str(name): {"normalization": name} for name in NORMALIZATIONS},
    "output": {"derivative": nengo_fa.Step(signal="output", synapse=0.01)},
    "learning signal": {"scaled": True},
    **{
        f"{name}, in place": {"dimensions": MANY_DIMENSIONS, "normalization": name}
        for name in NORMALIZATIONS
    },
}
ON_HOST = {
    "Rate": {"derivative": nengo_fa.Rate(margin=0.1)},
    "some dimensions": {"reached": slice(1, 3), "normalization": None},
    "sparse": {
        "sparse": True,
        "ensemble": {"encoders": np.tile([[1, 0, 1.0], [0, 2, 0]], (10, 1))},
    },
    "row of rules": {
        "rules": {"other": nengo_fa.FeedbackAlignment(2, normalization="forced")}
    },
    "trace": {"eligibility_synapse": 0.01},
    "other neurons": {"ensemble": {"neuron_type": OtherLIF()}},
}
OTHERS = {
    "backprop": make_chain,
    "global": lambda: make_chain("global"),
    "random feedback": lambda: make_chain("global", feedback=Noisy),
}


def make_simulator(network):
    return OclSimulator(network, context=CONTEXT, progress_bar=False)


def learn(sim, network, n_steps=50):
    sim.run(n_steps * sim.dt, progress_bar=False)
    return np.array(sim.signals[sim.model.sig[network.hidden]["encoders"]])


def find_difference(network):
    """Return the difference from encoders of `nengo.Simulator`, relative to their movement."""
    with nengo.Simulator(network) as sim:
        expected = learn(sim, network)
        start = sim.model.sig[network.hidden]["encoders"].initial_value
    with make_simulator(network) as sim:
        found = learn(sim, network)
        names = [plan.name for plan in sim._plans]
    return np.max(np.abs(found - expected)) / np.max(np.abs(expected - start)), names


@pytest.mark.parametrize("case", KERNELS)
def test_kernels_learn_what_operators_learn(case):
    difference, names = find_difference(make_layer(**KERNELS[case]))
    assert "learn" in names and not any(name.startswith("Sim") for name in names)
    assert difference < 1e-3


@pytest.mark.parametrize("case", ON_HOST)
def test_what_kernels_do_not_know_runs_on_the_host(case):
    difference, names = find_difference(make_layer(**ON_HOST[case]))
    assert any(name.startswith("Sim") for name in names)
    assert difference < 1e-3


@pytest.mark.parametrize("case", OTHERS)
def test_errors_and_feedback_pass_from_layer_to_layer(case):
    difference, _ = find_difference(OTHERS[case]())
    assert difference < 1e-3


@pytest.mark.parametrize("name", [name for name in NORMALIZATIONS if name])
def test_another_normalization_would_be_found(name, monkeypatch):
    """The tolerance of the tests above is small enough to find another normalization."""
    monkeypatch.setitem(ocl_kernels.FACTORS, name, "")
    assert find_difference(make_layer(normalization=name))[0] > 1e-2


@pytest.mark.parametrize("case", OTHERS)
def test_it_does_the_same_again_after_a_reset(case):
    """Random numbers are the same as well, although the device cannot store their state."""
    network = OTHERS[case]()
    with make_simulator(network) as sim:
        found = learn(sim, network)
        sim.reset()
        np.testing.assert_array_equal(learn(sim, network), found)


def test_what_was_learned_is_kept(tmp_path):
    network = make_layer()
    with make_simulator(network) as sim:
        learn(sim, network)
        nengo_fa.save(sim, network, tmp_path / "learned.npz")
        nengo_fa.freeze_params(sim, network)
        directions = nengo_fa.geometry.preferred_directions(sim, network.hidden)
        assert directions.shape == (20, 3)
        found = learn(sim, network, 1)  # which adds the change of the step before
    other = make_layer()
    nengo_fa.load(other, tmp_path / "learned.npz")
    for frozen in network, other:
        with nengo.Simulator(frozen) as sim:
            signal = sim.model.sig[frozen.hidden]["encoders"]
            np.testing.assert_allclose(signal.initial_value, found, rtol=1e-5)
