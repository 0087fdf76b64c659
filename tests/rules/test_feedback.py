"""Feedback weights that follow the forward weights."""

import nengo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nengo.builder.signal import Signal
from nengo.dists import Gaussian, Uniform
from nengo_fa.feedback import Feedback, KolenPollack, Orthogonal, SignSymmetric

import nengo_fa
from nengo_fa import Backprop, FeedbackAlignment, NeuronError
from nengo_fa.geometry import alignment_angle
from nengo_fa.online.operators import SimEncoderLearning, SimFeedback
from nengo_fa.online.random_state import make_random_state_signal

# of PES, which teaches the decoders of neurons whose amplitude is small

N_NEURONS = 12
DECAY = 8.0


class Transport(Feedback):
    """The forward weights themselves: backpropagation."""

    def make_step(self, weights, feedback, dt, rng):
        def step():
            np.copyto(feedback, weights)

        return step


class Taught:
    """A network in which PES teaches the decoders, from random ones, and a rule encoders.

    Parameters
    ----------
    make_rule : callable
        Takes the connection with the decoders, and returns the rule.
    """

    def __init__(self, make_rule, seed, from_neurons=False, to_ensemble=False):
        rng = np.random.RandomState(seed)
        with nengo.Network(seed=seed) as self.model:
            stimulus = nengo.Node(lambda t: [np.sin(21 * t), np.cos(13 * t)])
            self.hidden = nengo.Ensemble(
                N_NEURONS, 2, neuron_type=nengo.LIFRate(amplitude=0.01)
            )
            output = nengo.Ensemble(9, 2) if to_ensemble else nengo.Node(size_in=2)
            self.decoders = 0.05 * rng.randn(2, N_NEURONS)
            if from_neurons:
                self.decode = nengo.Connection(
                    self.hidden.neurons, output, transform=self.decoders
                )
            else:
                solver = nengo.solvers.NoSolver(self.decoders.T)
                self.decode = nengo.Connection(self.hidden, output, solver=solver)
            self.decode.learning_rule_type = nengo.PES(10.0)
            self.encode = nengo.Connection(stimulus, self.hidden, synapse=None)
            self.encode.learning_rule_type = make_rule(self.decode)

            target = nengo.Node(lambda t: [np.sin(34 * t), np.sin(8 * t)])
            error = nengo.Node(size_in=2)
            nengo.Connection(output, error)
            nengo.Connection(target, error, transform=-1)
            nengo.Connection(error, self.decode.learning_rule)
            nengo.Connection(error, self.encode.learning_rule)

            rule = self.encode.learning_rule
            self.probes = {name: nengo.Probe(rule, name) for name in rule.probeable}
            self.probes["weights"] = nengo.Probe(self.decode, "weights")

    def run(self, Simulator, time=0.3):
        with Simulator(self.model) as sim:
            sim.run(time)
        self.data = {name: sim.data[probe] for name, probe in self.probes.items()}
        if "feedback" in self.probes:
            self.drawn = sim.data[self.encode.learning_rule].feedback
        return self


def align(feedback, *args, **kwargs):
    """A rule from a kind of feedback, for `Taught`."""
    rule = dict(learning_rate=3.0, derivative=nengo_fa.Rate())
    return lambda decode: FeedbackAlignment(
        2, feedback=feedback(decode, *args, **kwargs), **rule
    )


def check_projection(data):
    expected = np.einsum("ti,tin->tn", data["error"], data["feedback"])
    np.testing.assert_allclose(data["projected_error"], expected, atol=1e-12)
    assert np.abs(data["delta"]).max() > 1e-6


@pytest.mark.parametrize("from_neurons", [False, True])
@pytest.mark.parametrize(
    "magnitudes, redraw",
    [
        (0.3, False),
        (np.arange(2 * N_NEURONS).reshape(N_NEURONS, 2), False),
        (Gaussian(0, 1), False),
        (Uniform(-2, -1), True),
    ],
    ids=["uniform", "given", "fixed random", "redrawn"],
)
def test_sign_symmetric(Simulator, seed, magnitudes, redraw, from_neurons):
    make_rule = align(SignSymmetric, magnitudes, redraw)
    taught = Taught(make_rule, seed, from_neurons).run(Simulator)
    feedback, weights = taught.data["feedback"], taught.data["weights"]
    check_projection(taught.data)
    assert np.any(np.sign(weights[0]) != np.sign(weights[-1]))
    if redraw:
        assert np.array_equal(np.sign(feedback), np.sign(weights))
        size = np.abs(feedback)
        assert 1 <= size.min() and size.max() <= 2
        assert abs(size.mean() - 1.5) < 0.05
        correlation = np.corrcoef(size[1:].ravel(), size[:-1].ravel())[0, 1]
        assert abs(correlation) < 0.1
        return
    np.testing.assert_array_equal(feedback, np.sign(weights) * taught.drawn.T)
    if not isinstance(magnitudes, Gaussian):
        expected = magnitudes * np.ones((N_NEURONS, 2))
        assert np.array_equal(taught.drawn, expected)
    else:
        assert taught.drawn.min() > 0 and len(np.unique(taught.drawn)) == 2 * N_NEURONS


