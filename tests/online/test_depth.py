"""Chains of layers, and the errors that teach them."""

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa import Backprop, BackpropagatedError, FeedbackAlignment, NeuronError

# the decoders of most networks here do not learn
pytestmark = pytest.mark.filterwarnings("ignore:The encoders of")

NEURONS = {
    "LIFRate": dict(
        neuron_type=nengo.LIFRate(amplitude=0.02),
        bias=nengo.dists.Uniform(3, 4),
        gain=nengo.dists.Uniform(0.3, 0.6),
    ),
    "Sigmoid": dict(
        neuron_type=nengo.Sigmoid(tau_ref=1),
        bias=nengo.dists.Uniform(-1, 1),
        gain=nengo.dists.Uniform(1, 3),
    ),
}
RATES = {"LIFRate": 20.0, "Sigmoid": 10.0}


class Chain:
    """Layers in a chain, and the error of their output in the same time step.

    Parameters
    ----------
    teach : callable
        Called with the chain, in its network; declares rules and connects errors.
    post_slice : slice or list
        What dimensions of each ensemble the chain leads to; the others have an input of
        their own.
    """

    sizes = (9, 8, 7)  # neurons of the layers
    dimensions = 3

    def __init__(
        self,
        seed,
        teach,
        n_layers=3,
        from_neurons=False,
        post_slice=slice(None),
        **ensemble,
    ):
        rng = np.random.RandomState(seed)
        self.given = rng.uniform(-0.5, 0.5, size=self.dimensions)
        self.target = 2 * rng.choice([-1, 1], size=2)  # too far to reach
        self.post_slice = post_slice
        with nengo.Network(seed=seed) as self.model:
            self.stimulus = nengo.Node(self.given)
            self.layers = [
                nengo.Ensemble(n, self.dimensions, radius=radius, **ensemble)
                for n, radius in zip(self.sizes[:n_layers], (1.3, 0.8, 1.1))
            ]
            self.output, self.error = nengo.Node(size_in=2), nengo.Node(size_in=2)
            self.encodes = [
                nengo.Connection(self.stimulus, self.layers[0], synapse=None)
            ]
            for pre, post in zip(self.layers, self.layers[1:]):
                size = post[post_slice].size_in
                if size < self.dimensions:
                    nengo.Connection(self.stimulus, post, transform=0.2, synapse=None)
                self.encodes.append(
                    nengo.Connection(
                        pre.neurons,
                        post[post_slice],
                        transform=rng.randn(size, pre.n_neurons) / 10,
                        synapse=None,
                    )
                    if from_neurons
                    else nengo.Connection(
                        pre,
                        post[post_slice],
                        function=lambda x: np.sin(2 * x),
                        transform=rng.randn(size, self.dimensions) / 2,
                        synapse=None,
                    )
                )
            self.decode = nengo.Connection(
                self.layers[-1], self.output, function=lambda x: x[:2], synapse=None
            )
            nengo.Connection(self.output, self.error, synapse=None)
            target = nengo.Node(self.target)
            nengo.Connection(target, self.error, transform=-1, synapse=None)
            teach(self)
            self.probes = [
                {
                    name: nengo.Probe(encode.learning_rule, name)
                    for name in rule.probeable
                }
                for encode in self.encodes
                for rule in [encode.learning_rule_type]
            ]
            self.weights = [
                nengo.Probe(connection, "weights")
                for connection in (*self.encodes[1:], self.decode)
            ]

    @property
    def rules(self):
        return [encode.learning_rule for encode in self.encodes]

    def run(self, Simulator, n_steps=1, **kwargs):
        with Simulator(self.model, **kwargs) as sim:
            sim.run_steps(n_steps)
        self.sim = sim
        return self

    def get(self, name, step=slice(None)):
        """Return the updates by the rule of each layer."""
        return [self.sim.data[probes[name]][step] for probes in self.probes]

    def loss(self, encoders, weights):
        """Half the squared error for scaled encoders and weights of each layer."""
        x = self.given
        for layer, scaled, matrix in zip(self.layers, encoders, weights):
            activities = find_rates(self.sim, layer, scaled @ x)
            if layer is not self.layers[-1]:
                reached = np.zeros(self.dimensions, dtype=bool)
                reached[self.post_slice] = True
                x = np.zeros(self.dimensions) if reached.all() else 0.2 * self.given
                x[self.post_slice] += matrix @ activities
        return np.sum((matrix @ activities - self.target) ** 2) / 2

    def check_gradient(self, step):
        """The change of each layer in a step equals the gradient by central differences."""
        for i in range(len(self.layers)):
            self.check_gradient_of_layer(i, step)

    def check_gradient_of_layer(self, i, step):
        weights = [self.sim.data[probe][step] for probe in self.weights]
        scaled, deltas = self.get("scaled_encoders", step), self.get("delta", step)
        layer, rule = self.layers[i], self.rules[i].learning_rule_type
        scale = (self.sim.data[layer].gain / layer.radius)[:, None]
        encoders, change = scaled[i] / scale, deltas[i] / scale
        taught = np.zeros(self.dimensions, dtype=bool)
        taught[self.encodes[i].post_slice] = True
        assert not np.any(change[:, ~taught])

        def loss(shifted):
            if rule.normalization == "augmented":
                length = np.linalg.norm(encoders, axis=1, keepdims=True)
                length /= np.linalg.norm(shifted, axis=1, keepdims=True)
                shifted = length * shifted
            changed = [*scaled[:i], scale * shifted, *scaled[i + 1 :]]
            return self.loss(changed, weights)

        expected = np.zeros_like(change)
        for index in np.ndindex(change.shape):
            shift = np.zeros_like(change)
            shift[index] = 1e-4
            difference = loss(encoders + shift) - loss(encoders - shift)
            expected[index] = -rule.learning_rate * self.sim.dt * difference / 2e-4
        expected *= taught
        tolerance = 1e-5 * np.abs(expected).max()
        np.testing.assert_allclose(change, expected, rtol=0, atol=tolerance)
        assert tolerance > 0


