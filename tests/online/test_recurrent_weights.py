"""Rules on the full matrix of recurrent weights."""

import nengo
import numpy as np

import nengo_fa
from nengo_fa import equations

TAU, DT = 0.02, 0.001


def test_full_recurrent_weights_learn_by_the_equations(Simulator, seed):
    """Random-feedback local online learning, with what the simulator recorded."""
    n_neurons, rate = 40, 0.7
    with nengo.Network(seed=seed) as model:
        hidden = nengo.Ensemble(
            n_neurons, n_neurons, gain=np.ones(n_neurons), bias=np.ones(n_neurons)
        )
        nengo.Connection(
            nengo.Node(lambda t: np.sin([40 * t, 60 * t])),
            hidden.neurons,
            transform=np.random.RandomState(seed).randn(n_neurons, 2),
        )
        rule = nengo_fa.FeedbackAlignment(
            1, rate, normalization=None, eligibility_synapse=TAU
        )
        recur = nengo.Connection(
            hidden.neurons,
            hidden,
            transform=0.01,
            synapse=TAU,
            learning_rule_type=rule,
        )
        error = nengo.Node(lambda t: np.cos(50 * t))
        nengo.Connection(error, recur.learning_rule, synapse=None)
        sources = [
            (hidden, "input"),
            (recur.learning_rule, "derivative"),
            (recur.learning_rule, "error"),
            (recur.learning_rule, "scaled_encoders"),
        ]
        probes = [nengo.Probe(*source) for source in sources]
    with Simulator(model) as sim:
        sim.run_steps(60)
    x, derivative, errors, weights = (sim.data[probe] for probe in probes)
    feedback = sim.data[recur.learning_rule].feedback
    trace = equations.eligibility_trace(derivative, x, np.exp(-DT / TAU))
    # as all that comes through a synapse, traces are one step late, and so are weights
    errors, trace = errors[1:-1], trace[:-2]
    gradient = equations.traced_gradient(errors, feedback, trace)
    expected = -rate * DT * len(errors) * gradient
    change = weights[-1] - sim.data[hidden].scaled_encoders
    assert np.abs(change).max() > 1e-5
    np.testing.assert_allclose(change, expected, rtol=1e-6, atol=1e-9)
