"""The nodes that put out the errors of a layer."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_fa
from nengo_fa import Backprop, BackpropagatedError, FeedbackAlignment, NeuronError
from nengo_fa.online.error_nodes import SimErrorNode


@pytest.mark.parametrize("order", ["reversed", "nodes below", "nodes above"])
@pytest.mark.parametrize("post_slice", [slice(None), [2, 0]], ids=str)
def test_errors_are_those_of_the_same_step_wherever_declared(
    Simulator, seed, post_slice, order
):
    """Spiking, while both layers learn."""
    rng = np.random.RandomState(seed)
    above = nengo.Network(seed=seed)
    with above:
        below = nengo.Network(seed=seed)
    layers_in = below if order == "nodes above" else above
    nodes_in = below if order == "nodes below" else above
    with layers_in:
        error = nengo.Node(lambda t: [np.sin(90 * t), np.cos(70 * t)])
        stimulus = nengo.Node(rng.randn(3))
        first, second = (
            nengo.Ensemble(n, 3, radius=1.5, intercepts=nengo.dists.Uniform(-1, 0))
            for n in (9, 8)
        )
        size = second[post_slice].size_in
        rule = dict(learning_rate=10, derivative=nengo_fa.Rate())

        def declare_second():
            rule_type = FeedbackAlignment(2, **rule)
            return nengo.Connection(
                first[:size], second[post_slice], learning_rule_type=rule_type
            )

        encode2 = declare_second() if order == "reversed" else None
        encode1 = nengo.Connection(stimulus, first)
        encode2 = encode2 or declare_second()
        encode1.learning_rule_type = [
            Backprop(encode2, **rule),
            FeedbackAlignment(8, **rule),
            FeedbackAlignment(8, feedback=np.eye(9, 8), **rule),
        ]
        nengo.Connection(error, encode2.learning_rule, synapse=None)
    with nodes_in:
        nodes = [
            BackpropagatedError(encode2.learning_rule),
            NeuronError(encode2.learning_rule),
            NeuronError(encode2.learning_rule, gated=False),
        ]
    with above:
        for node, taught in zip(nodes, encode1.learning_rule):
            nengo.Connection(node, taught, synapse=None)
        got = [nengo.Probe(taught, "error") for taught in encode1.learning_rule]
        names = "projected_error", "derivative", "scaled_encoders"
        probes = [nengo.Probe(encode2.learning_rule, name) for name in names]
    with Simulator(above) as sim:
        sim.run(0.05)
    projected, derivative, scaled = (sim.data[probe] for probe in probes)
    gated = projected * derivative
    backpropagated = np.einsum("ti,tij->tj", gated, scaled)[:, post_slice]
    for probe, expected in zip(got, (backpropagated, gated, projected)):
        np.testing.assert_allclose(sim.data[probe], expected, rtol=1e-10, atol=1e-12)
        assert np.abs(expected).max() > 0
    assert not np.allclose(scaled[0], scaled[-1], rtol=1e-2)


def test_wrong_rules_are_refused(Simulator, seed):
    with nengo.Network(seed=seed) as model:
        stimulus, first = nengo.Node(np.zeros(2)), nengo.Ensemble(9, 2)
        encode = nengo.Connection(stimulus, first)
        rule = FeedbackAlignment(1)
        voja = nengo.Connection(stimulus, first, learning_rule_type=nengo.Voja())
        both = nengo.Connection(
            stimulus, first, learning_rule_type=[rule, nengo.Voja()]
        )
        named = nengo.Connection(stimulus, first, learning_rule_type={"a": rule})
        n_nodes = len(model.nodes)
        for cls in (NeuronError, BackpropagatedError):
            for wrong, words in (
                (encode.learning_rule, "set the learning_rule_type of the"),
                (both, "connection.learning_rule"),
                (rule, "connection.learning_rule"),
                (voja.learning_rule, "nengo_fa.Backprop"),
                (both.learning_rule, "has several rules, give one"),
                (both.learning_rule[1], "nengo_fa.FeedbackAlignment"),
                (named.learning_rule, "has several rules, give one"),
                (first, "Must be the encoder rule"),
            ):
                with pytest.raises(ValidationError, match=words):
                    cls(wrong)
        with pytest.raises(ValidationError, match="gated"):
            NeuronError(both.learning_rule[0], gated="no")
        assert len(model.nodes) == n_nodes
        NeuronError(both.learning_rule[0]), NeuronError(named.learning_rule["a"])
    with Simulator(model):
        pass


@pytest.mark.parametrize("change", ["other rule", "no rule", "other network"])
def test_rules_that_are_not_in_the_model_are_refused(Simulator, seed, change):
    with nengo.Network(seed=seed):
        stimulus, first = nengo.Node(np.zeros(2)), nengo.Ensemble(9, 2)
        rule = FeedbackAlignment(1)
        encode = nengo.Connection(stimulus, first, learning_rule_type=rule)
        if change != "other network":
            model = nengo.Network.context[-1]
            NeuronError(encode.learning_rule)
            encode.learning_rule_type = (
                FeedbackAlignment(2) if change == "other rule" else None
            )
    if change == "other network":
        with nengo.Network(seed=seed) as model:
            BackpropagatedError(encode.learning_rule)
    with pytest.raises(BuildError, match="not part of the model"):
        Simulator(model)


@pytest.mark.parametrize("make", [BackpropagatedError, NeuronError])
@pytest.mark.parametrize("post_slice", [slice(None), [2, 0]], ids=str)
def test_step_function_does_not_allocate(find_allocated, seed, make, post_slice):
    n_neurons = 5000
    with nengo.Network(seed=seed) as network:
        ensemble = nengo.Ensemble(n_neurons, 3)
        post = ensemble[post_slice]
        encode = nengo.Connection(
            nengo.Node(np.ones(post.size_in)),
            post,
            learning_rule_type=FeedbackAlignment(1),
        )
        make(encode.learning_rule)
    model = nengo.builder.Model()
    model.build(network)
    (operator,) = (op for op in model.operators if isinstance(op, SimErrorNode))
    assert (
        find_allocated(operator) < n_neurons / 4
    )  # bytes: less than any array of one per neuron
