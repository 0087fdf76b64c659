"""The rules in whole networks, as a modeller would wire them."""

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa import Backprop, FeedbackAlignment, Rate
from nengo_fa.learned import get_live_signals

# the decoders of most networks here do not learn
pytestmark = pytest.mark.filterwarnings("ignore:The encoders of")

NORMALIZATIONS = [None, "forced", "augmented", "homeostatic", "stabilized"]


def noise(size, seed):
    """A random signal that does not depend on the length of a time step."""
    rng = np.random.RandomState(seed)
    frequency, phase = (
        rng.uniform(1, 5, size=(4, size)),
        rng.uniform(0, 7, size=(4, size)),
    )
    return nengo.Node(lambda t: 0.4 * np.sin(7 * frequency * t + phase).sum(axis=0))


def learned_encoders(sim, ensemble):
    return np.array(get_live_signals(sim)[0][sim.model.sig[ensemble]["encoders"]])


class Net:
    """An input, an ensemble, an output and an error, ready to learn."""

    def __init__(self, seed, rule, dimensions=2, size_in=1, **ensemble):
        ensemble.setdefault("neuron_type", nengo.LIFRate())
        with nengo.Network(seed=seed) as self.model:
            self.stimulus = noise(dimensions, seed)
            self.hidden = nengo.Ensemble(20, dimensions, seed=seed, **ensemble)
            self.output = nengo.Node(size_in=size_in)
            self.error = noise(size_in, seed + 1)
            self.decode = nengo.Connection(
                self.hidden,
                self.output,
                function=lambda x: np.sin(x[:1]) * np.ones(size_in),
            )
            self.encode = nengo.Connection(self.stimulus, self.hidden, synapse=None)
            if rule is not None:
                self.encode.learning_rule_type = rule(self) if callable(rule) else rule
                nengo.Connection(self.error, self.encode.learning_rule, synapse=None)

    def learn(self, Simulator, seconds=0.2, **kwargs):
        with Simulator(self.model, **kwargs) as sim:
            self.before = learned_encoders(sim, self.hidden)
            sim.run(seconds)
            self.sim = sim
            return learned_encoders(sim, self.hidden)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_feedback_of_transposed_decoders_is_backprop(
    Simulator, seed, allclose, normalization
):
    options = dict(learning_rate=100, derivative=Rate(), normalization=normalization)
    backprop = Net(seed, lambda net: Backprop(net.decode, **options), size_in=3)
    expected = backprop.learn(Simulator)
    decoders = backprop.sim.data[backprop.decode].weights

    aligned = Net(seed, FeedbackAlignment(3, feedback=decoders.T, **options), size_in=3)
    assert allclose(aligned.learn(Simulator), expected, rtol=1e-12, atol=1e-12)

    random = Net(seed, FeedbackAlignment(3, **options), size_in=3)
    assert not np.allclose(random.learn(Simulator), expected, rtol=1e-2)
    assert not np.allclose(expected, backprop.before, rtol=1e-3)


