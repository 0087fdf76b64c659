"""Networks that can be trained offline work as trained; others are refused."""

import gc

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_fa
from nengo_fa import Backprop, BurstLearning, FeedbackAlignment, Rate
from nengo_fa.offline.walk_back import find_path

MATRIX = [[0.5, 0.2, -0.3], [0.1, -0.6, 0.4]]
UNITY = nengo.LinearFilter([1], [0.01**2, 0.02, 1])


class Net:
    """From an input to an output, through an ensemble that is taught."""

    def __init__(
        self,
        seed=1,
        encode=(),
        decode=(),
        hidden=(),
        dimensions=2,
        size_in=2,
        size_out=1,
        pre=None,
        post_slice=slice(None),
        decode_from=None,
        rule=None,
    ):
        ensemble = dict(neuron_type=nengo.LIFRate(amplitude=0.01))
        ensemble.update(hidden)
        encode = dict(synapse=None, **dict(encode))
        decode = dict(synapse=None, **dict(decode))
        if decode_from is None:
            decode.setdefault("function", lambda x: x[0] * x[-1])
        with nengo.Network(seed=seed) as self.model:
            self.stimulus = nengo.Node(np.zeros(size_in))
            self.hidden = nengo.Ensemble(20, dimensions, **ensemble)
            self.output = nengo.Node(size_in=2 * size_out)
            begin = self.stimulus if pre is None else pre(self)
            self.encode = nengo.Connection(begin, self.hidden[post_slice], **encode)
            end = self.hidden if decode_from is None else decode_from(self.hidden)
            self.decode = nengo.Connection(end, self.output[size_out:], **decode)
            self.encode.learning_rule_type = (
                FeedbackAlignment(self.decode.size_out, learning_rate=0.5)
                if rule is None
                else rule(self)
            )
            self.probe = nengo.Probe(self.output)

    def samples(self, n_samples=60):
        rng = np.random.RandomState(1)
        x = rng.uniform(-0.7, 0.7, size=(n_samples, self.stimulus.size_out))
        y = np.sin(3 * x[:, :1] * x[:, -1:] + np.arange(self.decode.size_out))
        return x, y

    def train(self, **kwargs):
        kwargs.setdefault("epochs", 4)
        return nengo_fa.train(self.decode, *self.samples(), **kwargs)

    def simulate(self, Simulator, x, steps=1, **kwargs):
        """Return the output for each sample, after as many steps as there are layers."""
        time = steps * 0.001
        self.stimulus.output = nengo.processes.PresentInput(x, time)
        with Simulator(self.model, **kwargs) as sim:
            sim.run_steps(len(x) * steps)
        self.sim = sim
        return sim.data[self.probe][steps - 1 :: steps, -self.decode.size_out :]


def ensemble_before(net, neuron_type=nengo.LIFRate(), **kwargs):
    net.before = nengo.Ensemble(
        30, net.stimulus.size_out, neuron_type=neuron_type, **kwargs
    )
    nengo.Connection(net.stimulus, net.before, synapse=None)
    return net.before


def square(x):
    return x[0] ** 2


def scale_in_place(x):
    x *= 0.5
    return x


