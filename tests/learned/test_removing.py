"""Networks without their learning rules."""

import nengo
import numpy as np
import pytest
from nengo.builder.operator import Operator
from nengo.exceptions import ValidationError

import nengo_fa


def make_network(seed):
    """Make two layers with rules, in a network and its subnetwork, with their error nodes."""
    with nengo.Network(seed=seed) as model:
        stimulus, error = nengo.Node([0.5, -0.2]), nengo.Node(size_in=1)
        first, output = nengo.Ensemble(20, 2), nengo.Node(size_in=1)
        with nengo.Network():
            second = nengo.Ensemble(30, 20, radius=3)
            inner = nengo.Connection(
                first.neurons, second, transform=np.eye(20) / 100, synapse=0.01
            )
        outer = nengo.Connection(stimulus, first)
        decode = nengo.Connection(
            second, output, function=lambda x: 0, learning_rule_type=nengo.PES()
        )
        nengo_fa.teach_chain([outer, inner], decode, error, variant="global")
        nengo.Connection(output, error)
        nengo.Connection(nengo.Node(-0.5), error)  # the output is to be one half
        nengo.Connection(error, decode.learning_rule)
        signal = nengo_fa.LearningSignal(inner.learning_rule)
        nengo.Connection(nengo.Node(-0.5), signal)
        nengo.Probe(inner.learning_rule, "delta")
        probe = nengo.Probe(output, synapse=0.01)
    return model, probe


def test_what_was_learned_runs_without_rules(Simulator, seed):
    model, probe = make_network(seed)
    with Simulator(model) as sim:
        sim.run(0.2)
        nengo_fa.freeze_params(sim, model)
    gone = [c for c in model.all_connections if _is_rule(c.post_obj)]
    nengo_fa.remove_learning_rules(model)
    kept = model.all_connections
    assert gone and not any(_is_rule(c.post_obj) for c in kept)
    assert len(model.all_ensembles) == 2 and len(model.all_probes) == 1
    assert all(c.learning_rule_type is None for c in kept)
    with nengo.Simulator(model) as sim:
        sim.run(0.2)
        assert not any(_is_ours(operator) for operator in sim.model.operators)
    assert np.abs(sim.data[probe][-1]) > 0.01  # where it would be zero without learning


def test_only_networks_have_rules_to_remove():
    with pytest.raises(ValidationError, match="nengo.Network"):
        nengo_fa.remove_learning_rules("model")


def _is_rule(obj):
    return isinstance(obj, nengo.connection.LearningRule)


def _is_ours(operator: Operator):
    return type(operator).__module__.startswith("nengo_fa")
