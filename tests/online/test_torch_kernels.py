"""The kernels for nengo-torch give the results of the operators, for each sample."""

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa.rules import response_functions
from nengo_fa.rules.normalizations import NORMALIZATIONS

nengo_torch = pytest.importorskip("nengo_torch")
torch = pytest.importorskip("torch")

from nengo_torch.op_builders.fallback_operator import TorchOperatorFallback  # noqa: E402

from nengo_fa.online.operators import MANY_ENTRIES  # noqa: E402
from nengo_fa.online.torch_kernels import FACTORS, Kernel, run_through_numpy  # noqa: E402
from nengo_fa.rules.outer_product import MANY_DIMENSIONS  # noqa: E402

torch.set_num_threads(1)

N_SAMPLES = 3


class Always(nengo_fa.Derivative):
    def make_step(self, neuron_type, signal, out):
        return lambda: out.fill(1)


class SignOfError(nengo_fa.FeedbackAlignment):
    arrays = ("projected_error",)

    def make_step(self, out, projected_error):
        return lambda: np.sign(projected_error, out=out)


def make_layer(
    rules=(), dimensions=3, reached=slice(None), scaled=False, ensemble=None, **kwargs
):
    """One layer, of an input and an error that are given in each step."""
    n_neurons = MANY_ENTRIES // MANY_DIMENSIONS if dimensions > 3 else 20
    with nengo.Network(seed=1) as network:
        network.x = nengo.Node(np.zeros(len(range(dimensions)[reached])))
        network.error = nengo.Node(np.zeros(2))
        hidden = nengo.Ensemble(n_neurons, dimensions, radius=1.5, **(ensemble or {}))
        kwargs.setdefault("learning_rate", 0.5)
        rule = kwargs.pop("rule", nengo_fa.FeedbackAlignment)(2, **kwargs)
        rules = {"first": rule, **dict(rules)}
        encode = nengo.Connection(
            network.x, hidden[reached], learning_rule_type=rules, synapse=None
        )
        for name in rules:
            nengo.Connection(network.error, encode.learning_rule[name], synapse=None)
        if scaled:
            factor = nengo_fa.LearningSignal(encode.learning_rule["first"])
            nengo.Connection(network.error[0], factor, synapse=None)
        network.taught = [hidden]
    return network


def make_chain(variant="backprop", dimensions=2, reached=slice(None)):
    """Two layers, of which the second hands its error on."""
    neurons = dict(neuron_type=nengo.AdaptiveLIF(amplitude=0.01))
    with nengo.Network(seed=1) as network:
        network.x, network.error = nengo.Node(np.zeros(2)), nengo.Node(np.zeros(1))
        network.taught = (
            nengo.Ensemble(20, 2, **neurons),
            nengo.Ensemble(30, dimensions, **neurons),
        )
        encodes = [
            nengo.Connection(network.x, network.taught[0], synapse=None),
            nengo.Connection(network.taught[0], network.taught[1][reached]),
        ]
        output = nengo.Node(size_in=1)
        decode = nengo.Connection(network.taught[1], output, function=lambda x: x[0])
        nengo_fa.teach_chain(encodes, decode, network.error, variant, learning_rate=3)
    return network


SPARSE = {"ensemble": {"encoders": np.tile([[1, 0, 1.0], [0, 2, 0]], (10, 1))}}
TEACHERS = {"other": nengo_fa.FeedbackAlignment(2, normalization="forced")}
KNOWN = {
    **{str(name): {"normalization": name} for name in NORMALIZATIONS},
    "Rate": {"derivative": nengo_fa.Rate(margin=0.1)},
    "Rate of Poisson spikes": {
        "derivative": nengo_fa.Rate(margin=0.1, synapse=0.01),
        "ensemble": {"neuron_type": nengo.RegularSpiking(nengo.LIFRate())},
    },
    "spikes": {"derivative": nengo_fa.Step(signal="output", synapse=0.01)},
    "some dimensions": {"reached": slice(1, 3), "normalization": None},
    "sparse": {"sparse": True, **SPARSE},
    "sparse, forced": {"sparse": True, "normalization": "forced", **SPARSE},
    "learning signal": {"scaled": True},
    "row of rules": {"rules": TEACHERS},
    "trace": {"eligibility_synapse": 0.01},
    "trace, forced": {"eligibility_synapse": 0.01, "normalization": "forced"},
    **{
        f"{name}, in place": {"dimensions": MANY_DIMENSIONS, "normalization": name}
        for name in NORMALIZATIONS
    },
    "some dimensions, in place": {
        "dimensions": MANY_DIMENSIONS + 9,
        "reached": slice(3, 40),
        "normalization": None,
    },
}
NETWORKS = {
    **{
        name: lambda kwargs=kwargs: make_layer(**kwargs)
        for name, kwargs in KNOWN.items()
    },
    "chain": make_chain,
    "chain, some dimensions": lambda: make_chain(dimensions=3, reached=[2, 0]),
    "global": lambda: make_chain("global"),
    "local": lambda: make_chain("local"),
}
UNKNOWN = {
    "derivative": {"derivative": Always()},
    "rule": {"rule": SignOfError},
    "derivative of registered neurons": {
        "derivative": nengo_fa.Rate(),
        "ensemble": {"neuron_type": nengo.Izhikevich()},
    },
}


