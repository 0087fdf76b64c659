import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa import equations
from nengo_fa.online.operators import SimEncoderLearning

NORMALIZATIONS = [None, "forced", "augmented", "homeostatic", "stabilized"]


class Recorded:
    """A network that learns, with probes on all that the rule reads and writes.

    The signals are noise, so that nothing is right by being zero or constant.
    """

    def __init__(
        self,
        rule,
        seed,
        neuron_type=nengo.LIFRate(),
        n_neurons=11,
        dimensions=3,
        size_in=2,
        post_slice=slice(None),
        neurons_to_output=False,
        wire=None,
        **ensemble,
    ):
        def noise(size):
            process = nengo.processes.WhiteSignal(1, high=30, rms=1, seed=seed + size)
            return nengo.Node(process, size_out=size)

        with nengo.Network(seed=seed) as self.model:
            self.hidden = nengo.Ensemble(
                n_neurons, dimensions, neuron_type=neuron_type, **ensemble
            )
            output = nengo.Node(size_in=size_in)
            if neurons_to_output:
                weights = np.random.RandomState(seed).randn(size_in, n_neurons)
                decode = nengo.Connection(
                    self.hidden.neurons, output, transform=weights * 1e-2
                )
            else:
                decode = nengo.Connection(
                    self.hidden,
                    output,
                    function=lambda x: np.sin(3 * x[:1]) * np.ones(2),
                    transform=np.random.RandomState(seed).randn(size_in, 2),
                )
            self.decode = decode
            post = self.hidden[post_slice]
            stimulus = noise(dimensions)
            self.encode = nengo.Connection(stimulus[: post.size_in], post, synapse=None)
            nengo.Connection(stimulus, self.hidden, transform=0.3)
            self.encode.learning_rule_type = rule(decode) if callable(rule) else rule
            nengo.Connection(noise(size_in), self.encode.learning_rule)
            if wire is not None:
                wire(self)

            self.probes = {
                name: nengo.Probe(self.encode.learning_rule, name)
                for name in self.encode.learning_rule.probeable
            }
            self.probes["x"] = nengo.Probe(self.hidden, "input")
            self.probes["current"] = nengo.Probe(self.hidden.neurons, "input")
            self.probes["weights"] = nengo.Probe(decode, "weights")

    def run(self, Simulator, n_steps=50, **kwargs):
        with Simulator(self.model, **kwargs) as sim:
            sim.run_steps(n_steps)
        self.sim = sim
        self.data = {name: sim.data[probe] for name, probe in self.probes.items()}
        return self

    def expected_delta(self, derivative, feedback=None):
        """Return the delta of each step from the equations and the recorded signals."""
        rule, built = self.encode.learning_rule_type, self.sim.data[self.hidden]
        scale = built.gain / self.hidden.radius
        free = built.encoders != 0 if rule.sparse else np.ones_like(built.encoders)
        taught = np.zeros(self.hidden.dimensions)
        taught[self.encode.post_slice] = 1
        deltas = []
        for step, encoders in enumerate(self.data["scaled_encoders"]):
            weights = self.data["weights"][step].T if feedback is None else feedback
            delta = equations.aligned_error(
                self.data["error"][step, None], weights, derivative[step, None]
            )
            update = equations.encoder_update(
                free * equations.weight_gradient(delta, self.data["x"][step, None]),
                encoders / scale[:, None],
                scale,
                rule.learning_rate * self.sim.dt,
                rule.normalization,
            )
            deltas.append(taught * update * scale[:, None])
        return np.array(deltas)

    def check(self, derivative, feedback=None):
        expected = self.expected_delta(derivative, feedback)
        np.testing.assert_allclose(self.data["delta"], expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            np.diff(self.data["scaled_encoders"], axis=0),
            expected[:-1],
            rtol=1e-6,
            atol=1e-9,
        )
        assert np.abs(expected).max() > 0