def find_rates(sim, layer, drive):
    current = drive + sim.data[layer].bias
    if isinstance(layer.neuron_type, nengo.LIFRate):
        assert current.min() > 1.1  # away from the threshold, where rates have a kink
    ones = np.ones(layer.n_neurons)
    return layer.neuron_type.rates(current[None], ones, 0 * ones)[0]


def backprop(learning_rate=1.0, **options):
    """Backpropagation through all layers."""

    def teach(chain):
        for encode, following in zip(chain.encodes, [*chain.encodes[1:], chain.decode]):
            encode.learning_rule_type = Backprop(
                following, learning_rate, derivative=nengo_fa.Rate(), **options
            )
        chain.nodes = [BackpropagatedError(rule) for rule in chain.rules[1:]]
        for node, rule in zip([*chain.nodes, chain.error], chain.rules):
            nengo.Connection(node, rule, synapse=None)

    return teach


def align(variant, feedback=None, learning_rate=1.0, **options):
    """Feedback alignment: global, local or direct."""

    def teach(chain):
        n_layers = len(chain.layers)
        direct = variant == "direct"
        sizes = [2] * n_layers if direct else [*chain.sizes[1:n_layers], 2]
        matrices = feedback or draw_feedback(chain.sizes[:n_layers], sizes)
        for encode, size, matrix in zip(chain.encodes, sizes, matrices):
            encode.learning_rule_type = FeedbackAlignment(
                size, learning_rate, feedback=matrix, **options
            )
        if direct:
            errors = [chain.error] * n_layers
        else:
            gated = variant == "global"
            errors = [NeuronError(rule, gated=gated) for rule in chain.rules[1:]]
            errors.append(chain.error)
        for error, rule in zip(errors, chain.rules):
            nengo.Connection(error, rule, synapse=None)

    return teach


def draw_feedback(sizes, errors):
    rng = np.random.RandomState(0)
    return [rng.randn(n, size) / np.sqrt(n) for n, size in zip(sizes, errors)]


@pytest.mark.parametrize("normalization", [None, "augmented"])
@pytest.mark.parametrize("post_slice", [slice(None), [2, 0], slice(1, 3)], ids=str)
@pytest.mark.parametrize("from_neurons", [False, True])
@pytest.mark.parametrize("neurons", NEURONS)
def test_backpropagated_error_is_the_gradient_in_each_layer(
    Simulator, seed, neurons, from_neurons, post_slice, normalization
):
    """From the first step on, and while all weights change."""

    def teach(chain):
        backprop(RATES[neurons], normalization=normalization)(chain)
        chain.decode.learning_rule_type = nengo.PES(0.1)
        nengo.Connection(chain.error, chain.decode.learning_rule, synapse=None)

    chain = Chain(
        seed,
        teach,
        from_neurons=from_neurons,
        post_slice=post_slice,
        **NEURONS[neurons],
    ).run(Simulator, 20)
    for step in (0, -1):
        chain.check_gradient(step)
    for weights in (*chain.get("scaled_encoders"), chain.sim.data[chain.weights[-1]]):
        assert np.any(weights[-1] != weights[0])


