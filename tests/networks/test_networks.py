import pickle

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.learned import get_live_signals
from nengo_fa.networks import (
    BalancedHypersphere,
    BurstMultiplication,
    Classifier,
    DeepClassifier,
    Multiplication,
    MultiplicationComparison,
)


def make(seed, learning=1.0, **kwargs):
    """Make a multiplication network with an input, and probes on the learned parameters."""
    with nengo.Network(seed=seed) as model:
        stimulus = nengo.Node(lambda t: [np.sin(7 * t), np.cos(11 * t)])
        model.product = Multiplication(learning=learning, seed=seed, **kwargs)
        nengo.Connection(stimulus, model.product.input, synapse=None)
        model.recorded = [
            nengo.Probe(model.product.decode, "weights"),
            nengo.Probe(model.product.gated_error),
            nengo.Probe(model.product.error),
        ]
        if model.product.encode.learning_rule is not None:
            rule = model.product.encode.learning_rule
            model.recorded.append(nengo.Probe(rule, "scaled_encoders"))
    return model


def changed(values):
    """Whether values over time differ from each step to the next."""
    steps = np.diff(values.reshape(len(values), -1), axis=0)
    return np.any(steps != 0, axis=1)


@pytest.mark.parametrize("neuron_type", [nengo.LIF(), nengo.LIFRate()])
def test_learning_is_switched_off_and_on_exactly(Simulator, seed, neuron_type):
    model = make(seed, lambda t: 0.1 < t <= 0.2, neuron_type=neuron_type)
    with Simulator(model) as sim:
        sim.run(0.3)
    weights, _, error, encoders = (sim.data[probe] for probe in model.recorded)
    assert np.all(error[150:] != 0)
    for values in (weights, encoders):
        moving = changed(values)
        assert not np.any(moving[:99])
        assert np.mean(moving[110:195]) > 0.9
        assert not np.any(moving[201:])


def test_learning_rate_schedule(Simulator, seed, allclose):
    """Half the error is half the learning rate."""

    def encoders(learning, learning_rate):
        rule = nengo_fa.FeedbackAlignment(1, learning_rate=learning_rate)
        # decoders that do not learn, so that the error is not different
        model = make(seed, learning, encoder_rule=rule, decoder_rule=nengo.PES(0))
        with Simulator(model) as sim:
            sim.run(0.1)
        return sim.data[model.recorded[-1]]

    half = encoders(0.5, 2.0)
    assert allclose(half, encoders(1.0, 1.0), atol=1e-12)
    assert allclose(half, encoders(lambda t: 0.5, 2.0), atol=1e-12)
    assert not allclose(half, encoders(1.0, 2.0), atol=1e-3, record_rmse=False)


def test_fixed_encoders(Simulator, seed):
    model = make(seed, encoder_rule=None)
    with Simulator(model) as sim:
        before = sim.data[model.product.hidden].scaled_encoders.copy()
        sim.run(0.1)
        signal = sim.model.sig[model.product.hidden]["encoders"]
        np.testing.assert_array_equal(get_live_signals(sim)[0][signal], before)
    assert np.any(changed(sim.data[model.recorded[0]]))


def test_fixed_decoders(Simulator, seed):
    model = make(seed, decoder_rule=None)
    with Simulator(model) as sim:
        sim.run(0.1)
    assert np.all(sim.data[model.recorded[0]] == 0)
    assert np.any(changed(sim.data[model.recorded[-1]]))


def test_comparison_differs_in_the_rule_only(Simulator, seed):
    model = MultiplicationComparison(seed=seed, n_neurons=12)
    with Simulator(model) as sim:
        learned, fixed = (sim.data[net.hidden] for net in (model.learned, model.fixed))
    for name in ("encoders", "gain", "bias", "eval_points"):
        assert np.array_equal(getattr(learned, name), getattr(fixed, name))
    assert model.fixed.encode.learning_rule is None
    assert isinstance(
        model.learned.encode.learning_rule_type, nengo_fa.FeedbackAlignment
    )


def test_seeds(Simulator):
    def encoders(**kwargs):
        model = MultiplicationComparison(**kwargs)
        with Simulator(model) as sim:
            assert np.array_equal(
                sim.data[model.learned.hidden].gain, sim.data[model.fixed.hidden].gain
            )
            return sim.data[model.learned.hidden].encoders

    assert np.array_equal(encoders(seed=1), encoders(seed=1))
    assert not np.allclose(encoders(seed=1), encoders(seed=2))
    with nengo.Network():
        assert np.array_equal(encoders(), encoders())


def test_target_has_the_delay_of_the_output(Simulator, seed):
    """A perfect network would have no error."""
    model = make(seed, synapse=0.02, decoder_rule=nengo.PES(0))
    with model:
        nengo.Connection(model.product.target, model.product.output, synapse=0.02)
        error = nengo.Probe(model.product.error)
    with Simulator(model) as sim:
        sim.run(0.1)
    assert np.abs(sim.data[error]).max() < 1e-12


@pytest.mark.parametrize("learning", ["on", [1.0], np.ones(2)])
def test_learning_must_be_a_number_or_a_function(learning):
    with pytest.raises(
        nengo.exceptions.ValidationError, match="Must be a number, a fun"
    ):
        Multiplication(learning=learning)
    assert not nengo.Network.context