NETS = {
    "plain": {},
    "gain": dict(hidden=dict(gain=np.full(20, 2), bias=np.linspace(0, 2, 20))),
    "radius": dict(hidden=dict(radius=1.7)),
    "long encoders": dict(
        hidden=dict(
            encoders=nengo.dists.Gaussian(0, 1).sample(20, 2, np.random.RandomState(0)),
            normalize_encoders=False,
        )
    ),
    "scalar": dict(encode=dict(transform=-0.7)),
    "diagonal": dict(encode=dict(transform=[0.5, -2])),
    "random transform": dict(
        encode=dict(transform=nengo.Dense((2, 3), nengo.dists.Uniform(-1, 1))),
        size_in=3,
    ),
    "function": dict(encode=dict(function=lambda x: [x[0] ** 2, 0.5])),
    "function in place": dict(encode=dict(function=scale_in_place)),
    "function and matrix": dict(
        encode=dict(function=lambda x: [x[0], x[1], x[0] * x[2]], transform=MATRIX),
        size_in=3,
    ),
    "pre slice and function": dict(
        pre=lambda net: net.stimulus[1:],
        encode=dict(function=lambda x: x**2),
        size_in=3,
    ),
    "post slice": dict(post_slice=[2, 0], dimensions=3),
    "post slice and scalar function": dict(
        post_slice=1, encode=dict(function=square, transform=2)
    ),
    "decode transform": dict(decode=dict(transform=[[2], [-1]]), size_out=2),
    "decode slice": dict(
        decode_from=lambda hidden: hidden[1], decode=dict(function=square)
    ),
    "decode from neurons": dict(
        decode_from=lambda hidden: hidden.neurons,
        decode=dict(transform=np.ones((1, 20))),
    ),
    "decode from neurons at random": dict(
        decode_from=lambda hidden: hidden.neurons,
        decode=dict(transform=nengo.dists.Gaussian(0, 1)),
        size_out=2,
    ),
    "decode points": dict(
        decode=dict(function=np.eye(2)[:, :1], eval_points=np.eye(2), transform=[[2]])
    ),
    "backprop": dict(rule=lambda net: Backprop(net.decode, learning_rate=1)),
    "other derivative": dict(
        rule=lambda net: FeedbackAlignment(1, derivative=Rate(), normalization="forced")
    ),
    "sigmoid": dict(
        hidden=dict(
            neuron_type=nengo.Sigmoid(),
            max_rates=nengo.dists.Uniform(250, 350),
            intercepts=nengo.dists.Uniform(-0.5, 0.5),
        ),
        rule=lambda net: FeedbackAlignment(1, learning_rate=1e-6, derivative=Rate()),
    ),
    "relay before": dict(pre=lambda net: relay(net)),
    "direct before": dict(pre=lambda net: ensemble_before(net, nengo.Direct())),
    "direct before, function": dict(
        pre=lambda net: ensemble_before(net, nengo.Direct())[1],
        encode=dict(function=lambda x: [x[0], x[0] ** 2]),
    ),
    "ensemble before": dict(pre=lambda net: ensemble_before(net, radius=0.7)),
    "ensemble before, slice, function and transform": dict(
        pre=lambda net: ensemble_before(net)[1],
        encode=dict(function=lambda x: [x[0], x[0] ** 2], transform=[[1, 2], [0.5, 0]]),
    ),
    "neurons before": dict(
        pre=lambda net: ensemble_before(net).neurons,
        encode=dict(transform=np.linspace(-1e-3, 1e-3, 60).reshape(2, 30)),
    ),
    "some neurons before": dict(
        pre=lambda net: ensemble_before(net).neurons[5:15],
        encode=dict(transform=np.linspace(-1e-3, 1e-3, 20).reshape(2, 10)),
    ),
}


def relay(net):
    node = nengo.Node(size_in=net.stimulus.size_out)
    nengo.Connection(net.stimulus, node, synapse=None)
    return node


@pytest.mark.parametrize("name", NETS)
def test_simulator_has_the_error_of_the_history(Simulator, name, allclose):
    """Before training and after, whatever leads to the ensemble and from it."""
    net = Net(**NETS[name])
    x, y = net.samples()
    before = x.copy()
    start = net.train(epochs=0)
    rmse = np.sqrt(np.mean((net.simulate(Simulator, x) - y) ** 2))
    assert rmse == pytest.approx(start.rmse[-1], rel=1e-9)

    net = Net(**NETS[name])
    history = nengo_fa.train(net.decode, x, y, epochs=4)
    rmse = np.sqrt(np.mean((net.simulate(Simulator, x) - y) ** 2))
    assert rmse == pytest.approx(history.rmse[-1], rel=1e-9)
    assert history.rmse[0] == pytest.approx(start.rmse[0], rel=1e-12)
    assert abs(history.rmse[-1] / history.rmse[0] - 1) > 1e-6
    built = net.sim.data[net.hidden]
    assert allclose(built.encoders, history.encoders, rtol=1e-12)
    assert allclose(net.sim.data[net.decode].weights, history.decoders, rtol=1e-12)
    assert np.array_equal(x, before)


@pytest.mark.parametrize("name", ["post slice", "post slice and scalar function"])
def test_slice_teaches_its_columns_only(name):
    change = (
        Net(**NETS[name]).train().encoders - Net(**NETS[name]).train(epochs=0).encoders
    )
    taught = np.zeros(change.shape[1], dtype=bool)
    taught[NETS[name]["post_slice"]] = True
    assert np.all(change[:, ~taught] == 0) and np.all(change[:, taught].any(axis=0))


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize(
    "size_out, feedback", [(1, None), (3, None), (3, nengo.dists.Gaussian(0, 1))]
)
def test_feedback_is_that_of_the_simulator(Simulator, seed, size_out, feedback):
    kwargs = {} if feedback is None else dict(feedback=feedback)
    net = Net(
        seed=seed,
        size_out=size_out,
        decode=dict(function=lambda x: np.ones(size_out)),
        rule=lambda net: FeedbackAlignment(size_out, **kwargs),
    )
    if seed is not None:
        with Simulator(net.model) as sim:
            expected = sim.data[net.encode.learning_rule].feedback
        assert np.array_equal(find_path(net.decode).stages[0].feedback, expected)
    net.train(seed=3)
    feedback = find_path(net.decode).stages[0].feedback
    with Simulator(net.model) as sim:
        assert np.array_equal(sim.data[net.encode.learning_rule].feedback, feedback)
    assert feedback.shape == (20, size_out)