@pytest.mark.parametrize("normalization", [None, "augmented"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "neuron_type, ensemble",
    [
        (nengo.LIFRate(amplitude=0.01), {}),
        (nengo.Sigmoid(), dict(intercepts=nengo.dists.Uniform(-0.5, 0.5),
                               max_rates=nengo.dists.Uniform(250, 350))),
        (nengo.Tanh(), {}),
        (nengo.RectifiedLinear(), {}),
    ],
)  # fmt: skip
def test_backprop_is_the_gradient_of_the_simulated_error(
    Simulator, seed, neuron_type, ensemble, normalization, sparse
):
    """One step changes the encoders by the finite-difference gradient of the error."""
    rng = np.random.RandomState(seed)
    free = np.ones((15, 3), dtype=bool)
    if sparse:
        free[np.arange(15), rng.randint(3, size=15)] = False
        ensemble = dict(ensemble, encoders=free * rng.randn(15, 3))
    stimulus, target = rng.uniform(-0.5, 0.5, size=3), rng.randn(2)
    learning_rate = 0.5

    with nengo.Network(seed=seed) as model:
        hidden = nengo.Ensemble(15, 3, radius=1.7, neuron_type=neuron_type, **ensemble)
        output, error = nengo.Node(size_in=2), nengo.Node(size_in=2)
        encode = nengo.Connection(nengo.Node(stimulus), hidden, synapse=None)
        decode = nengo.Connection(
            hidden, output, function=lambda x: x[:2], synapse=None
        )
        nengo.Connection(output, error, synapse=None)
        nengo.Connection(nengo.Node(target), error, transform=-1, synapse=None)
        encode.learning_rule_type = Backprop(
            decode,
            learning_rate=learning_rate,
            derivative=Rate(),
            normalization=normalization,
            sparse=sparse,
        )
        nengo.Connection(error, encode.learning_rule, synapse=None)
        delta = nengo.Probe(encode.learning_rule, "delta")
    with Simulator(model) as sim:
        sim.run_steps(1)
    built, decoders = sim.data[hidden], sim.data[decode].weights

    def loss(encoders):
        if normalization is not None:
            encoders = encoders / np.linalg.norm(encoders, axis=1, keepdims=True)
        x = encoders @ stimulus / hidden.radius
        activities = neuron_type.rates(x[None], built.gain, built.bias)[0]
        return np.sum((decoders @ activities - target) ** 2) / 2

    change = sim.data[delta][0] / (built.gain / hidden.radius)[:, None]
    assert not np.any(change[~free])
    step = 1e-6
    for index in np.argwhere(free):
        index = tuple(index)
        shift = np.zeros_like(change)
        shift[index] = step
        gradient = loss(built.encoders + shift) - loss(built.encoders - shift)
        expected = -learning_rate * sim.dt * gradient / (2 * step)
        assert abs(change[index] - expected) <= 1e-6 * np.abs(change).max()
    assert np.abs(change).max() > 0


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("neuron_type", [nengo.LIF(), nengo.LIFRate()])
def test_half_dt_learns_the_same(Simulator, seed, normalization, neuron_type):
    """The learning rate is per second, whatever the step."""
    changes = []
    for dt in (0.001, 0.0005):
        rate = 0.05 if normalization == "homeostatic" else 0.3  # lengths may run away
        rule = FeedbackAlignment(1, learning_rate=rate, normalization=normalization)
        net = Net(seed, rule, neuron_type=neuron_type)
        encoders = net.learn(Simulator, seconds=1.0, dt=dt)
        changes.append(encoders - net.before)
    difference = np.linalg.norm(changes[0] - changes[1])
    assert difference < 0.1 * np.linalg.norm(changes[0])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("neuron_type", [nengo.LIF(), nengo.LIFRate()])
def test_zero_error_is_exactly_zero_change(Simulator, seed, normalization, neuron_type):
    rate = 1 if normalization == "homeostatic" else 10  # lengths may run away
    rule = FeedbackAlignment(1, learning_rate=rate, normalization=normalization)
    net = Net(seed, rule, neuron_type=neuron_type)
    net.error.output = np.zeros(1)
    assert np.array_equal(net.learn(Simulator), net.before)

    # and after it has moved away from where it started
    net.error.output = lambda t: [np.sin(20 * t) * (t <= 0.1)]
    with Simulator(net.model) as sim:
        before = learned_encoders(sim, net.hidden)
        sim.run(0.102)
        moved = learned_encoders(sim, net.hidden)
        sim.run(0.1)
        assert np.array_equal(learned_encoders(sim, net.hidden), moved)
    assert not np.allclose(moved, before)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_zero_learning_rate_is_exactly_zero_change(Simulator, seed, normalization):
    rule = FeedbackAlignment(1, learning_rate=0, normalization=normalization)
    net = Net(seed, rule)
    assert np.array_equal(net.learn(Simulator), net.before)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_norm_of_encoders(Simulator, seed, normalization):
    rule = FeedbackAlignment(1, learning_rate=0.5, normalization=normalization)
    net = Net(seed, rule, radius=2)
    encoders = net.learn(Simulator, seconds=5)
    norm = np.linalg.norm(encoders, axis=1) / np.linalg.norm(net.before, axis=1)
    drift = np.abs(norm - 1).max()
    assert np.linalg.norm(encoders - net.before) > 1
    if normalization is None:
        assert drift > 0.3
    elif normalization == "forced":
        assert drift < 1e-12
    else:
        assert drift < 0.05


@pytest.mark.parametrize("normalization", ["homeostatic", "stabilized"])
@pytest.mark.parametrize("lengthens", [True, False])
def test_length_is_attracted_or_runs_away(Simulator, normalization, lengthens):
    """Under a constant error, by how the gradient would change the length."""
    rng = np.random.RandomState(0)
    directions = nengo.dists.UniformHypersphere(surface=True).sample(20, 3, rng=rng)
    x = [0.5, -0.3, 0.4]
    drive = directions @ x
    feedback = np.where((drive > 0) == lengthens, -1.0, 1.0)[:, np.newaxis]
    length = rng.uniform(0.8, 1.2, size=20)
    # slowly: a neuron that turns is attracted in the end
    rule = FeedbackAlignment(1, 0.02, feedback, normalization=normalization)
    with nengo.Network() as model:
        stimulus, error = nengo.Node(x), nengo.Node([1.0])
        hidden = nengo.Ensemble(
            20,
            3,
            gain=np.full(20, 2.0),
            bias=np.full(20, 10.0),  # all of them fire all the time
            encoders=length[:, np.newaxis] * directions,
            normalize_encoders=False,
            neuron_type=nengo.LIFRate(),
        )
        encode = nengo.Connection(
            stimulus, hidden, synapse=None, learning_rule_type=rule
        )
        nengo.Connection(error, encode.learning_rule, synapse=None)
    with Simulator(model) as sim:
        sim.run(0.1)
        after = np.linalg.norm(learned_encoders(sim, hidden), axis=1) / 2
    attracted = np.abs(after - 1) < np.abs(length - 1)
    assert np.all(attracted == (lengthens or normalization == "stabilized"))


@pytest.mark.parametrize("sparse", [False, True])
def test_slices_together_are_the_whole(Simulator, seed, allclose, sparse):
    """Rules on two slices teach as one rule on the whole ensemble does."""
    encoders = np.random.RandomState(seed).randn(20, 3)
    if sparse:
        encoders[np.arange(20), np.arange(20) % 3] = 0
    for normalization in (None, "augmented"):
        rule = FeedbackAlignment(
            1,
            learning_rate=2,
            feedback=np.ones((20, 1)),
            normalization=normalization,
            sparse=sparse,
        )
        whole = Net(seed, rule, dimensions=3, encoders=encoders)
        parts = Net(seed, None, dimensions=3, encoders=encoders)
        parts.model.connections.remove(parts.encode)
        with parts.model:
            for dimensions in ([2, 0], slice(1, 2)):
                encode = nengo.Connection(
                    parts.stimulus[dimensions],
                    parts.hidden[dimensions],
                    synapse=None,
                    learning_rule_type=rule,
                )
                nengo.Connection(parts.error, encode.learning_rule, synapse=None)
        expected = whole.learn(Simulator)
        assert allclose(parts.learn(Simulator), expected, atol=1e-12)
        assert not allclose(expected, whole.before, atol=1e-2, record_rmse=False)


def test_slice_teaches_its_columns_only(Simulator, seed):
    rule = FeedbackAlignment(1, learning_rate=2)
    net = Net(seed, None, dimensions=3)
    with net.model:
        encode = nengo.Connection(
            net.stimulus[0], net.hidden[-1], learning_rule_type=rule
        )
        nengo.Connection(net.error, encode.learning_rule)
    change = net.learn(Simulator) - net.before
    assert np.all(change[:, :2] == 0)
    assert np.any(change[:, 2] != 0)


def test_beside_voja_and_pes(Simulator, seed, allclose):
    """Each rule on a connection adds the same change as alone with these signals."""
    rules = {"align": FeedbackAlignment(1, learning_rate=1), "voja": nengo.Voja()}
    net = Net(seed, None)
    net.encode.learning_rule_type = rules
    net.decode.learning_rule_type = nengo.PES()
    with net.model:
        nengo.Connection(net.error, net.encode.learning_rule["align"])
        nengo.Connection(net.error, net.decode.learning_rule)
        probes = [
            nengo.Probe(net.encode.learning_rule[name], "delta") for name in rules
        ]
        encoders = nengo.Probe(net.encode.learning_rule["align"], "scaled_encoders")
        weights = nengo.Probe(net.decode, "weights")
    net.learn(Simulator)
    deltas = [net.sim.data[probe] for probe in probes]
    assert all(np.abs(delta).max() > 0 for delta in deltas)
    assert allclose(
        np.diff(net.sim.data[encoders], axis=0), sum(deltas)[:-1], atol=1e-12
    )
    assert not allclose(*net.sim.data[weights][[0, -1]], record_rmse=False)


def test_two_rules_have_feedback_of_their_own(Simulator, seed):
    net = Net(seed, None)
    rules = [FeedbackAlignment(2), FeedbackAlignment(2, learning_rate=2)]
    net.encode.learning_rule_type = rules
    with Simulator(net.model) as sim:
        one, other = (sim.data[rule].feedback for rule in net.encode.learning_rule)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("from_neurons", [False, True])
def test_from_an_ensemble_and_from_its_neurons(Simulator, seed, allclose, from_neurons):
    """From neurons, the encoders are the full matrix of connection weights."""
    rule = FeedbackAlignment(1, learning_rate=5, normalization=None)
    with nengo.Network(seed=seed) as model:
        pre = nengo.Ensemble(15, 2, neuron_type=nengo.LIFRate(amplitude=0.01))
        nengo.Connection(noise(2, seed), pre)
        post = nengo.Ensemble(
            10,
            15 if from_neurons else 2,
            neuron_type=nengo.LIFRate(),
            gain=np.ones(10),
            bias=np.ones(10),
        )
        encode = nengo.Connection(
            pre.neurons if from_neurons else pre,
            post,
            synapse=None,
            learning_rule_type=rule,
        )
        nengo.Connection(noise(1, seed + 1), encode.learning_rule)
        probes = {
            name: nengo.Probe(encode.learning_rule, name) for name in rule.probeable
        }
        x = nengo.Probe(pre.neurons if from_neurons else encode)
    with Simulator(model) as sim:
        sim.run(0.1)
    expected = (
        -rule.learning_rate
        * sim.dt
        * (sim.data[probes["derivative"]] * sim.data[probes["projected_error"]])[
            ..., None
        ]
        * sim.data[x][:, None, :]
    )
    assert np.abs(expected).max() > 0
    assert allclose(sim.data[probes["delta"]], expected, atol=1e-12)


@pytest.mark.parametrize("order", ["before", "after", "above"])
def test_backprop_finds_decoders_wherever_they_are_declared(Simulator, seed, order):
    """Nengo builds subnetworks first, and connections as they are declared."""
    with nengo.Network(seed=seed) as model:
        stimulus, error = noise(2, seed), noise(1, seed + 1)
        with nengo.Network():
            hidden = nengo.Ensemble(10, 2, seed=seed)
            output = nengo.Node(size_in=1)

            def declare():
                return nengo.Connection(hidden, output, function=np.prod, seed=seed)

            if order == "before":
                decode = declare()
            relay = nengo.Node(size_in=2)
            encode = nengo.Connection(relay, hidden, synapse=None)
            if order == "after":
                decode = declare()
        if order == "above":
            decode = declare()
        encode.learning_rule_type = Backprop(decode, learning_rate=1e3)
        nengo.Connection(stimulus, relay, synapse=None)
        nengo.Connection(error, encode.learning_rule, synapse=None)
        projected = nengo.Probe(encode.learning_rule, "projected_error")
        error = nengo.Probe(encode.learning_rule, "error")
    with Simulator(model) as sim:
        sim.run(0.02)
    np.testing.assert_allclose(
        sim.data[projected], sim.data[error] @ sim.data[decode].weights
    )
    assert np.abs(sim.data[projected]).max() > 0


def test_feedback_follows_the_seed(Simulator):
    def feedback(seed, rule=FeedbackAlignment(3)):
        net = Net(seed, rule, size_in=3)
        with Simulator(net.model) as sim:
            return sim.data[net.encode.learning_rule].feedback

    assert feedback(1).shape == (20, 3)
    assert np.allclose(np.linalg.norm(feedback(1), axis=1), 1)
    assert np.array_equal(feedback(1), feedback(1))
    assert not np.allclose(feedback(1), feedback(2))
    given = np.arange(60.0).reshape(20, 3)
    assert np.array_equal(feedback(1, FeedbackAlignment(3, feedback=given)), given)
    uniform = FeedbackAlignment(3, feedback=nengo.dists.Uniform(5, 6))
    assert np.all(feedback(1, uniform) > 5)


def test_feedback_leaves_nengo_to_its_own_random_numbers(Simulator, seed):
    plain, learning = Net(seed, None), Net(seed, FeedbackAlignment(1))
    with learning.model:
        learning.encode.learning_rule_type = FeedbackAlignment(1)
    plain.learn(Simulator), learning.learn(Simulator, seconds=0.001)
    assert np.array_equal(plain.before, learning.before)


def test_forced_rules_side_by_side_do_not_fight(Simulator, seed):
    """Each takes back its own change of the length only."""
    rules = [
        FeedbackAlignment(1, rate, normalization="forced") for rate in (1, 1.1, 1.2)
    ]
    net = Net(seed, None)
    net.encode.learning_rule_type = rules
    with net.model:
        for rule in net.encode.learning_rule:
            nengo.Connection(net.error, rule)
    encoders = net.learn(Simulator, seconds=1)
    ratio = np.linalg.norm(encoders, axis=1) / np.linalg.norm(net.before, axis=1)
    assert np.all(np.abs(ratio - 1) < 0.1)
    assert np.abs(encoders - net.before).max() > 0.1


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_reset_starts_over(Simulator, seed, normalization):
    rule = FeedbackAlignment(1, learning_rate=1, normalization=normalization)
    net = Net(seed, rule, neuron_type=nengo.LIF())
    with Simulator(net.model) as sim:
        before = learned_encoders(sim, net.hidden)
        sim.run(0.2)
        first = learned_encoders(sim, net.hidden)
        sim.reset()
        assert np.array_equal(learned_encoders(sim, net.hidden), before)
        sim.run(0.2)
        assert np.array_equal(learned_encoders(sim, net.hidden), first)
    assert not np.allclose(before, first)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_operator_merging(Simulator, seed, normalization):
    def run(optimize):
        with nengo.Network(seed=seed) as model:
            stimulus, error = noise(2, seed), noise(1, seed + 1)
            layers = [nengo.Ensemble(n, 2) for n in (5, 10, 10)]
            for layer in layers:
                rule = FeedbackAlignment(1, 5, normalization=normalization)
                encode = nengo.Connection(stimulus, layer, learning_rule_type=rule)
                nengo.Connection(error, encode.learning_rule)
        with Simulator(model, optimize=optimize) as sim:
            sim.run(0.2)
            return [learned_encoders(sim, layer) for layer in layers]

    for merged, plain in zip(run(True), run(False)):
        np.testing.assert_allclose(merged, plain, rtol=1e-9)


def test_learning_rules_are_registered_on_import():
    builders = nengo.builder.Builder.builders
    assert {FeedbackAlignment, Backprop} <= set(builders)
    assert issubclass(
        nengo_fa.online.operators.SimEncoderLearning, nengo.builder.Operator
    )