def test_errors_of_two_branches_add_up(Simulator, seed):
    """A layer before two others has a rule with its own error node for each of them."""
    stimulus, target, options = np.array([0.3, -0.4]), 0.7, dict(NEURONS["LIFRate"])
    with nengo.Network(seed=seed) as model:
        output, error = nengo.Node(size_in=1), nengo.Node(size_in=1)
        first = nengo.Ensemble(9, 2, **options)
        branches = [nengo.Ensemble(n, 2, **options) for n in (8, 7)]
        encode = nengo.Connection(nengo.Node(stimulus), first, synapse=None)
        middle = [nengo.Connection(first, layer, synapse=None) for layer in branches]
        decodes = [
            nengo.Connection(layer, output, function=function, synapse=None)
            for layer, function in zip(branches, (np.prod, lambda x: x[0] ** 2))
        ]
        nengo.Connection(output, error, synapse=None)
        nengo.Connection(nengo.Node([target]), error, transform=-1, synapse=None)
        rule = dict(derivative=nengo_fa.Rate(), normalization=None)
        encode.learning_rule_type = [
            Backprop(connection, **rule) for connection in middle
        ]
        for connection, decode, before in zip(middle, decodes, encode.learning_rule):
            connection.learning_rule_type = Backprop(decode, **rule)
            nengo.Connection(error, connection.learning_rule, synapse=None)
            node = BackpropagatedError(connection.learning_rule)
            nengo.Connection(node, before, synapse=None)
        deltas = [nengo.Probe(rule, "delta") for rule in encode.learning_rule]
    with Simulator(model) as sim:
        sim.run_steps(1)

    def loss(scaled):
        activities = find_rates(sim, first, scaled @ stimulus)
        y = -target
        for connection, layer, decode in zip(middle, branches, decodes):
            drive = sim.data[connection].weights @ activities
            drive = sim.data[layer].scaled_encoders @ drive
            y += (sim.data[decode].weights @ find_rates(sim, layer, drive)).item()
        return y**2 / 2

    scaled = sim.data[first].scaled_encoders
    expected = np.zeros_like(scaled)
    for index in np.ndindex(scaled.shape):
        shift = np.zeros_like(scaled)
        shift[index] = 1e-4
        expected[index] = -sim.dt * (loss(scaled + shift) - loss(scaled - shift)) / 2e-4
    expected *= sim.data[first].gain[:, None] ** 2
    left, right = (sim.data[delta][0] for delta in deltas)
    tolerance = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(left + right, expected, rtol=0, atol=tolerance)
    assert np.abs(left).max() > 1e3 * tolerance < np.abs(right).max()


@pytest.mark.parametrize(
    "post_slice, normalization",
    [
        (slice(None), None),
        (slice(None), "forced"),
        (slice(None), "augmented"),
        ([2, 0], None),
        ([2, 0], "augmented"),
    ],
)
@pytest.mark.parametrize("from_neurons", [False, True])
def test_global_alignment_with_transposed_weights_is_backprop(
    Simulator, seed, from_neurons, post_slice, normalization
):
    options = dict(normalization=normalization)
    wiring = dict(
        from_neurons=from_neurons, post_slice=post_slice, **NEURONS["LIFRate"]
    )
    expected = Chain(seed, backprop(**options), **wiring).run(Simulator)

    weights = [expected.sim.data[probe][0] for probe in expected.weights]
    encoders = [
        scaled[:, post_slice] for scaled in expected.get("scaled_encoders", 0)[1:]
    ]
    feedback = [(scaled @ matrix).T for scaled, matrix in zip(encoders, weights)] + [
        weights[-1].T
    ]
    options["derivative"] = nengo_fa.Rate()
    chain = Chain(seed, align("global", feedback, **options), **wiring).run(Simulator)
    for name in ("projected_error", "delta"):
        for got, wanted in zip(chain.get(name), expected.get(name)):
            scale = np.abs(wanted).max()
            assert scale > 0
            np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-10 * scale)

    random = Chain(seed, align("global", **options), **wiring).run(Simulator)
    assert not np.allclose(random.get("delta")[0], expected.get("delta")[0], rtol=0.1)


