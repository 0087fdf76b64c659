"""Networks that have learned run in the emulator of nengo-loihi."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError

import nengo_fa

nengo_loihi = pytest.importorskip("nengo_loihi")


def make_product(**rules):
    """Two numbers and their product; the encoders are learned."""
    with nengo.Network(seed=1) as product:
        product.input, output = nengo.Node(size_in=2), nengo.Node(size_in=1)
        product.hidden = nengo.Ensemble(50, 2, radius=1.5)
        product.encode = nengo.Connection(product.input, product.hidden, **rules)
        product.decode = nengo.Connection(product.hidden, output, function=np.prod)
        product.probe = nengo.Probe(output, synapse=0.03)
    return product


def run(Simulator, product):
    with nengo.Network(seed=2) as network:
        stimulus = nengo.Node(lambda t: [np.sin(7 * t), np.cos(5 * t)])
        network.add(product)
        nengo.Connection(stimulus, product.input, synapse=None)
    with Simulator(network, progress_bar=False) as sim:
        sim.run(1)
        return sim.data[product.probe][:, 0], sim.data[product.hidden].encoders


@pytest.fixture
def learned(tmp_path):
    """The path of learned parameters."""
    product = make_product(learning_rule_type=nengo_fa.FeedbackAlignment(1))
    x = np.random.RandomState(1).uniform(-1, 1, size=(500, 2))
    y = np.prod(x, axis=1, keepdims=True)
    nengo_fa.train(product.decode, x, y, epochs=20, network=product, seed=1)
    with nengo.Simulator(product, progress_bar=False) as sim:
        nengo_fa.save(sim, product, tmp_path / "product.npz")
    return tmp_path / "product.npz"


def test_runs_what_was_learned(learned):
    unlearned, product = make_product(), make_product()
    nengo_fa.load(product, learned)
    expected, encoders = run(nengo.Simulator, product)
    found, there = run(nengo_loihi.Simulator, product)
    np.testing.assert_allclose(there, encoders, rtol=1e-5)
    other, before = run(nengo_loihi.Simulator, unlearned)
    assert np.max(np.abs(encoders - before)) > 0.1
    # the chip rounds weights and voltages, and neurons stand between two ensembles
    assert difference(found, expected) < 0.25 < difference(other, expected)


def difference(found, expected):
    """Return the difference from the expected output, relative to it, after filters settle."""
    return np.std((found - expected)[100:]) / np.std(expected[100:])


def test_refuses_rules():
    product = make_product(learning_rule_type=nengo_fa.FeedbackAlignment(1))
    with product:
        nengo.Connection(nengo.Node([1]), product.encode.learning_rule)
    with pytest.raises(BuildError, match="nengo-loihi does not run .*freeze_params"):
        nengo_loihi.Simulator(product, progress_bar=False)
