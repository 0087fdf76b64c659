"""Dynamics learned from a teacher, in the loop of docs/dynamics.rst, over seeds."""

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa.experiments.sweep.claims import find_lower

TAU, LEARN, ALONE, SEEDS = 0.1, 8.0, 1.0, range(7)


def teach(t):
    """An oscillator of 0.5 Hz."""
    return np.array([np.cos(np.pi * t), np.sin(np.pi * t)])


def make_loop(seed, forcing, rate):
    """Make a network of which a part of the error is taken away while it learns."""

    def stand_in(t, decoded):
        error = decoded - teach(t)
        is_learning = t < LEARN
        return [*(decoded - forcing * is_learning * error), *(is_learning * error)]

    with nengo.Network(seed=seed) as network:
        state = nengo.Ensemble(50, 2, radius=1.2, neuron_type=nengo.LIFRate())
        loop = nengo.Node(stand_in, size_in=2)
        decode = nengo.Connection(
            state,
            loop,
            synapse=TAU,
            function=lambda x: [0, 0],
            learning_rule_type=nengo.PES(1e-4, pre_synapse=TAU),
        )
        nengo.Connection(loop[2:], decode.learning_rule, synapse=None)
        recur = nengo.Connection(loop[:2], state, synapse=None)
        if rate:
            recur.learning_rule_type = nengo_fa.FeedbackAlignment(
                2, rate, eligibility_synapse=TAU
            )
            nengo.Connection(loop[2:], recur.learning_rule, synapse=None)
        network.state = nengo.Probe(loop[:2])
    return network


def find_errors(forcing, rate):
    """The errors in the time alone after learning, of all seeds."""
    with nengo.Network() as model:
        networks = [make_loop(seed, forcing, rate) for seed in SEEDS]
    with nengo.Simulator(model, dt=0.004) as sim:
        sim.run(LEARN + ALONE)
    alone = sim.trange() > LEARN
    targets = np.transpose(teach(sim.trange()[alone]))
    errors = [sim.data[network.state][alone] - targets for network in networks]
    return np.sqrt(np.mean(np.sum(np.square(errors), axis=2), axis=1))


@pytest.mark.parametrize("forcing", [1.0, 0.8])
def test_network_goes_on_when_the_teacher_leaves(forcing):
    """Forced, or following an error that is fed back with a gain of four."""
    errors = find_errors(forcing, rate=1.0)
    # a network that is silent has an error of one
    assert find_lower("alone", errors, np.full(len(errors), 0.8)).verdict == "held"