SPIKING = dict(neuron_type=nengo.LIF(amplitude=0.01))


@pytest.mark.parametrize("neurons", [SPIKING, NEURONS["Sigmoid"]], ids=str)
def test_local_alignment_is_direct_with_the_product_of_the_feedback(
    Simulator, seed, neurons
):
    one, two, three = draw_feedback(Chain.sizes, [*Chain.sizes[1:], 2])
    products = [one @ two @ three, two @ three, three]
    rule = dict(learning_rate=10, derivative=nengo_fa.Rate())
    local, direct, gated = (
        Chain(seed, align(variant, feedback, **rule), **neurons).run(Simulator, 100)
        for variant, feedback in (
            ("local", [one, two, three]),
            ("direct", products),
            ("global", [one, two, three]),
        )
    )
    encoders = [chain.get("scaled_encoders") for chain in (local, direct, gated)]
    for got, wanted, other in zip(*encoders):
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-10)
        assert not np.allclose(wanted[0], wanted[-1], rtol=1e-3)
        assert not np.allclose(wanted, other)


def test_with_one_hidden_layer_all_alignments_are_the_same(Simulator, seed):
    def learn(variant, n_layers):
        chain = Chain(seed, align(variant, learning_rate=10), n_layers, **SPIKING)
        return chain.run(Simulator, 100).get("scaled_encoders")[0]

    one = [learn(variant, 1) for variant in ("global", "local", "direct")]
    assert not np.allclose(one[0][0], one[0][-1], rtol=1e-3)
    assert np.array_equal(one[0], one[1]) and np.array_equal(one[0], one[2])
    two = [learn(variant, 2) for variant in ("global", "local", "direct")]
    assert not np.allclose(two[0], two[1]) and not np.allclose(two[1], two[2])


TEACH = {
    "backpropagation": lambda **options: backprop(100, **options),
    "global": lambda **options: align("global", derivative=nengo_fa.Rate(), **options),
    "local": lambda **options: align("local", derivative=nengo_fa.Rate(), **options),
}


@pytest.mark.parametrize("normalization", [None, "forced", "augmented"])
@pytest.mark.parametrize("teach", TEACH)
def test_zero_error_is_exactly_zero_change(Simulator, seed, teach, normalization):
    def gate(chain):
        gated = nengo.Node(lambda t, x: x * (t <= 0.05), size_in=2)
        nengo.Connection(chain.error, gated, synapse=None)
        chain.error = gated
        TEACH[teach](normalization=normalization)(chain)

    chain = Chain(seed, gate, **SPIKING).run(Simulator, 100)
    for encoders in chain.get("scaled_encoders"):
        assert np.any(encoders[0] != encoders[50])
        assert np.all(encoders[50:] == encoders[-1])


@pytest.mark.parametrize("teach", TEACH)
def test_single_precision(Simulator, seed, teach):
    def run(bits):
        nengo.rc["precision"]["bits"] = bits
        return Chain(seed, TEACH[teach](), **NEURONS["Sigmoid"]).run(Simulator, 10)

    for name in ("error", "delta", "scaled_encoders"):
        for single, double in zip(run("32").get(name), run("64").get(name)):
            assert single.dtype == np.float32
            atol = 1e-4 * np.abs(double).max()
            np.testing.assert_allclose(single, double, rtol=0, atol=atol)


@pytest.mark.parametrize("teach", TEACH)
def test_merged_operators_copies_and_resets_learn_the_same(Simulator, seed, teach):
    chain = Chain(seed, TEACH[teach](), **SPIKING).run(Simulator, 50, optimize=True)
    expected = chain.get("scaled_encoders")
    plain = chain.run(Simulator, 50, optimize=False).get("scaled_encoders")
    for got, wanted in zip(plain, expected):
        np.testing.assert_allclose(got, wanted, rtol=1e-9)

    copy = chain.model.copy()
    probes = [
        copy.probes[chain.model.probes.index(probe["scaled_encoders"])]
        for probe in chain.probes
    ]
    with Simulator(copy) as sim:
        for _ in range(2):
            sim.run_steps(50)
            for probe, wanted in zip(probes, expected):
                assert np.array_equal(sim.data[probe], wanted)
            sim.reset()