def test_measured_input_comes_through_its_own_synapse():
    net, lengths = Net(pre=ensemble_before), []
    for net.encode.synapse in (0.001, 0.5):
        path = find_path(net.decode)
        measure, _ = path.make_measures(0.1, 0.001, np.random)
        inputs = path.get_ensemble_input(net.samples()[0], measure)
        lengths.append(np.linalg.norm(inputs))
    assert 0.1 < lengths[1] / lengths[0] < 0.2


def test_training_inside_the_context_of_the_network(Simulator):
    net = Net()
    with net.model:
        net.train()
        nengo.Probe(net.hidden)
    Simulator(net.model).close()


def refused(net, match, attr="connection", connection=None, **kwargs):
    """A training that cannot begin does not change the network."""

    def state():
        yield net.model.seed
        for obj in net.model.all_objects:
            for name in getattr(obj, "params", ()):
                yield getattr(obj, name)

    before = list(state())
    connection = net.decode if connection is None else connection
    with pytest.raises(ValidationError, match=match) as info:
        nengo_fa.train(connection, *net.samples(), **kwargs)
    assert info.value.attr == attr
    assert len(before) > 50
    assert all(value is after for value, after in zip(before, state()))


def loop_back(net):
    nengo.Connection(net.hidden, net.hidden)


def loop_through_relay(net):
    node = nengo.Node(size_in=1)
    nengo.Connection(net.hidden[0], node)
    nengo.Connection(node, net.hidden[0])


def loop_through_ensembles(net):
    one, other = nengo.Ensemble(5, 1), nengo.Ensemble(5, 1)
    nengo.Connection(net.hidden[0], one)
    nengo.Connection(one, other)
    nengo.Connection(other, net.hidden[1])


def loop_through_path(net):
    """The input comes from an ensemble that hears the one that is taught."""
    nengo.Connection(net.hidden, net.before)


def second_input(net):
    nengo.Connection(nengo.Node([1, 1]), net.hidden)


def second_input_to_neurons(net):
    nengo.Connection(nengo.Node([1]), net.hidden.neurons[3])


def second_taught_input(net):
    rule = FeedbackAlignment(1)
    nengo.Connection(nengo.Node([1, 1]), net.hidden, learning_rule_type=rule)


def no_rule(net):
    net.encode.learning_rule_type = None


def several_rules(net):
    net.encode.learning_rule_type = [FeedbackAlignment(1), nengo.Voja()]


BURSTS = r"no bursts .* in a nengo.Simulator, or .*FeedbackAlignment\(size_in=1\)"


def bursts(net):
    net.hidden.neuron_type = nengo_fa.Pyramidal()
    net.encode.learning_rule_type = BurstLearning()


def bursts_before(net):
    """Otherwise, the previous layer would not learn, without any message."""
    net.before.neuron_type = nengo_fa.Pyramidal()
    (into,) = (c for c in net.model.connections if c.post_obj is net.before)
    into.learning_rule_type = BurstLearning()


def wrong_size(net):
    net.encode.learning_rule_type = FeedbackAlignment(2)


def other_backprop(net):
    other = nengo.Connection(net.hidden, net.output[0], function=square)
    net.encode.learning_rule_type = Backprop(other)


def sparse_decoders(net):
    net.decode.transform = nengo.Sparse((1, 1), indices=[[0, 0]], init=[2.0])


def encode_synapse(net):
    net.encode.synapse = nengo.LinearFilter([2], [0.1, 1])


def decode_synapse(net):
    net.decode.synapse = nengo.LinearFilter([1, 0], [0.1, 1])


def convolution(net):
    net.encode.transform = nengo.Convolution(1, (2, 1), kernel_size=(1,), strides=(1,))


def sparse_encode(net):
    net.encode.transform = nengo.Sparse((2, 2), indices=[[0, 0], [1, 1]], init=[2, 1])


BEFORE = dict(pre=ensemble_before)


