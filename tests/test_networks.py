import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa.networks import Multiplication, MultiplicationComparison


def make(seed, learning=1.0, **kwargs):
    """A multiplication network on an input, with probes on what it learns."""
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
        assert np.array_equal(sim.signals[signal], before)
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
