"""The whole state of a simulator is in its signals."""

import nengo
import numpy as np
import pytest
from nengo.dists import Gaussian, Uniform
from nengo_fa.feedback import Feedback, KolenPollack, SignSymmetric

import nengo_fa

pytestmark = pytest.mark.filterwarnings("ignore:The encoders of")


class Noisy(Feedback):
    """Of the old form: without a state of its own, but random, from the start on."""

    def make_step(self, weights, feedback, dt, rng):
        fixed = rng.randn(*weights.shape)
        start = np.array(weights)

        def step():
            feedback[...] = weights + start + fixed + rng.randn(weights.size + 1)[-1]

        return step


class Averaging(Feedback):
    """Remembers an average of the forward weights."""

    def make_state(self, n_neurons, size_in, rng):
        return {"average": rng.randn(n_neurons, size_in)}

    def make_step(self, weights, feedback, dt, rng, average):
        def step():
            average[...] += 0.1 * (weights - average)
            feedback[...] = average

        return step


class NoisyKolenPollack(KolenPollack):
    """Derived from one with a state, in the old form."""

    def make_step(self, weights, feedback, dt, rng):
        def step():
            feedback[...] = weights * rng.uniform(size=weights.shape)

        return step


class Leaky(nengo_fa.FeedbackAlignment):
    """A rule that remembers an average of its errors."""

    arrays = ("projected_error", "average")

    def make_state(self, n_neurons):
        return {"average": np.full(n_neurons, 0.5)}

    def make_step(self, out, projected_error, average):
        def step():
            average[...] += 0.1 * (projected_error - average)
            out[...] = average

        return step


FEEDBACK = {
    "Kolen-Pollack": lambda decode: KolenPollack(decode, decay=20),
    "sign-symmetric": lambda decode: SignSymmetric(decode, Uniform(0, 1)),
    "redrawn": lambda decode: SignSymmetric(decode, Uniform(0, 1), redraw=True),
    "redrawn, normal": lambda decode: SignSymmetric(
        decode, Gaussian(0, 1), redraw=True
    ),
    "without a state": Noisy,
    "with a state": Averaging,
    "derived": NoisyKolenPollack,
}


def stimulate(t):
    return [np.sin(90 * t), np.cos(70 * t), np.sin(50 * t)]


def get_error(t):
    return [np.cos(40 * t)]


def make_network(make_rule, neuron_type=None):
    with nengo.Network(seed=1) as model:
        neuron_type = nengo.AdaptiveLIF() if neuron_type is None else neuron_type
        hidden = nengo.Ensemble(7, 3, neuron_type=neuron_type)
        output, error = nengo.Node(size_in=1), nengo.Node(get_error)
        decode = nengo.Connection(
            hidden, output, function=np.sum, learning_rule_type=nengo.PES(1e-2)
        )
        encode = nengo.Connection(nengo.Node(stimulate), hidden)
        encode.learning_rule_type = make_rule(decode)
        nengo.Connection(error, encode.learning_rule)
        nengo.Connection(error, decode.learning_rule)
        for name in encode.learning_rule.probeable:
            nengo.Probe(encode.learning_rule, name)
    return model


def align(kind):
    return lambda decode: nengo_fa.FeedbackAlignment(
        1, feedback=kind(decode), derivative=nengo_fa.Rate(synapse=0.005)
    )


NETWORKS = {
    **{name: align(kind) for name, kind in FEEDBACK.items()},
    "Backprop": lambda decode: nengo_fa.Backprop(decode, pre_synapse=0.01),
    "rule with a state": lambda decode: Leaky(1),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_an_interrupted_simulation_goes_on(check_resumed, name):
    sim = check_resumed(make_network(NETWORKS[name]))
    assert np.any(sim._sim_data[sim.model.probes[0]][-1])  # delta


@pytest.mark.parametrize("name", NETWORKS)
def test_arrays_may_be_bound_late(check_late, name):
    check_late(make_network(NETWORKS[name]))


def test_state_between_neurons(check_resumed):
    with nengo.Network(seed=1) as model:
        stimulus, error = nengo.Node(stimulate), nengo.Node(get_error)
        first, second = nengo.Ensemble(7, 3), nengo.Ensemble(6, 7)
        encode1 = nengo.Connection(stimulus, first)
        encode2 = nengo.Connection(first.neurons, second, transform=np.eye(7))
        decode = nengo.Connection(second, nengo.Node(size_in=1), function=np.sum)
        nengo_fa.teach_chain(
            [encode1, encode2], decode, error, "global", feedback=KolenPollack
        )
        nengo.Probe(encode1.learning_rule, "feedback")
    check_resumed(model)


def test_random_numbers_are_those_of_the_seed(Simulator):
    """Numbers are the same as before their state was stored."""
    model = make_network(align(FEEDBACK["redrawn, normal"]))
    rule = model.connections[1].learning_rule
    with model:
        feedback, weights = (
            nengo.Probe(obj, name)
            for obj, name in [(rule, "feedback"), (model.connections[0], "weights")]
        )
    with Simulator(model) as sim:
        sim.run_steps(5)
        seed = sim.model.seeds[rule.connection]
    rng = np.random.RandomState([seed, 0, 1])
    for one, other in zip(sim.data[feedback], sim.data[weights]):
        expected = np.sign(other) * np.abs(rng.randn(7, 1)).T
        np.testing.assert_array_equal(one, expected)
