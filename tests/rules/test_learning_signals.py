"""Learning signals, which scale the learning rates of encoder rules."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_fa

RULES = {
    **{
        str(name): nengo_fa.FeedbackAlignment(1, normalization=name)
        for name in (None, "forced", "augmented", "homeostatic", "stabilized")
    },
    "BurstLearning": nengo_fa.BurstLearning(),
}


def make_network(rule, signal=None, n_neurons=20):
    with nengo.Network(seed=1) as network:
        stimulus, error = nengo.Node([0.5, -0.5]), nengo.Node([1.0])
        hidden = nengo.Ensemble(n_neurons, 2, neuron_type=nengo_fa.PyramidalRate())
        network.encode = encode = nengo.Connection(
            stimulus, hidden, learning_rule_type=rule
        )
        if rule.size_in:
            nengo.Connection(error, encode.learning_rule)
        else:
            apical = nengo_fa.ApicalDendrites(hidden)
            nengo.Connection(
                error, apical, transform=np.ones((n_neurons, 1)), synapse=None
            )
        if signal is not None:
            with nengo.Network():
                node = nengo_fa.LearningSignal(encode.learning_rule)
                network.node = node
                source = nengo.Node(signal, size_out=1)
                nengo.Connection(source, node, synapse=None)
        network.probe = nengo.Probe(encode.learning_rule, "scaled_encoders")
    return network


def run(Simulator, network, time=0.02):
    with Simulator(network) as sim:
        sim.run(time)
    return sim.data[network.probe]


@pytest.mark.parametrize("name", RULES)
def test_the_signal_is_added_to_one(Simulator, name):
    rule = RULES[name]
    plain = run(Simulator, make_network(rule))
    assert np.any(plain[-1] != plain[0])
    np.testing.assert_array_equal(run(Simulator, make_network(rule, [0.0])), plain)
    still = run(Simulator, make_network(rule, [-1.0]))
    np.testing.assert_array_equal(still, np.broadcast_to(still[0], still.shape))


def test_the_signal_scales_the_rate(Simulator):
    rate = 0.25
    slow = nengo_fa.FeedbackAlignment(1, learning_rate=rate)
    expected = run(Simulator, make_network(nengo_fa.FeedbackAlignment(1)))
    found = run(Simulator, make_network(slow, [1 / rate - 1]))
    np.testing.assert_array_equal(found, expected)


def test_a_network_switches_learning_in_the_same_step(Simulator):
    rule = nengo_fa.FeedbackAlignment(1)
    plain = run(Simulator, make_network(rule))
    switched = run(Simulator, make_network(rule, lambda t: -float(t > 0.01)))
    # the change of a step is added in the next
    np.testing.assert_array_equal(switched[:11], plain[:11])
    assert np.any(plain[11] != plain[10])
    np.testing.assert_array_equal(switched[11:], np.tile(plain[10], (9, 1, 1)))


def test_signals_add_up_and_the_factor_is_probed(Simulator):
    network = make_network(nengo_fa.FeedbackAlignment(1), [0.5])
    with network:
        nengo.Connection(nengo.Node([0.25]), network.node, synapse=None)
        probe = nengo.Probe(network.node)
    with Simulator(network) as sim:
        sim.run(0.002)
    np.testing.assert_array_equal(sim.data[probe], [[1.75], [1.75]])


def test_without_a_connection_the_rate_is_as_it_was(Simulator):
    network = make_network(nengo_fa.FeedbackAlignment(1))
    expected = run(Simulator, network)
    with network:
        nengo_fa.LearningSignal(network.encode.learning_rule)
    np.testing.assert_array_equal(run(Simulator, network), expected)


@pytest.mark.parametrize("name", ["augmented", "BurstLearning"])
def test_the_signal_is_in_the_state(check_resumed, name):
    check_resumed(
        make_network(RULES[name], nengo.processes.WhiteSignal(1.0, 50, seed=1))
    )


def test_arrays_may_be_bound_late(check_late):
    check_late(make_network(RULES["forced"], [-0.5]))


def test_a_step_with_a_signal_does_not_allocate(find_allocated):
    model = nengo.builder.Model()
    model.build(make_network(nengo_fa.FeedbackAlignment(1), [0.5], n_neurons=50_000))
    (operator,) = [
        other
        for other in model.operators
        if type(other).__name__ == "SimEncoderLearning"
    ]
    assert find_allocated(operator) < 50_000 / 4  # bytes


def test_only_rules_of_nengo_fa_have_a_signal():
    with nengo.Network():
        a, b = nengo.Ensemble(10, 1), nengo.Ensemble(10, 1)
        decode = nengo.Connection(a, b, learning_rule_type=nengo.PES())
        with pytest.raises(ValidationError, match="nengo.PES is controlled by a gate"):
            nengo_fa.LearningSignal(decode.learning_rule)
        with pytest.raises(ValidationError, match="connection.learning_rule"):
            nengo_fa.LearningSignal(decode)


def test_a_rule_has_one_signal(Simulator):
    network = make_network(nengo_fa.FeedbackAlignment(1), [0.5])
    with network:
        nengo_fa.LearningSignal(network.encode.learning_rule)
    with pytest.raises(BuildError, match="another LearningSignal"):
        Simulator(network)


def test_the_rule_is_that_of_now(Simulator):
    network = make_network(nengo_fa.FeedbackAlignment(1))
    with network:
        nengo_fa.LearningSignal(network.encode.learning_rule)
    network.encode.learning_rule_type = None
    network.connections[1:] = []
    network.probes.clear()
    with pytest.raises(BuildError, match="not part of the model"):
        Simulator(network)