def find_kernels(sim):
    return [found for found in sim.operators if isinstance(found, Kernel)]


def make_simulator(network, n_samples=N_SAMPLES, dtype=torch.float64):
    return nengo_torch.Simulator(network, minibatch_size=n_samples, dtype=dtype)


def learn(sim, network, n_steps=30):
    """The scaled encoders of all layers, by the sample, with an input of its own for each."""
    rng = np.random.RandomState(5)
    for _ in range(n_steps):
        sim.step(
            {
                node: torch.as_tensor(rng.randn(sim.minibatch_size, node.size_out))
                for node in (network.x, network.error)
            }
        )
    signals = [sim.model.sig[hidden]["encoders"] for hidden in network.taught]
    return [sim.signals[signal].numpy().copy() for signal in signals]


def assert_same(found, expected, start, tolerance):
    for one, other, before in zip(found, expected, start):
        moved = np.max(np.abs(other - before))
        assert moved > 0
        assert np.max(np.abs(one - other)) < tolerance * moved


def find_start(sim, network):
    return [
        sim.model.sig[hidden]["encoders"].initial_value for hidden in network.taught
    ]


@pytest.mark.parametrize("case", NETWORKS)
def test_kernels_learn_what_operators_learn(case):
    network = NETWORKS[case]()
    with make_simulator(network) as sim, make_simulator(network) as other:
        ours = [o for o in sim.operators if "nengo_fa" in type(o).__module__]
        assert ours == find_kernels(sim) != []
        assert not any(isinstance(o, TorchOperatorFallback) for o in sim.operators)
        run_through_numpy(other)
        found, expected = learn(sim, network), learn(other, network)
        assert_same(found, expected, find_start(sim, network), 1e-12)
        assert not np.allclose(found[0][0], found[0][1])
        sim.reset()
        for again, first in zip(learn(sim, network), found):
            np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_sample_learns_what_it_learns_alone(normalization):
    network = make_layer(normalization=normalization)
    with make_simulator(network) as sim, nengo.Simulator(network) as alone:
        rng = np.random.RandomState(5)
        for _ in range(30):
            inputs = {n: rng.randn(3, n.size_out) for n in (network.x, network.error)}
            sim.step({node: torch.as_tensor(values) for node, values in inputs.items()})
            for node, values in inputs.items():
                signal = alone.model.sig[node]["out"]
                alone.signals[signal].setflags(write=True)
                alone.signals[signal][...] = values[1]
            alone.step()
        encoders = sim.model.sig[network.taught[0]]["encoders"]
        found = sim.signals[encoders].numpy()[1:2]
        encoders = alone.model.sig[network.taught[0]]["encoders"]
        expected = alone.signals[encoders]
        assert_same(found, [expected], find_start(alone, network), 1e-11)


@pytest.mark.parametrize("name", [name for name in NORMALIZATIONS if name])
def test_another_normalization_would_be_found(name, monkeypatch):
    """The tolerance of the tests above is small enough to find another normalization."""
    network = make_layer(normalization=name)
    monkeypatch.setitem(FACTORS, name, FACTORS[None])
    with make_simulator(network) as sim, make_simulator(network) as other:
        run_through_numpy(other)
        found, expected = learn(sim, network), learn(other, network)
        with pytest.raises(AssertionError):
            assert_same(found, expected, find_start(sim, network), 1e-2)


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_kernels_do_not_know_runs_through_numpy(case, monkeypatch):
    response = nengo_fa.Response(derivative=lambda neuron_type, J: np.exp(-(J**2)))
    monkeypatch.setitem(response_functions.RESPONSES, nengo.Izhikevich, response)
    network = make_layer(**UNKNOWN[case])
    with make_simulator(network) as sim:
        assert not find_kernels(sim)
        assert all(np.ptp(encoders, axis=0).any() for encoders in learn(sim, network))


def test_kernels_follow_the_precision_of_the_simulator():
    network = make_layer()
    with make_simulator(network) as expected, make_simulator(network) as sim:
        sim.run_steps(1)
        sim.to(dtype=torch.float32)
        found = learn(sim, network)
        assert found[0].dtype == np.float32
        assert_same(found, learn(expected, network), find_start(sim, network), 1e-4)
