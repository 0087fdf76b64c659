import array_api_compat
import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from nengo.rc import rc

import nengo_fa
from nengo_fa.offline.devices import Device, to_numpy
from nengo_fa.offline.solving import make_solve
from nengo_fa.rules.teach_chain import VARIANTS

RULES = [nengo_fa.FeedbackAlignment, nengo_fa.Backprop]


def find_devices():
    """Return the devices of PyTorch: the processor, and a GPU if there is one."""
    try:
        import torch
    except ImportError:
        return ["torch:cpu"]
    return ["torch:cpu", *(["cuda"] if torch.cuda.is_available() else [])]


on_each_device = pytest.mark.parametrize("device", find_devices())


def make_net(rule, neuron_type=None, **kwargs):
    with nengo.Network(seed=1) as network:
        stimulus, output = nengo.Node([0, 0, 0]), nengo.Node(size_in=2)
        hidden = nengo.Ensemble(
            80, 3, neuron_type=neuron_type or nengo.LIFRate(amplitude=0.01)
        )
        encode = nengo.Connection(stimulus, hidden)
        decode = nengo.Connection(hidden, output, function=lambda x: x[:2])
        first = decode if rule is nengo_fa.Backprop else 2
        encode.learning_rule_type = rule(first, learning_rate=0.1, **kwargs)
    return network, decode


def make_chain(variant):
    neurons = dict(neuron_type=nengo.LIFRate(amplitude=0.01))
    with nengo.Network(seed=1) as network:
        stimulus, output = nengo.Node([0, 0, 0]), nengo.Node(size_in=2)
        layers = [nengo.Ensemble(30, n, **neurons) for n in (3, 30, 2)]
        encodes = [
            nengo.Connection(stimulus, layers[0]),
            nengo.Connection(layers[0].neurons, layers[1], transform=np.eye(30)),
            nengo.Connection(layers[1], layers[2], function=lambda x: x[:2]),
        ]
        decode = nengo.Connection(layers[2], output)
        nengo_fa.teach_chain(encodes, decode, None, variant, learning_rate=0.1)
    return network, decode


def train(net, device, **kwargs):
    network, decode = net
    x = np.random.RandomState(2).uniform(-1, 1, size=(300, 3))
    y = x[:, :2] * x[:, 2:]
    test = x[:50], y[:50]
    return nengo_fa.train(
        decode,
        x,
        y,
        5,
        test=test,
        device=device,
        network=network,
        snapshots=[0],
        **kwargs,
    )


@pytest.mark.parametrize("bits, tolerance", [("64", 1e-8), ("32", 2e-3)])
@pytest.mark.parametrize("derivative", [nengo_fa.Rate(), nengo_fa.Step()], ids=repr)
@pytest.mark.parametrize(
    "normalization", [None, "forced", "augmented", "homeostatic", "stabilized"]
)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("batch_size", [None, 70])
@on_each_device
def test_torch_is_numpy(
    device, rule, normalization, derivative, batch_size, bits, tolerance
):
    pytest.importorskip("torch")
    rc["precision"]["bits"] = bits
    histories = [
        train(
            make_net(rule, normalization=normalization, derivative=derivative),
            where,
            batch_size=batch_size,
        )
        for where in ("cpu", device)
    ]
    ours, theirs = histories
    assert isinstance(theirs.encoders, np.ndarray)
    np.testing.assert_allclose(theirs.rmse, ours.rmse, rtol=tolerance)
    np.testing.assert_allclose(theirs.test_rmse, ours.test_rmse, rtol=tolerance)
    np.testing.assert_allclose(theirs.encoders, ours.encoders, atol=10 * tolerance)
    assert np.ptp(ours.rmse) > 1e-4


@pytest.mark.parametrize("variant", VARIANTS)
@on_each_device
def test_torch_is_numpy_for_chains(device, variant):
    pytest.importorskip("torch")
    histories = [train(make_chain(variant), where) for where in ("cpu", device)]
    ours, theirs = histories
    np.testing.assert_allclose(theirs.rmse, ours.rmse, rtol=1e-8)
    for layer, other in zip(ours.layers, theirs.layers):
        np.testing.assert_allclose(layer.encoders, other.encoders, atol=1e-8)
        assert np.any(layer.encoders != layer.snapshots[0])


@pytest.mark.parametrize(
    "neuron_type",
    [nengo.LIF(), nengo.AdaptiveLIF(), nengo.RectifiedLinear(amplitude=0.5)],
    ids=repr,
)
@on_each_device
def test_neurons_that_torch_computes(device, neuron_type):
    pytest.importorskip("torch")
    rmse = [
        train(make_net(RULES[0], neuron_type), where).rmse for where in ("cpu", device)
    ]
    np.testing.assert_allclose(*rmse, rtol=1e-6)


def test_other_neurons_are_refused():
    pytest.importorskip("torch")
    net = make_net(RULES[0], nengo.Tanh(), derivative=nengo_fa.Rate())
    with pytest.raises(
        ValidationError, match="Nengo computes the rates of Tanh neurons"
    ):
        train(net, "torch:cpu")


@pytest.mark.parametrize(
    "solver",
    [nengo.solvers.LstsqL2(), nengo.solvers.LstsqL2nz(), nengo.solvers.Lstsq()],
    ids=repr,
)
@on_each_device
def test_any_solver(rng, device, solver):
    pytest.importorskip("torch")
    device = Device(device)
    activities, y = rng.uniform(0, 1, size=(100, 70)), rng.standard_normal((100, 2))
    decoders = make_solve(solver, rng, device)(
        device.array(activities), device.array(y)
    )
    assert array_api_compat.is_torch_array(decoders)
    np.testing.assert_allclose(to_numpy(decoders), solver(activities, y)[0], rtol=1e-6)


@on_each_device
def test_no_solution(device):
    pytest.importorskip("torch")
    device = Device(device)
    solve = make_solve(nengo.solvers.LstsqL2(), None, device)
    decoders = solve(device.array(np.zeros((20, 4))), device.array(np.ones((20, 1))))
    assert decoders.shape == (4, 1) and np.all(np.isnan(to_numpy(decoders)))


def test_spikes_are_measured_in_numpy_alone():
    pytest.importorskip("torch")
    with pytest.raises(ValidationError, match="use device='cpu'"):
        train(make_net(RULES[0]), "torch:cpu", presentation_time=0.1)


@pytest.mark.parametrize(
    "name",
    ["gpu", "", None, 0, "cpu:1", "torch:", "torch:toaster", "cuda:99", "cuda:x"],
)
def test_unknown_device(name):
    with pytest.raises(ValidationError, match="device") as error:
        Device(name)
    assert "cpu" in str(error.value)


def test_half_precision_is_refused():
    rc["precision"]["bits"] = "16"
    with pytest.raises(ValidationError, match="16 bits.*'32'"):
        Device()


def test_arrays_have_the_precision_of_nengo(rng):
    for bits in ("32", "64"):
        rc["precision"]["bits"] = bits
        values = rng.uniform(size=3)
        array = Device().array(values)
        assert array.dtype == Device().empty((2,)).dtype == f"float{bits}"
        assert not np.shares_memory(array, values)
