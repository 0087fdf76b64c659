"""Requirements of all variants of `nengo_fa.teach_chain`; one line adds a variant."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.rules.teach_chain import VARIANTS

#: The size of the error of each of three layers, of 6, 5 and 4 neurons, and the rule.
EXPECTED = {
    "direct": ([1, 1, 1], nengo_fa.FeedbackAlignment),
    "global": ([5, 4, 1], nengo_fa.FeedbackAlignment),
    "local": ([5, 4, 1], nengo_fa.FeedbackAlignment),
    "backprop": ([6, 5, 1], nengo_fa.Backprop),
    "local backprop": ([6, 5, 1], nengo_fa.Backprop),
}
every_variant = pytest.mark.parametrize("variant", VARIANTS)


class Chain:
    def __init__(self, variant, rate=0.5, **parameters):
        with nengo.Network(seed=1) as self.model:
            stimulus = nengo.Node(lambda t: np.sin([9 * t, 7 * t]), size_out=2)
            error = nengo.Node(lambda t: [np.cos(5 * t)], size_out=1)
            self.layers = [
                nengo.Ensemble(n, d, neuron_type=nengo.LIFRate(), seed=n)
                for n, d in [(6, 2), (5, 6), (4, 5)]
            ]
            self.encodes = [nengo.Connection(stimulus, self.layers[0], synapse=None)]
            for pre, post in zip(self.layers, self.layers[1:]):
                encode = nengo.Connection(
                    pre.neurons,
                    post,
                    transform=np.eye(pre.n_neurons) / 100,
                    synapse=None,
                )
                self.encodes.append(encode)
            output = nengo.Node(size_in=1)
            self.decode = nengo.Connection(self.layers[-1], output, function=np.sum)
            nengo_fa.teach_chain(
                self.encodes, self.decode, error, variant, rate, **parameters
            )
            self.rules = [encode.learning_rule for encode in self.encodes]
            self.deltas = [nengo.Probe(rule, "delta") for rule in self.rules]


def test_all_variants_are_known():
    assert set(EXPECTED) == set(VARIANTS)


@every_variant
def test_rules_and_errors_of_the_layers(variant):
    chain = Chain(variant, [1, 2, 3], normalization="forced")
    sizes, kind = EXPECTED[variant]
    assert [rule.size_in for rule in chain.rules] == sizes
    types = [rule.learning_rule_type for rule in chain.rules]
    assert all(type(rule_type) is kind for rule_type in types)
    assert [rule_type.learning_rate for rule_type in types] == [1, 2, 3]
    assert {rule_type.normalization for rule_type in types} == {"forced"}
    for rule in chain.rules:
        wires = [c for c in chain.model.all_connections if c.post_obj == rule]
        assert len(wires) == 1 and wires[0].synapse is None


@every_variant
def test_every_layer_learns_online(Simulator, variant):
    chain = Chain(variant)
    with Simulator(chain.model) as sim:
        sim.run(0.3)
    assert all(np.abs(sim.data[delta]).max() > 1e-9 for delta in chain.deltas)


@every_variant
def test_every_layer_learns_offline(variant, rng):
    chain = Chain(variant, 0.01)
    with nengo.Simulator(chain.model, progress_bar=False) as sim:
        start = [sim.data[layer].encoders for layer in chain.layers]
    x = rng.uniform(-1, 1, size=(40, 2))
    history = nengo_fa.train(
        chain.decode, x, x[:, :1], 3, network=chain.model, progress_bar=False
    )
    assert np.all(np.isfinite(history.rmse))
    for layer, encoders in zip(chain.layers, start):
        assert np.abs(layer.encoders - encoders).max() > 1e-9


@every_variant
def test_what_each_refuses(variant):
    with pytest.raises(ValidationError, match="learning_rate"):
        Chain(variant, [1, 2])
    for name in ("size_in", "connection"):
        with pytest.raises(ValidationError, match="the chain determines it") as info:
            Chain(variant, **{name: 3})
        assert info.value.attr == name
    if EXPECTED[variant][1] is nengo_fa.Backprop:
        with pytest.raises(ValidationError, match="no feedback weights"):
            Chain(variant, feedback=nengo.dists.Uniform(-1, 1))


def test_variants_differ_where_they_should(Simulator):
    """The last layer learns the same from all; the layers before it do not."""

    def run(variant):
        chain = Chain(variant)
        with Simulator(chain.model) as sim:
            sim.step()
            return [sim.data[delta][0] for delta in chain.deltas]

    first = {variant: run(variant)[0] for variant in VARIANTS}
    names = list(first)
    for i, name in enumerate(names):
        for other in names[:i]:
            assert not np.array_equal(first[name], first[other]), (name, other)
