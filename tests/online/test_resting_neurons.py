"""Encoders in many dimensions stay as they are while no neuron has an error."""

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa.rules.normalizations import NORMALIZATIONS

NAMES = [name for name in NORMALIZATIONS if name is not None]
SHAPE = 128, 32


class Decaying(type(NORMALIZATIONS["forced"])):
    """A normalization of a user, which also changes encoders without an error."""

    keeps_lengths = False

    def make_step(self, h, x, encoders, delta, fields, scale):
        def step():
            np.multiply(encoders, -0.001, out=delta)

        return step


def run(Simulator, normalization, error, **kwargs):
    """Changes of the encoders in each time step, and the encoders in the end."""
    rng = np.random.RandomState(0)
    images = nengo.processes.PresentInput(rng.randn(10, SHAPE[1]), 0.002)
    with nengo.Network(seed=1) as model:
        stimulus, taught = nengo.Node(images), nengo.Node(error)
        hidden = nengo.Ensemble(*SHAPE, radius=3)
        rule = nengo_fa.FeedbackAlignment(1, 0.3, normalization=normalization, **kwargs)
        encode = nengo.Connection(stimulus, hidden, learning_rule_type=rule)
        nengo.Connection(taught, encode.learning_rule, synapse=None)
        delta = nengo.Probe(encode.learning_rule, "delta")
        encoders = nengo.Probe(hidden, "scaled_encoders")
    with Simulator(model) as sim:
        sim.run(0.04)
    return sim.data[delta], sim.data[encoders]


@pytest.mark.parametrize("eligibility_synapse", [None, 0.005])
@pytest.mark.parametrize("name", NAMES)
def test_encoders_are_those_without_a_rest(Simulator, name, eligibility_synapse):
    """To the last bit: a normalization that is derived from ours does not rest."""

    class Restless(type(NORMALIZATIONS[name])):
        pass

    def error(t):
        return np.sin(100 * t) * (t % 0.02 > 0.01)

    kwargs = {"eligibility_synapse": eligibility_synapse}
    delta, encoders = run(Simulator, name, error, **kwargs)
    at_rest = np.all(delta == 0, axis=(1, 2))
    assert 10 < np.sum(at_rest) < 30
    others = run(Simulator, Restless(), error, **kwargs)
    np.testing.assert_array_equal(delta, others[0])
    np.testing.assert_array_equal(encoders, others[1])


def test_normalizations_of_users_may_change_encoders_without_an_error(Simulator):
    delta, _ = run(Simulator, Decaying(), 0)
    assert np.all(delta[1:] != 0)