SETTINGS = {
    "as it comes": {},
    "one of each": dict(n_neurons=1, dimensions=1, size_in=1, intercepts=[-0.5]),
    "many": dict(n_neurons=30, dimensions=20, size_in=7),
    "more error than input": dict(dimensions=1, size_in=9),
    "radius": dict(radius=2.5),
    "gain and bias": dict(gain=np.full(11, 2.0), bias=np.full(11, 1.5)),
    "free encoders": dict(
        encoders=np.arange(33).reshape(11, 3) / 10.0 + 0.1, normalize_encoders=False
    ),
    "noise": dict(noise=nengo.processes.WhiteNoise()),
    "rectified": dict(neuron_type=nengo.RectifiedLinear()),
    "spiking": dict(neuron_type=nengo.LIF()),
    "spiking rectified": dict(neuron_type=nengo.SpikingRectifiedLinear()),
}


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_feedback_alignment_in_a_simulator(Simulator, seed, setting, normalization):
    settings = SETTINGS[setting]
    rule = nengo_fa.FeedbackAlignment(
        settings.get("size_in", 2),
        learning_rate=0.3 if normalization == "homeostatic" else 3.0,
        derivative=nengo_fa.Step(),
        normalization=normalization,
    )
    if normalization is not None and settings.get("dimensions") == 1:
        # nothing can be learned; what is left is rounding
        network = Recorded(rule, seed, **settings).run(Simulator)
        assert np.abs(network.data["delta"]).max() < 1e-12
        return
    network = Recorded(rule, seed, **settings).run(Simulator)
    derivative = rule.derivative(network.hidden.neuron_type, network.data["current"])
    feedback = network.sim.data[network.encode.learning_rule].feedback
    assert np.array_equal(derivative, network.data["derivative"])
    network.check(derivative, feedback)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("neurons_to_output", [False, True])
def test_backprop_in_a_simulator(Simulator, seed, normalization, neurons_to_output):
    """The rule reads the current decoders while another rule teaches them."""

    class Rule(nengo_fa.Backprop):
        def __init__(self, connection):
            super().__init__(
                connection,
                learning_rate=1e3,
                derivative=nengo_fa.Rate(),
                normalization=normalization,
            )

    def teach_decoders(network):
        network.decode.learning_rule_type = nengo.PES(learning_rate=1e-3)
        nengo.Connection(nengo.Node([0.5] * 2), network.decode.learning_rule)

    nengo.builder.Builder.register(Rule)(
        nengo.builder.Builder.builders[nengo_fa.Backprop]
    )
    network = Recorded(
        Rule, seed, neurons_to_output=neurons_to_output, wire=teach_decoders
    ).run(Simulator)
    weights = network.data["weights"]
    assert not np.allclose(weights[0], weights[-1])
    derivative = nengo_fa.Rate()(network.hidden.neuron_type, network.data["current"])
    network.check(derivative)


def test_rate_in_a_simulator_follows_adaptation(Simulator, seed):
    rule = nengo_fa.FeedbackAlignment(2, 1.0, derivative=nengo_fa.Rate())
    neuron_type = nengo.AdaptiveLIFRate(inc_n=0.1, tau_n=0.01)
    recorded = Recorded(rule, seed, neuron_type=neuron_type)
    with recorded.model:
        adaptation = nengo.Probe(recorded.hidden.neurons, "adaptation")
    recorded.run(Simulator)
    # what the neurons subtracted in a step is what they had adapted to until then
    before = np.roll(recorded.sim.data[adaptation], 1, axis=0)
    before[0] = 0
    current = recorded.data["current"] - before
    assert np.abs(before).max() > 1
    derivative = rule.derivative(neuron_type, current)
    np.testing.assert_allclose(recorded.data["derivative"], derivative)
    recorded.check(
        derivative, recorded.sim.data[recorded.encode.learning_rule].feedback
    )