def test_weights_of_zero_have_no_feedback():
    weights, feedback = np.array([[1e-300, 0.0, -2.0]]), np.full((1, 3), 5.0)
    decode = Taught(align(Transport), 0).decode
    SignSymmetric(decode).make_step(weights, feedback, 1, np.random)()
    assert np.array_equal(feedback, [[5, 0, -5]])


@pytest.mark.parametrize("from_neurons", [False, True])
def test_difference_of_kolen_pollack_decays(Simulator, seed, from_neurons):
    taught = Taught(align(KolenPollack, DECAY), seed, from_neurons).run(Simulator)
    feedback, weights = taught.data["feedback"], taught.data["weights"]
    check_projection(taught.data)
    np.testing.assert_allclose(feedback[0], taught.drawn.T, rtol=1e-12)

    difference = feedback - weights
    time = 0.001 * np.arange(len(difference))[:, None, None]
    expected = difference[0] * np.exp(-DECAY * time)
    np.testing.assert_allclose(difference, expected, atol=1e-12)
    assert np.abs(weights[-1] - weights[0]).max() > 0.04

    # as the differential equation is written: what the synapse does in each step
    steps = np.diff(weights, axis=0) - DECAY * 0.001 * difference[:-1]
    np.testing.assert_allclose(np.diff(feedback, axis=0), steps, atol=1e-4)


@pytest.mark.parametrize("decay", [0, DECAY])
@pytest.mark.parametrize("from_neurons", [False, True])
def test_kolen_pollack_that_starts_right_is_backprop(
    Simulator, seed, allclose, from_neurons, decay
):
    def make_backprop(decode):
        return Backprop(decode, 3.0, derivative=nengo_fa.Rate())

    backprop = Taught(make_backprop, seed, from_neurons)
    make_rule = align(KolenPollack, decay, initial=backprop.decoders.T)
    other = Taught(make_rule, seed, from_neurons)
    backprop.run(Simulator), other.run(Simulator)
    assert np.abs(np.diff(backprop.data["weights"][[0, -1]], axis=0)).max() > 0.04
    assert np.abs(backprop.data["delta"]).max() > 1e-6
    for name in ("delta", "scaled_encoders", "weights"):
        assert allclose(backprop.data[name], other.data[name], rtol=1e-12, atol=1e-12)


def test_updates_align_with_those_of_backprop(Simulator):
    """More so than those of fixed feedback weights, for each of five seeds."""

    def fixed(decode):
        return nengo.dists.UniformHypersphere(surface=True)

    def find_angle(kind, seed, *args):
        """Between all that the rule, and backprop in its place, would change at last."""
        data = Taught(align(kind, *args), seed).run(Simulator, 0.7).data
        last = slice(-100, None)
        weights, error = data["weights"][last], data["error"][last]
        exact = np.einsum("ti,tin->tn", error, weights)
        gate = data["derivative"][last]
        return alignment_angle(gate * data["projected_error"][last], gate * exact)

    for seed in range(5):
        angles = [
            find_angle(fixed, seed),
            find_angle(SignSymmetric, seed),
            find_angle(KolenPollack, seed, DECAY),
        ]
        assert angles[1] < angles[0], seed
        assert angles[2] < 0.1 < angles[0], seed  # of the difference, 0.4 % is left