@pytest.mark.parametrize("size_in", [784, 64])
@pytest.mark.parametrize(
    "neuron_type",
    [nengo.LIFRate(amplitude=1 / 300), nengo.RectifiedLinear(amplitude=1 / 300)],
    ids=str,
)
def test_signals_live_through_eight_layers(Simulator, seed, rng, neuron_type, size_in):
    """Neurons that are silent or saturated for all samples could not learn."""
    classifier = DeepClassifier(
        size_in, 10, n_neurons=[100] * 8, neuron_type=neuron_type, seed=seed
    )
    x = nengo.dists.UniformHypersphere(surface=True).sample(500, size_in, rng=rng)
    with Simulator(classifier) as sim:
        for layer in classifier.layers:
            built = sim.data[layer]
            current = x @ built.scaled_encoders.T + built.bias
            x = neuron_type.rates(current, np.ones(100), np.zeros(100))
            assert np.mean(np.all(x == 0, axis=0)) < 0.25
            assert np.mean(np.std(x, axis=0) > 1e-3) > 0.6
            assert 0.01 < np.std(x, axis=0).mean() < 0.5
            assert x.max() < 2


def test_layers_of_a_deep_classifier(Simulator, seed, allclose):
    """Each layer receives all activities of the previous layer, and all layers differ."""
    classifier = DeepClassifier(5, 3, n_neurons=[7, 8, 8], synapse=0.02, seed=seed)
    assert [layer.dimensions for layer in classifier.layers] == [5, 7, 8]
    assert classifier.decode.pre is classifier.layers[-1]
    assert classifier.decode.synapse == classifier.encodes[1].synapse
    assert classifier.encodes[0].synapse is None
    with Simulator(classifier) as sim:
        for before, encode in zip(classifier.layers, classifier.encodes[1:]):
            assert encode.pre_obj == before.neurons
            assert np.array_equal(sim.data[encode].weights, np.eye(before.n_neurons))
        first, *others = (sim.data[layer].encoders for layer in classifier.layers)
    assert not allclose(first.sum(axis=1), 0, record_rmse=False)
    for encoders in others:
        assert allclose(encoders.sum(axis=1), 0)
        assert allclose(np.linalg.norm(encoders, axis=1), 1)
    assert not allclose(others[1][:, :7], others[0], record_rmse=False)


def test_a_classifier_is_a_deep_one_of_one_layer(Simulator, seed):
    networks = Classifier(4, 2, 9, seed=seed), DeepClassifier(4, 2, [9], seed=seed)
    with Simulator(networks[0]) as sim, Simulator(networks[1]) as deep:
        ours, theirs = sim.data[networks[0].hidden], deep.data[networks[1].layers[0]]
        assert np.array_equal(ours.scaled_encoders, theirs.scaled_encoders)
        assert np.array_equal(ours.bias, theirs.bias)
    assert networks[0].encode is networks[0].encodes[0]


@pytest.mark.parametrize(
    "n_neurons", [[], 200, [1, 5], "ab", [5, 2.5], [[5, 5]]], ids=str
)
def test_layers_that_there_cannot_be(n_neurons):
    with pytest.raises(nengo.exceptions.ValidationError, match=r"such as \[200, 200\]"):
        DeepClassifier(4, 2, n_neurons=n_neurons)


def test_balanced_vectors(rng, allclose):
    vectors = BalancedHypersphere().sample(2000, 3, rng=rng)
    assert allclose(np.linalg.norm(vectors, axis=1), 1)
    assert allclose(vectors.sum(axis=1), 0)
    # all directions alike, of the two that are left
    assert allclose(vectors.T @ vectors / 2000, (np.eye(3) - 1 / 3) / 2, atol=0.03)
    with pytest.raises(nengo.exceptions.ValidationError, match="at least 2"):
        BalancedHypersphere().sample(3, 1)


def test_bursts_teach_by_no_other_rule():
    with pytest.raises(ValidationError, match="use Multiplication"):
        BurstMultiplication(encoder_rule=nengo_fa.FeedbackAlignment(1))
    assert BurstMultiplication(encoder_rule=None).encode.learning_rule is None


@pytest.mark.parametrize(
    "make",
    [
        nengo_fa.networks.Multiplication,
        nengo_fa.networks.BurstMultiplication,
        nengo_fa.networks.MultiplicationComparison,
        lambda seed: nengo_fa.networks.Classifier(4, 3, seed=seed),
        lambda seed: nengo_fa.networks.DeepClassifier(4, 3, seed=seed),
    ],
)
def test_simulators_can_be_pickled(make):
    """Copies continue from the same state."""
    with nengo.Simulator(make(seed=1)) as sim:
        sim.run_steps(5)
        other = pickle.loads(pickle.dumps(sim))
        sim.run_steps(5)
        other.run_steps(5)
        for ensemble, theirs in zip(
            sim.model.toplevel.all_ensembles, other.model.toplevel.all_ensembles
        ):
            np.testing.assert_array_equal(
                get_live_signals(sim)[0][sim.model.sig[ensemble]["encoders"]],
                get_live_signals(other)[0][other.model.sig[theirs]["encoders"]],
            )
        other.close()