def test_step_is_open_whenever_an_adaptive_neuron_spikes(Simulator, seed):
    rule = nengo_fa.FeedbackAlignment(2)
    neuron_type = nengo.AdaptiveLIF(tau_n=0.05, inc_n=0.1)
    recorded = Recorded(rule, seed, neuron_type=neuron_type)
    with recorded.model:
        spikes = nengo.Probe(recorded.hidden.neurons)
    recorded.run(Simulator, n_steps=500)
    spikes = recorded.sim.data[spikes] > 0
    assert spikes.sum() > 50
    assert np.all(recorded.data["derivative"][spikes] == 1)
    assert np.any(recorded.data["derivative"] == 0)


@pytest.mark.parametrize("signal", ["current", "output"])
def test_step_reads_the_filtered_signal(Simulator, seed, signal):
    rule = nengo_fa.FeedbackAlignment(2, derivative=nengo_fa.Step(signal, synapse=0.01))
    recorded = Recorded(rule, seed, neuron_type=nengo.LIF())
    with recorded.model:
        name = {"current": "input", "output": "output"}[signal]
        probe = nengo.Probe(recorded.hidden.neurons, name)
    recorded.run(Simulator, n_steps=200)
    filtered = nengo.Lowpass(0.01).filt(recorded.sim.data[probe], y0=0)
    expected = filtered > 1
    assert np.array_equal(recorded.data["derivative"], expected)
    assert 0 < expected.mean() < 1


def test_pre_synapse_filters_the_input(Simulator, seed):
    rule = nengo_fa.FeedbackAlignment(2, derivative=nengo_fa.Step(), pre_synapse=0.01)
    recorded = Recorded(rule, seed).run(Simulator)
    recorded.data["x"] = nengo.Lowpass(0.01).filt(recorded.data["x"], y0=0)
    recorded.check(
        recorded.data["derivative"],
        recorded.sim.data[recorded.encode.learning_rule].feedback,
    )


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_single_precision(Simulator, seed, normalization):
    nengo.rc["precision"]["bits"] = "32"
    rule = nengo_fa.FeedbackAlignment(
        2, 0.01, derivative=nengo_fa.Rate(), normalization=normalization
    )
    single = Recorded(rule, seed).run(Simulator)
    assert single.data["delta"].dtype == np.float32
    assert single.sim.data[single.encode.learning_rule].feedback.dtype == np.float32

    nengo.rc["precision"]["bits"] = "64"
    double = Recorded(rule, seed).run(Simulator)
    scale = np.abs(double.data["delta"]).max()
    assert np.allclose(single.data["delta"], double.data["delta"], atol=1e-3 * scale)


def draw_fields(seed, n_neurons=11, dimensions=6):
    """Draw encoders with about half of the entries zero, and without empty rows."""
    rng = np.random.RandomState(seed)
    free = rng.rand(n_neurons, dimensions) < 0.4
    for row in free:
        row[rng.choice(dimensions, 2, replace=False)] = True
    return free * rng.randn(n_neurons, dimensions)