@pytest.mark.parametrize(
    "change, net, match",
    [
        (loop_back, {}, "leads back to .*Train without the loop"),
        (loop_through_relay, {}, "leads back to .*Train without the loop"),
        (loop_through_ensembles, {}, "leads back to .*Train without the loop"),
        (loop_through_path, BEFORE, "leads back to .*Train without the loop"),
        (second_input, {}, "combine all inputs in a node"),
        (second_input_to_neurons, {}, "combine all inputs in a node"),
        (second_taught_input, {}, "combine all inputs in a node"),
        (no_rule, {}, r"Give a connection to .*FeedbackAlignment\(size_in=1\)"),
        (
            several_rules,
            {},
            "several learning rules. Offline, a connection can have one",
        ),
        (bursts, {}, BURSTS),
        (bursts_before, BEFORE, BURSTS),
        (wrong_size, {}, "an error of 2. Set size_in of the rule"),
        (other_backprop, {}, "Train that connection, or change the rule"),
        (sparse_decoders, {}, "Sparse transform. Use a dense"),
        (encode_synapse, {}, "Use a synapse with a gain of one"),
        (decode_synapse, {}, "Use a synapse with a gain of one"),
        (convolution, {}, "Convolution transform. Use a dense"),
        (sparse_encode, {}, "Sparse transform. Use a dense"),
    ],
)
def test_networks_that_cannot_be_trained(change, net, match):
    net = Net(**net)
    with net.model:
        change(net)
    refused(net, match)


def test_pyramidal_neurons_as_the_refusal_says():
    with nengo.Network(seed=1) as model:
        product = nengo_fa.networks.BurstMultiplication(20, seed=1)
    x = np.random.RandomState(1).uniform(-0.7, 0.7, size=(60, 2))
    y = x[:, :1] * x[:, 1:]
    with pytest.raises(ValidationError, match=BURSTS):
        nengo_fa.train(product.decode, x, y, 1, network=model)
    product.encode.learning_rule_type = FeedbackAlignment(size_in=1)
    history = nengo_fa.train(product.decode, x, y, 5, network=model, snapshots=[0])
    assert np.any(history.encoders != history.snapshots[0])


@pytest.mark.parametrize("synapse", [0.1, nengo.Alpha(0.1), nengo.Triangle(0.1), UNITY])
def test_synapses_that_let_a_constant_through(synapse):
    net = Net()
    net.encode.synapse = net.decode.synapse = synapse
    assert find_path(net.decode).stages[0].ensemble is net.hidden


def test_error_may_go_back_to_the_rule(Simulator):
    """That is how the network learns online; it is no loop."""
    net = Net()
    with net.model:
        error = nengo.Node(size_in=1)
        nengo.Connection(net.output[1], error)
        nengo.Connection(error, net.encode.learning_rule)
        # and what a node's function makes of its input is the user's own affair
        function = nengo.Node(lambda t, x: x, size_in=1, size_out=1)
        nengo.Connection(net.hidden[0], function)
        nengo.Connection(function, error)
    assert net.train().n_epochs == 4


def test_path_must_leave_neurons_that_are_taught():
    for pre, match in (
        ("stimulus", "must leave the ensemble"),
        ("before", "direct mode"),
    ):
        net = Net(**NETS["direct before"])
        with net.model:
            other = nengo.Connection(getattr(net, pre), nengo.Node(size_in=2))
        refused(net, match, connection=other)
    for part in (slice(3, 8), slice(None, None, -1)):
        net = Net()
        with net.model:
            neurons = net.hidden.neurons[part]
            transform = np.ones((1, neurons.size_out))
            other = nengo.Connection(neurons, net.output[0], transform=transform)
        refused(net, "Connect from all neurons", connection=other)


@pytest.mark.parametrize("connection", ["decode", 1, nengo.Network()])
def test_not_a_connection(connection):
    refused(Net(), "Must be a single connection", connection=connection)


def test_network_around_the_connection():
    net = Net()
    outer = nengo.Network(seed=2)
    refused(net, "Give the network that contains it", "network", network=outer)

    outer.networks.append(net.model)
    found = find_path(net.decode).model.toplevel
    assert found is outer
    assert find_path(net.decode, net.model).model.toplevel is net.model
    other = nengo.Network()
    other.networks.append(net.model)
    refused(net, "several networks.*network=", "network")
    del other, outer, found
    gc.collect()
    assert find_path(net.decode).model.toplevel is net.model

    decode, samples = net.decode, net.samples()
    del net.model, net
    gc.collect()
    with pytest.raises(
        ValidationError, match="was not found. Keep a reference .*network="
    ) as info:
        nengo_fa.train(decode, *samples)
    assert info.value.attr == "network"


def test_network_that_cannot_be_built():
    net = Net(rule=lambda net: FeedbackAlignment(1, feedback=np.ones((19, 1))))
    with pytest.raises(BuildError, match="must be .n_neurons, size_in. = .20, 1."):
        net.train()
    assert isinstance(net.hidden.encoders, nengo.dists.Distribution)
