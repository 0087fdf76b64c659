"""Offline training of several layers in a row."""

from functools import partial

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError
from nengo_fa.feedback import Feedback, KolenPollack, Orthogonal, SignSymmetric

import nengo_fa
from nengo_fa import Backprop, FeedbackAlignment, NeuronError, Rate, teach_chain
from nengo_fa.offline import samples as samples_module
from nengo_fa.offline.layers import make_chain
from nengo_fa.offline.solving import make_solve
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.teach_chain import VARIANTS

SIZES = 9, 8, 7
N_SAMPLES = 9


class Net:
    """Layers in a chain, with an error as online, and samples for it."""

    def __init__(
        self,
        teach=None,
        n_layers=3,
        from_neurons=True,
        one_to_one=False,
        post_slice=slice(None),
        seed=0,
        neuron_type=nengo.LIFRate(amplitude=0.02),
    ):
        rng = np.random.RandomState(seed)
        self.x = rng.uniform(-0.5, 0.5, size=(N_SAMPLES, 3))
        self.y = rng.uniform(-1, 1, size=(N_SAMPLES, 2))
        self.sizes = SIZES[-n_layers:]
        with nengo.Network(seed=seed) as self.model:
            self.stimulus = nengo.Node(np.zeros(3))
            self.target = nengo.Node(np.zeros(2))
            self.output, self.error = nengo.Node(size_in=2), nengo.Node(size_in=2)
            self.layers = [
                nengo.Ensemble(
                    n,
                    before if one_to_one else 3,
                    radius=radius,
                    neuron_type=neuron_type,
                    bias=nengo.dists.Uniform(3, 4),
                    gain=nengo.dists.Uniform(0.3, 0.6),
                    seed=n,  # Nengo's depends on how many connections there are
                )
                for n, before, radius in zip(
                    self.sizes, (3, *self.sizes), (1.3, 0.8, 1.1)
                )
            ]
            self.encodes = [
                nengo.Connection(self.stimulus, self.layers[0], synapse=None, seed=1)
            ]
            for pre, post in zip(self.layers, self.layers[1:]):
                size = post[post_slice].size_in
                transform = rng.randn(size, pre.n_neurons) / 10
                if not from_neurons:
                    transform = rng.randn(size, 3) / 2
                elif one_to_one:
                    transform = np.eye(pre.n_neurons)
                self.encodes.append(
                    nengo.Connection(
                        pre.neurons if from_neurons else pre,
                        post[post_slice],
                        transform=transform,
                        synapse=None,
                        seed=len(self.encodes) + 1,
                    )
                )
            self.decode = nengo.Connection(
                self.layers[-1], self.output, function=lambda x: x[:2], synapse=None
            )
            nengo.Connection(self.output, self.error, synapse=None)
            nengo.Connection(self.target, self.error, transform=-1, synapse=None)
            if teach is not None:
                teach(self)

    def train(self, n_epochs=1, **kwargs):
        kwargs.setdefault("progress_bar", False)
        return nengo_fa.train(self.decode, self.x, self.y, n_epochs, **kwargs)

    def run(self, Simulator):
        """The outputs for the samples, of a simulator."""
        outputs = []
        with self.model:
            probe = nengo.Probe(self.output)
        for x in self.x:
            self.stimulus.output = x
            with Simulator(self.model) as sim:
                sim.step()
                outputs.append(sim.data[probe][0])
        return np.array(outputs)

    def get_weights(self, Simulator):
        """From the activities of each layer to the currents of the next, and the output."""
        with Simulator(self.model) as sim:
            scaled = [sim.data[layer].scaled_encoders for layer in self.layers]
            between = [sim.data[encode].weights for encode in self.encodes[1:]]
            products = [e @ w for e, w in zip(scaled[1:], between)]
            return [*products, sim.data[self.decode].weights]