@pytest.mark.parametrize("post_slice", [slice(None), [2, 0]], ids=str)
@pytest.mark.parametrize("from_neurons", [False, True])
def test_global_feedback_alignment_with_the_weights_between_neurons_is_backprop(
    Simulator, seed, allclose, from_neurons, post_slice
):
    """Both layers learn, so that decoders and encoders of the product change."""

    def run(global_):
        rng = np.random.RandomState(seed)
        with nengo.Network(seed=seed) as model:
            stimulus = nengo.Node(rng.randn(3))
            first, second = (
                nengo.Ensemble(n, 3, radius=1.5, intercepts=Uniform(-1, 0))
                for n in (9, 8)
            )
            error = nengo.Node(lambda t: [np.sin(90 * t), np.cos(70 * t)])
            encode1 = nengo.Connection(stimulus, first)
            post = second[post_slice]
            if from_neurons:
                pre = first.neurons
                transform = 0.01 * rng.randn(post.size_in, 9)
            else:
                pre, transform = first[: post.size_in], 1
            encode2 = nengo.Connection(pre, post, transform=transform)
            rates = dict(learning_rate=10, derivative=nengo_fa.Rate())
            rules = [FeedbackAlignment(2, **rates)]
            encode2.learning_rule_type = rules
            (rule2,) = encode2.learning_rule
            if global_:
                kind = Transport(encode2, to_neurons=True)
                encode1.learning_rule_type = FeedbackAlignment(
                    8, feedback=kind, **rates
                )
                node = NeuronError(rule2)
            else:
                encode1.learning_rule_type = Backprop(encode2, **rates)
                node = nengo_fa.BackpropagatedError(rule2)
            nengo.Connection(node, encode1.learning_rule, synapse=None)
            nengo.Connection(error, rule2, synapse=None)
            names = "delta", "scaled_encoders"
            rules = encode1.learning_rule, rule2
            probes = [nengo.Probe(rule, name) for rule in rules for name in names]
        with Simulator(model) as sim:
            sim.run(0.1)
        return [sim.data[probe] for probe in probes]

    backprop, other = run(False), run(True)
    for mine, theirs in zip(other, backprop):
        scale = np.abs(theirs).max()
        assert allclose(mine / scale, theirs / scale, rtol=1e-12, atol=1e-12)
    for scaled_encoders in other[1::2]:
        assert not np.allclose(scaled_encoders[0], scaled_encoders[-1], rtol=1e-2)
    assert np.abs(other[0]).max() > 0


def test_error_of_an_ensemble_is_about_its_dimensions(Simulator, seed):
    taught = Taught(align(Transport), seed, to_ensemble=True).run(Simulator)
    check_projection(taught.data)
    assert np.array_equal(taught.data["feedback"], taught.data["weights"])


@pytest.mark.parametrize("kind", [Transport, SignSymmetric, KolenPollack])
def test_single_precision(Simulator, seed, kind):
    nengo.rc["precision"]["bits"] = "32"
    single = Taught(align(kind), seed).run(Simulator, 0.05)
    assert single.data["feedback"].dtype == single.drawn.dtype == np.float32
    nengo.rc["precision"]["bits"] = "64"
    double = Taught(align(kind), seed).run(Simulator, 0.05)
    difference = single.data["feedback"] - double.data["feedback"]
    # a weight that passes through zero may change its sign one step earlier
    assert np.mean(np.abs(difference) > 1e-3) < 0.01


@pytest.fixture(scope="module")
def decode():
    return Taught(align(Transport), 0).decode