RULES = {
    "FeedbackAlignment": lambda **options: nengo_fa.FeedbackAlignment(
        2, 3.0, **options
    ),
    "Backprop": lambda **options: (
        lambda decode: nengo_fa.Backprop(
            decode, 1e3, derivative=nengo_fa.Rate(), **options
        )
    ),
}


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("neuron_type", [nengo.LIF(), nengo.LIFRate()], ids=repr)
def test_sparse_encoders_stay_sparse(Simulator, seed, rule, normalization, neuron_type):
    recorded = Recorded(
        RULES[rule](normalization=normalization, sparse=True),
        seed,
        neuron_type=neuron_type,
        dimensions=6,
        radius=1.3,
        encoders=draw_fields(seed),
    ).run(Simulator)
    feedback = None
    if rule == "FeedbackAlignment":
        feedback = recorded.sim.data[recorded.encode.learning_rule].feedback
    recorded.check(recorded.data["derivative"], feedback)

    encoders, delta = recorded.data["scaled_encoders"], recorded.data["delta"]
    free = recorded.sim.data[recorded.hidden].encoders != 0
    assert 0.2 < free.mean() < 0.8
    assert not np.any(encoders[:, ~free])
    learned = np.any(delta != 0, axis=(0, 2))
    assert np.any(learned)
    assert np.all(np.any(delta != 0, axis=0)[learned] == free[learned])

    length = np.linalg.norm(encoders, axis=-1)
    if normalization == "forced":
        np.testing.assert_allclose(length, np.tile(length[0], (len(length), 1)))
    elif normalization == "augmented":
        along = np.sum(encoders * delta, axis=-1)
        assert np.all(np.abs(along) <= 1e-9 * length * np.linalg.norm(delta, axis=-1))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_zeros_are_filled_by_default(Simulator, seed, normalization):
    encoders = draw_fields(seed)
    rule = RULES["FeedbackAlignment"](normalization=normalization)
    recorded = Recorded(rule, seed, dimensions=6, encoders=encoders).run(Simulator)
    recorded.check(
        recorded.data["derivative"],
        recorded.sim.data[recorded.encode.learning_rule].feedback,
    )
    assert np.any(recorded.data["scaled_encoders"][:, encoders == 0])


@pytest.mark.parametrize("normalization", [None, "augmented"])
@pytest.mark.parametrize("rule", RULES)
def test_sparse_encoders_of_which_some_columns_are_taught(
    Simulator, seed, rule, normalization
):
    taught = [4, 0, 2]
    encoders = draw_fields(seed)
    encoders[3, taught] = 0  # a neuron with nothing to learn
    encoders[3, 1] = 1
    recorded = Recorded(
        RULES[rule](normalization=normalization, sparse=True),
        seed,
        dimensions=6,
        post_slice=taught,
        encoders=encoders,
        intercepts=np.full(11, -0.9),
    ).run(Simulator)
    feedback = None
    if rule == "FeedbackAlignment":
        feedback = recorded.sim.data[recorded.encode.learning_rule].feedback
    recorded.check(recorded.data["derivative"], feedback)

    free = encoders != 0
    free[:, [1, 3, 5]] = False
    assert not np.any(recorded.data["delta"][:, ~free])
    assert np.any(recorded.data["delta"][:, free])
    assert np.any(recorded.data["derivative"][:, 3])  # it was not for lack of activity


def test_sparse_neurons_without_inputs_never_learn(Simulator, seed):
    encoders = draw_fields(seed)
    encoders[3] = 0
    recorded = Recorded(
        nengo_fa.FeedbackAlignment(2, normalization=None, sparse=True),
        seed,
        dimensions=6,
        encoders=encoders,
        normalize_encoders=False,
        intercepts=np.full(11, -0.9),
    ).run(Simulator)
    assert np.all(recorded.data["derivative"][:, 3] == 1)
    assert not np.any(recorded.data["scaled_encoders"][:, 3])
    assert np.any(recorded.data["delta"])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_sparse_costs_nothing_without_zeros(Simulator, seed, normalization):
    plain, sparse = (
        Recorded(
            RULES["FeedbackAlignment"](normalization=normalization, **kwargs), seed
        )
        for kwargs in ({}, {"sparse": True})
    )
    for recorded in (plain, sparse):
        recorded.run(Simulator)
        (operator,) = (
            operator
            for operator in recorded.sim.model.operators
            if isinstance(operator, SimEncoderLearning)
        )
        assert operator.fields is None
    assert np.array_equal(plain.data["delta"], sparse.data["delta"])


def test_sparse_in_single_precision(Simulator, seed):
    nengo.rc["precision"]["bits"] = "32"
    rule = RULES["FeedbackAlignment"](sparse=True)
    encoders = draw_fields(seed)
    recorded = Recorded(rule, seed, dimensions=6, encoders=encoders).run(Simulator)
    assert recorded.data["delta"].dtype == np.float32
    assert not np.any(recorded.data["scaled_encoders"][:, encoders == 0])
    assert np.any(recorded.data["delta"])