def teach(variant, learning_rate=20.0, **parameters):
    parameters.setdefault("derivative", Rate())
    parameters.setdefault("normalization", None)

    def declare(net):
        teach_chain(
            net.encodes, net.decode, net.error, variant, learning_rate, **parameters
        )

    return declare


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "structure",
    [
        {},
        {"from_neurons": False},
        {"one_to_one": True},
        {"post_slice": [2, 0]},
        {"n_layers": 2, "from_neurons": False, "post_slice": slice(1, 3)},
        {"n_layers": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("normalization", [None, "augmented"])
def test_an_epoch_is_the_mean_of_what_is_learned_online(
    Simulator, allclose, variant, structure, normalization
):
    """The same model: the operators of a simulator, sample by sample, and `train`."""
    net = Net(teach(variant, normalization=normalization), **structure)
    decoders = Net(teach(variant), **structure).train(0).decoders
    net.decode.solver = nengo.solvers.NoSolver(decoders.T)
    net.decode.function = lambda x: np.zeros(2)
    with net.model:
        probes = [nengo.Probe(encode.learning_rule, "delta") for encode in net.encodes]
    expected = [0.0] * len(net.layers)
    for x, y in zip(net.x, net.y):
        net.stimulus.output, net.target.output = x, y
        with Simulator(net.model) as sim:
            sim.step()
            for k, (layer, probe) in enumerate(zip(net.layers, probes)):
                scale = sim.data[layer].gain[:, None] / layer.radius
                expected[k] += sim.data[probe][0] / (scale * sim.dt * N_SAMPLES)
            before = [sim.data[layer].encoders for layer in net.layers]
    history = net.train(solver=nengo.solvers.LstsqL2())
    for layer, expected_change, encoders in zip(history.layers, expected, before):
        change = layer.encoders - encoders
        size = np.abs(change).max()
        assert size > 0
        assert allclose(change / size, expected_change / size, atol=1e-6)


KINDS = {
    "signs": SignSymmetric,
    "new magnitudes": partial(SignSymmetric, magnitudes=nengo.dists.Uniform(0, 1)),
    "Kolen-Pollack": partial(KolenPollack, decay=0.5),
}


@pytest.mark.parametrize("variant", ["global", "local"])
@pytest.mark.parametrize("structure", [{}, {"post_slice": [2, 0]}], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_feedback_that_follows_does_so_offline_as_online(
    Simulator, allclose, variant, structure, kind
):
    """The first update, of a batch of one sample."""
    net, same = (
        Net(teach(variant, feedback=KINDS[kind]), **structure) for _ in range(2)
    )
    decoders = same.train(0).decoders
    net.decode.solver = nengo.solvers.NoSolver(decoders.T)
    net.decode.function = lambda x: np.zeros(2)
    net.stimulus.output, net.target.output = net.x[0], net.y[0]
    with net.model:
        probes = [
            nengo.Probe(encode.learning_rule, "feedback") for encode in net.encodes
        ]
    with Simulator(net.model) as sim:
        sim.step()
    chain = make_chain([find_path(same.decode)])
    chain.decoders[0] = decoders.T
    chain.follow(0)
    for layer, probe in zip(chain.layers, probes):
        assert allclose(layer.feedback[0], sim.data[probe][0].T, rtol=1e-9, atol=1e-12)


class Own(Feedback):
    """Feedback weights of a user, which are wrong."""

    def make_step(self, weights, feedback, dt, rng):
        return None


class Overwriting(Feedback):
    def make_step(self, weights, feedback, dt, rng):
        return lambda: weights.fill(0)


def test_own_feedback_is_checked_offline_as_online():
    with pytest.raises(BuildError, match="must return a function without arguments"):
        Net(teach("global", feedback=Own)).train()
    with pytest.raises(ValueError, match="read-only"):
        Net(teach("global", feedback=Overwriting)).train()


def test_feedback_that_comes_to_equal_the_forward_weights():
    """Kolen-Pollack, from update to update."""
    net = Net(teach("global", 0.0, feedback=partial(KolenPollack, decay=0.5)))
    chain = make_chain([find_path(net.decode)])
    samples = samples_module.Samples(
        chain, [net.x], [net.y], rng=np.random.RandomState(0)
    )
    solve = make_solve(nengo.solvers.LstsqL2(), None)
    samples.solve(solve)
    distances = []
    for _ in range(40):
        samples.learn(solve)
        expected = [
            *(layer.find_weights(0, True) for layer in chain.layers[1:]),
            chain.decoders[0],
        ]
        distances.append(
            [
                np.linalg.norm(layer.feedback[0] - weights)
                for layer, weights in zip(chain.layers, expected)
            ]
        )
    decay = np.divide(distances[30], distances[0])
    np.testing.assert_allclose(decay, np.exp(-15), rtol=1e-3)


def test_global_feedback_alignment_with_live_weights_is_backpropagation(
    Simulator, allclose
):
    weights = Net().get_weights(Simulator)
    decoders = Net(teach("backprop")).train(0).decoders

    def aligned(net):
        for encode, matrix in zip(net.encodes, [*weights[:-1], decoders]):
            rule = FeedbackAlignment(
                len(matrix),
                20.0,
                feedback=matrix.T,
                derivative=Rate(),
                normalization=None,
            )
            encode.learning_rule_type = rule
        rules = [encode.learning_rule for encode in net.encodes]
        for rule, behind in zip(rules, rules[1:]):
            nengo.Connection(NeuronError(behind), rule)

    ours, theirs = (Net(way).train() for way in (aligned, teach("backprop")))
    for layer, other in zip(ours.layers, theirs.layers):
        assert allclose(layer.encoders, other.encoders, rtol=1e-10, atol=1e-12)
    other = Net(teach("direct")).train()
    assert not np.allclose(other.layers[0].encoders, ours.layers[0].encoders)


def test_local_feedback_alignment_is_direct_with_the_product(Simulator, allclose):
    local = Net(teach("local"))
    with Simulator(local.model) as sim:
        matrices = [sim.data[encode.learning_rule].feedback for encode in local.encodes]
    products = [np.linalg.multi_dot([*matrices[k:], np.eye(2)]) for k in range(3)]

    def direct(net):
        for encode, product in zip(net.encodes, products):
            encode.learning_rule_type = FeedbackAlignment(
                2, 20.0, feedback=product, derivative=Rate(), normalization=None
            )

    for ours, theirs in zip(local.train(3).layers, Net(direct).train(3).layers):
        assert allclose(ours.encoders, theirs.encoders, rtol=1e-9, atol=1e-12)


def test_one_hidden_layer_has_one_feedback_alignment():
    """And one backpropagation: to the last bit."""
    histories = {
        variant: Net(teach(variant), n_layers=1).train(3) for variant in VARIANTS
    }
    for one, other in [
        ("direct", "local"),
        ("direct", "global"),
        ("backprop", "local backprop"),
    ]:
        assert np.array_equal(histories[one].encoders, histories[other].encoders)
    assert not np.allclose(histories["direct"].encoders, histories["backprop"].encoders)


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("variant", ["backprop", "local"])
def test_pieces_of_a_batch_make_no_difference(
    monkeypatch, allclose, variant, batch_size
):
    whole = Net(teach(variant)).train(3, batch_size=batch_size)
    monkeypatch.setattr(samples_module, "PIECE_SIZE", 2 * max(SIZES))
    pieces = Net(teach(variant)).train(3, batch_size=batch_size)
    for layer, other in zip(whole.layers, pieces.layers):
        assert allclose(layer.encoders, other.encoders, rtol=1e-9, atol=1e-12)
    assert allclose(whole.rmse, pieces.rmse, rtol=1e-9)


@pytest.mark.parametrize("variant", ["backprop", "local backprop"])
@pytest.mark.parametrize("post_slice", [slice(None, None, -1), [2, 0]], ids=str)
def test_torch_backpropagates_to_dimensions_in_any_order(allclose, variant, post_slice):
    """PyTorch has no slices that go backwards."""
    pytest.importorskip("torch")
    histories = [
        Net(teach(variant), post_slice=post_slice).train(3, device=device)
        for device in ("cpu", "torch:cpu")
    ]
    for layer, other in zip(*(history.layers for history in histories)):
        assert allclose(layer.encoders, other.encoders, rtol=1e-8)


@pytest.mark.parametrize("from_neurons", [True, False])
def test_the_network_holds_what_was_learned(Simulator, allclose, from_neurons):
    """As if it had been trained in one go; also the decoders between layers."""
    net, whole = (Net(teach("direct"), from_neurons=from_neurons) for _ in range(2))
    expected = whole.train(5)
    first, second = net.train(2), net.train(3)
    assert np.array_equal(first.rmse, expected.rmse[:3])
    assert allclose(second.rmse, expected.rmse[2:], rtol=1e-9)
    error = net.run(Simulator) - net.y
    assert allclose(np.sqrt(np.mean(error**2)), expected.rmse[-1], rtol=1e-7)


def test_backpropagation_through_three_layers_pays(rng):
    """Ten neurons in each layer, for three products."""
    x = rng.uniform(-0.7, 0.7, size=(500, 3))
    y = x * x[:, [1, 2, 0]]
    histories = []
    for rates in ([10, 10, 10], [0, 0, 10]):
        with nengo.Network(seed=1) as network:
            stimulus, output = nengo.Node(size_in=3), nengo.Node(size_in=3)
            neuron_type = nengo.LIFRate(amplitude=0.01)
            max_rates = nengo.dists.Uniform(80, 120)
            layers = [
                nengo.Ensemble(10, n, neuron_type=neuron_type, max_rates=max_rates)
                for n in (3, 10, 10)
            ]
            encodes = [nengo.Connection(stimulus, layers[0])]
            for pre, post in zip(layers, layers[1:]):
                encode = nengo.Connection(pre.neurons, post, transform=np.eye(10))
                encodes.append(encode)
            decode = nengo.Connection(layers[-1], output, function=lambda x: x[:3])
            teach_chain(encodes, decode, None, "backprop", rates, derivative=Rate())
        histories.append(
            nengo_fa.train(decode, x, y, 200, progress_bar=False, network=network)
        )
    every, last = histories
    assert every.rmse[-1] < 0.8 * last.rmse[-1] < 0.8 * last.rmse[0]
    assert np.ptp(last.layers[0].encoder_lengths, axis=0).max() == 0


def test_spikes_of_all_layers_are_measured(Simulator):
    """Each layer receives the output of the previous layer through the synapse."""
    net = Net(teach("direct"), neuron_type=nengo.LIF(amplitude=0.02))
    for connection in (*net.encodes[1:], net.decode):
        connection.synapse = 0.01
    rates = Net(teach("direct")).train(0)
    errors = [net.train(0, presentation_time=t).rmse[0] for t in (0.1, 2.0)]
    assert not np.allclose(errors, rates.rmse, rtol=1e-6)
    assert abs(errors[1] - rates.rmse[0]) < 0.1 * rates.rmse[0]


def test_receptive_fields_stay_in_all_layers():
    fields = [np.tile(np.eye(3), (3, 1))[:n] for n in SIZES]

    def sparse(net):
        teach("backprop", sparse=True)(net)
        for layer, field in zip(net.layers, fields):
            layer.encoders = field

    history = Net(sparse).train(3, snapshots=[0])
    for layer, field in zip(history.layers, fields):
        assert np.array_equal(layer.encoders != 0, field != 0)
        assert np.all(layer.encoders[field != 0] != layer.snapshots[0][field != 0])


def test_history_of_each_layer():
    net = Net(teach("direct"))
    history = net.train(2, axes=[[1, 0, 0]], snapshots=[1])
    assert [layer.encoder_lengths.shape for layer in history.layers] == [
        (3, n) for n in SIZES
    ]
    for layer, ensemble in zip(history.layers, net.layers):
        assert np.array_equal(ensemble.encoders, layer.encoders)
        assert layer.angle.shape == layer.encoder_length.shape == (3,)
        assert layer.snapshots[1].shape == layer.encoders.shape
    with pytest.raises(AttributeError, match=r"3 layers.*history.layers\[0\].encoders"):
        print(history.encoders)


def foreign_node(net):
    teach("direct")(net)
    node = NeuronError(net.encodes[2].learning_rule)
    rule = FeedbackAlignment(SIZES[2])
    net.encodes[0].learning_rule_type = rule
    nengo.Connection(node, net.encodes[0].learning_rule)


def changed_error(net):
    net.encodes[2].learning_rule_type = FeedbackAlignment(2)
    net.encodes[1].learning_rule_type = FeedbackAlignment(SIZES[2])
    net.encodes[0].learning_rule_type = FeedbackAlignment(2)
    node = NeuronError(net.encodes[2].learning_rule)
    nengo.Connection(node, net.encodes[1].learning_rule, transform=0.1)


def two_nodes(net):
    teach("global")(net)
    node = NeuronError(net.encodes[1].learning_rule)
    nengo.Connection(node, net.encodes[0].learning_rule)


def node_and_error(net):
    teach("global")(net)
    rule = net.encodes[1].learning_rule
    nengo.Connection(net.error, rule, transform=np.ones((7, 2)))


def relayed_error(net, through):
    """An error with the size of the output's error, which must not be confused with it."""
    net.encodes[2].learning_rule_type = FeedbackAlignment(2)
    net.encodes[1].learning_rule_type = FeedbackAlignment(2)
    net.encodes[0].learning_rule_type = FeedbackAlignment(2)
    node = NeuronError(net.encodes[2].learning_rule)
    nengo.Connection(node[:2], through)
    nengo.Connection(through, net.encodes[1].learning_rule)


def error_through_a_node(net):
    relayed_error(net, nengo.Node(size_in=2))


def error_through_an_ensemble(net):
    relayed_error(net, nengo.Ensemble(20, 2))


def no_node(net):
    teach("direct")(net)
    net.encodes[0].learning_rule_type = FeedbackAlignment(SIZES[1])


def node_of_the_last(net):
    teach("direct")(net)
    net.encodes[2].learning_rule_type = FeedbackAlignment(SIZES[1])
    node = NeuronError(net.encodes[1].learning_rule)
    nengo.Connection(node, net.encodes[2].learning_rule)


def skipped_layer(net):
    teach("direct")(net)
    nengo.Connection(net.layers[0], net.layers[2])


def other_backprop(net):
    teach("backprop")(net)
    net.encodes[0].learning_rule_type = Backprop(
        nengo.Connection(net.layers[0], net.error[0], function=lambda x: 0)
    )


def relay(net):
    teach("direct")(net)
    node = nengo.Node(size_in=3)
    net.model.connections.remove(net.encodes[1])
    nengo.Connection(net.layers[0], node)
    rule = FeedbackAlignment(2)
    net.encodes[1] = nengo.Connection(node, net.layers[1], learning_rule_type=rule)


@pytest.mark.parametrize(
    "change, match",
    [
        (
            foreign_node,
            "not belong to the next layer. Create the node from the rule of",
        ),
        (changed_error, "Include a factor in the learning rate"),
        (two_nodes, "errors from several nodes. Offline, one node is possible"),
        (node_and_error, "errors from several nodes. Offline, one node is possible"),
        (error_through_a_node, "connect the node directly to the rule"),
        (error_through_an_ensemble, "connect the node directly to the rule"),
        (
            no_node,
            r"error of 8. Connect the nengo_fa.NeuronError of the next layer to the rule",
        ),
        (node_of_the_last, "The last layer learns from the error of the output"),
        (skipped_layer, "a taught layer can have one input connection"),
        (other_backprop, "Train that connection, or change the rule"),
        (relay, "Connect the two layers without a node between them"),
    ],
)
def test_chains_that_cannot_be_trained(change, match):
    with pytest.raises(ValidationError, match=match) as info:
        Net(change).train()
    assert info.value.attr == "connection"


def test_a_taught_layer_that_is_not_before_the_path_is_left_alone():
    """Other taught layers in the network do not change."""
    net = Net(teach("direct"), n_layers=2)
    with net.model:
        other = nengo.Ensemble(5, 2)
        rule = FeedbackAlignment(2)
        nengo.Connection(net.stimulus[:2], other, learning_rule_type=rule)
    assert len(net.train().layers) == 2
    assert isinstance(other.encoders, nengo.dists.Distribution)


def test_teach_chain_online(Simulator):
    """All layers learn."""
    for variant in VARIANTS:
        net = Net(teach(variant))
        net.stimulus.output, net.target.output = net.x[0], net.y[0]
        with net.model:
            probes = [nengo.Probe(e.learning_rule, "delta") for e in net.encodes]
        with Simulator(net.model) as sim:
            sim.run_steps(3)
        assert all(np.any(sim.data[probe]) for probe in probes)


@pytest.mark.parametrize(
    "change, attr, match",
    [
        (dict(variant="dfa"), "variant", "Must be one of 'backprop', .*got 'dfa'"),
        (dict(variant=["direct"]), "variant", "Must be one of 'backprop'"),
        (
            dict(learning_rate=[1, 2]),
            "learning_rate",
            "one for each of 3 layers .got 2",
        ),
        (
            dict(variant="backprop", feedback=SignSymmetric),
            "feedback",
            "'backprop' has no feedback weights.*Use 'global' or 'local'",
        ),
        (
            dict(feedback=SignSymmetric),
            "feedback",
            "3 dimensions.*With 'direct'.*Use fixed",
        ),
        (dict(feedback=Orthogonal), "feedback", r"such as Orthogonal\(\)"),
        (dict(encodes=[]), "encodes", "Must be the connections to each layer"),
        (dict(encodes=[1, 2]), "encodes", "Must be the connections to each layer"),
        (dict(encodes=None), "encodes", "Must be the connections to each layer"),
        (dict(swap=True), "encodes", "does not leave .*leads"),
    ],
)
def test_teach_chain_refuses(change, attr, match):
    net, change = Net(), dict(change)
    encodes = change.pop("encodes", net.encodes)
    if change.pop("swap", False):
        encodes = encodes[::-1]
    with net.model, pytest.raises(ValidationError, match=match) as info:
        teach_chain(encodes, net.decode, **change)
    assert info.value.attr == attr


@pytest.mark.parametrize("variant", VARIANTS)
def test_teach_chain_does_not_add_to_rules_that_are_there(variant):
    """Equal rules are one to Nengo, which would be given the error twice."""
    net = Net(teach("direct"))
    n_connections = len(net.model.connections)
    with net.model, pytest.raises(ValidationError, match="have learning rules yet"):
        teach(variant)(net)
    assert len(net.model.connections) == n_connections
    assert all(e.learning_rule_type.size_in == 2 for e in net.encodes)


def test_feedback_that_is_redrawn_has_the_seed_of_the_simulator(Simulator):
    """Weights drawn while following are the same: first update offline, first step online."""

    def make():
        with nengo.Network(seed=1) as model:
            hidden = nengo.Ensemble(20, 1, neuron_type=nengo.LIFRate(amplitude=0.01))
            model.encode = nengo.Connection(nengo.Node([0.5]), hidden, synapse=None)
            model.decode = nengo.Connection(hidden, nengo.Node(size_in=1), synapse=None)
            model.encode.learning_rule_type = FeedbackAlignment(
                1,
                feedback=nengo_fa.feedback.SignSymmetric(
                    model.decode, nengo.dists.Uniform(0.5, 1), redraw=True
                ),
                normalization=None,
            )
        return model

    stages = [find_path(model.decode, model).stages[0] for model in (make(), make())]
    assert stages[0].feedback_seed == stages[1].feedback_seed
    model = make()
    with Simulator(model) as sim:
        (operator,) = (
            op for op in sim.model.operators if type(op).__name__ == "SimFeedback"
        )
    assert [*stages[0].feedback_seed, 1] == list(operator.seed)