@given(
    seed=st.integers(0, 2**31 - 1),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    decay=st.floats(0, 1e4),
    dt=st.sampled_from([1e-3, 1]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_kolen_pollack_of_any_weights(decode, seed, shape, decay, dt, dtype):
    """Offline, the step works on arrays, without a simulator."""
    rng = np.random.RandomState(seed)
    weights, feedback = (rng.randn(*shape).astype(dtype) for _ in range(2))
    start = feedback - weights
    step = KolenPollack(decode, decay).make_step(weights, feedback, dt, rng)
    for update in range(5):
        weights[...] = rng.randn(*shape)
        step()
        expected = start * np.exp(-decay * dt * update)
        np.testing.assert_allclose(feedback - weights, expected, atol=2e-6)


def test_what_is_left_of_a_difference_in_the_end_is_exactly_nothing():
    weights, feedback = np.zeros((3, 2)), np.ones((3, 2))
    step = KolenPollack(Taught(align(Transport), 0).decode, 10.0).make_step(
        weights, feedback, 1, np.random
    )
    for _ in range(200):
        step()
    assert np.array_equal(feedback, weights)


def test_forward_weights_are_not_to_be_written_to(seed):
    class Careless(Feedback):
        def make_step(self, weights, feedback, dt, rng):
            weights *= 2

    with pytest.raises(ValueError, match="read-only"):
        nengo.Simulator(Taught(align(Careless), seed).model)


def test_fixed_feedback_costs_nothing(Simulator, seed):
    """No operator, no signal that changes; the probe holds what was drawn."""
    taught = Taught(lambda decode: FeedbackAlignment(2), seed).run(Simulator)
    np.testing.assert_array_equal(taught.data["feedback"][0], taught.drawn.T)
    model = nengo.builder.Model()
    model.build(taught.model)
    types = [type(operator) for operator in model.operators]
    assert types.count(SimEncoderLearning) == 1 and SimFeedback not in types
    assert model.sig[taught.encode.learning_rule]["feedback"].readonly


@pytest.mark.parametrize("redraw", [False, True])
def test_every_simulator_draws_the_same(Simulator, seed, redraw):
    """After a reset, too; and noise is that of the network with fixed feedback weights."""
    fixed, taught = (
        Taught(make_rule, seed)
        for make_rule in (
            lambda decode: FeedbackAlignment(2),
            align(SignSymmetric, Uniform(0, 1), redraw),
        )
    )
    noises = []
    for other in (fixed, taught):
        with other.model:
            noise = nengo.Probe(nengo.Node(nengo.processes.WhiteNoise()))
        with Simulator(other.model) as sim:
            sim.run(0.05)
            before = sim.data[other.probes["feedback"]].copy()
            sim.reset()
            sim.run(0.05)
            reset = sim.data[other.probes["feedback"]].copy()
            drawn = sim.data[other.encode.learning_rule].feedback
        with Simulator(other.model, seed=seed - 1) as sim:
            sim.run(0.05)
        again = sim.data[other.probes["feedback"]]
        assert np.array_equal(before, reset) and np.array_equal(before, again)
        is_redrawn = other is taught and redraw
        assert np.array_equal(np.abs(before[0]), np.abs(drawn.T)) is not is_redrawn
        noises.append(sim.data[noise].copy())
    assert np.array_equal(*noises)


KINDS = {
    "uniform": lambda connection, **kwargs: SignSymmetric(connection, **kwargs),
    "fixed random": lambda connection, **kwargs: SignSymmetric(
        connection, Uniform(0, 1), **kwargs
    ),
    "Kolen-Pollack": KolenPollack,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("post_slice", [slice(None), [3, 0]], ids=str)
@pytest.mark.parametrize("to_neurons", [False, True])
def test_step_function_does_not_allocate(find_allocated, kind, to_neurons, post_slice):
    with nengo.Network():
        pre, post = nengo.Ensemble(4000, 4), nengo.Ensemble(6, 4)
        post = post[post_slice]
        connection = nengo.Connection(pre[: post.size_in], post)
    kind = KINDS[kind](connection, to_neurons=to_neurons)
    shapes = [(connection.size_out, 4000), (6, 4)][: 2 if to_neurons else 1]
    reads = [Signal(np.random.RandomState(0).randn(*shape)) for shape in shapes]
    feedback = Signal(np.ones((kind.size_in, 4000)))
    reads = dict(zip(("weights", "encoders"), reads))
    random_state = make_random_state_signal("random_state")
    operator = SimFeedback(kind, reads, feedback, 0, random_state, state={})
    assert (
        find_allocated(operator) < 2 * 4000
    )  # bytes: less than any array of one per neuron


def test_networks_are_copied_with_their_feedback(Simulator, seed):
    model = Taught(align(KolenPollack, DECAY), seed).model
    copied = model.copy()
    rule_types = [net.connections[1].learning_rule_type for net in (model, copied)]
    assert rule_types[1].feedback.connection is copied.connections[0]
    runs = []
    for net in (model, copied):
        with Simulator(net) as sim:
            sim.run(0.05)
        runs.append([sim.data[probe] for probe in net.probes])
    assert all(np.array_equal(*pair) for pair in zip(*runs))


def test_feedback_after_freezing(Simulator, seed):
    """Sign-symmetric weights continue; weights of Kolen and Pollack start again."""
    for kind in (SignSymmetric, KolenPollack):
        taught = Taught(align(kind), seed)
        with Simulator(taught.model) as sim:
            sim.run(0.1)
            nengo_fa.freeze_params(sim, taught.model)
        taught.run(Simulator, 0.01)
        first = taught.data["feedback"][0]
        if kind is SignSymmetric:
            assert np.array_equal(first, np.sign(taught.data["weights"][0]))
        else:
            drawn = sim.data[taught.encode.learning_rule].feedback
            np.testing.assert_allclose(first, drawn.T, rtol=1e-12)


@given(
    seed=st.integers(0, 2**31 - 1),
    n=st.integers(1, 9),
    d=st.one_of(st.none(), st.integers(1, 9)),
    scale=st.floats(1e-3, 1e3),
)
def test_orthogonal(seed, n, d, scale):
    samples = Orthogonal(scale).sample(n, d, np.random.RandomState(seed))
    assert samples.shape == ((n,) if d is None else (n, d))
    samples = samples.reshape(n, -1) / scale
    gram = samples.T @ samples if n >= samples.shape[1] else samples @ samples.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_orthogonal_is_uniform(rng):
    """Every entry is symmetric about zero, with the variance of a unit vector's."""
    samples = np.array([Orthogonal().sample(3, 3, rng) for _ in range(2000)])
    assert np.abs(samples.mean(axis=0)).max() < 0.05
    assert np.abs(samples.var(axis=0) - 1 / 3).max() < 0.05


def test_orthogonal_in_a_rule(Simulator, seed):
    taught = Taught(lambda _: FeedbackAlignment(2, feedback=Orthogonal(3)), seed)
    taught.run(Simulator, 0.01)
    np.testing.assert_allclose(taught.drawn.T @ taught.drawn, 9 * np.eye(2), atol=1e-12)
