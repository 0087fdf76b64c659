"""Metrics of each layer, beside offline training."""

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa import FeedbackAlignment, Rate, teach_chain
from nengo_fa.geometry import alignment_angle, selectivity
from nengo_fa.networks import DeepClassifier
from nengo_fa.offline import metrics
from nengo_fa.rules.teach_chain import VARIANTS

NAMES = "alignment", "weight_ratio", "selectivity", "dead"
NEURON_TYPE = nengo.LIFRate(amplitude=1 / 300)


def make_samples(seed=0, n_samples=200, size_in=6, n_classes=4):
    """The class is the quadrant of two of the dimensions."""
    x = np.random.RandomState(seed).normal(size=(n_samples, size_in)) / size_in**0.5
    return x, np.eye(n_classes)[(x[:, 0] > 0) + 2 * (x[:, 1] > 0)]


def make_network(variant="global", n_neurons=(14, 12), learning_rate=1.0, **kwargs):
    network = DeepClassifier(
        6, 4, n_neurons, neuron_type=NEURON_TYPE, seed=kwargs.pop("seed", 1)
    )
    kwargs = {"derivative": Rate(), "normalization": "augmented", **kwargs}
    with network:
        teach_chain(
            network.encodes,
            network.decode,
            variant=variant,
            learning_rate=learning_rate,
            **kwargs,
        )
    return network


def train(network, epochs=2, samples=None, **kwargs):
    kwargs = {"metrics": True, "progress_bar": False, **kwargs}
    x, y = make_samples() if samples is None else samples
    return nengo_fa.train(network.decode, x, y, epochs, network=network, **kwargs)


@pytest.mark.parametrize("batch_size", [None, 60])
@pytest.mark.parametrize("presentation_time", [None, 0.02])
def test_they_change_nothing(batch_size, presentation_time):
    """Training stays the same to the last bit, and metrics do not read other arrays."""
    kwargs = {"batch_size": batch_size, "presentation_time": presentation_time}
    samples = make_samples(n_samples=metrics.N_SAMPLES + 100)
    ours, plain = (
        train(make_network(), samples=samples, metrics=wanted, **kwargs)
        for wanted in (True, False)
    )
    assert np.array_equal(ours.rmse, plain.rmse)
    assert np.array_equal(ours.decoders, plain.decoders)
    for layer, other in zip(ours.layers, plain.layers):
        assert np.array_equal(layer.encoders, other.encoders)
        for name in NAMES:
            assert getattr(layer, name).shape == (3,)
            assert getattr(other, name) is None


@pytest.mark.parametrize("normalization", [None, "forced", "augmented"])
@pytest.mark.parametrize("presentation_time", [None, 0.02])
def test_backpropagation_is_aligned_with_itself(
    allclose, normalization, presentation_time
):
    net = make_network("backprop", (14, 12, 10), normalization=normalization)
    for layer in train(net, presentation_time=presentation_time).layers:
        assert allclose(layer.alignment, 0, atol=1e-7)
        assert allclose(layer.weight_ratio, 1)


def find_by_hand(network, history, Simulator):
    """The metrics of both layers of a trained network, by the equations."""
    x, y = make_samples()
    with Simulator(network) as sim:
        w1, w2 = (sim.data[layer].scaled_encoders for layer in network.layers)
        j1, j2 = (sim.data[layer].bias for layer in network.layers)
        rules = [encode.learning_rule for encode in network.encodes]
        b1, b2 = (sim.data[rule].feedback for rule in rules)
        scales = [
            sim.data[layer].gain[:, None] / layer.radius for layer in network.layers
        ]
    d, variant = history.decoders, network.variant

    def respond(currents):
        n_neurons = currents.shape[1]
        rates = NEURON_TYPE.rates(currents, np.ones(n_neurons), np.zeros(n_neurons))
        return rates, Rate()(NEURON_TYPE, currents)

    a1, f1 = respond(x @ w1.T + j1)
    a2, f2 = respond(a1 @ w2.T + j2)
    error = a2 @ d.T - y
    delta2 = f2 * (error @ b2.T)
    exact2 = f2 * (error @ d)
    exact1 = f1 * (exact2 @ w2)
    layer_error = {"direct": error, "global": delta2, "local": error @ b2.T}[variant]
    delta1 = f1 * (layer_error @ b1.T)

    def find_angle(delta, exact, inputs, scale):
        return alignment_angle(scale * (delta.T @ inputs), scale * (exact.T @ inputs))

    direct = variant == "direct"
    way, product = (d @ w2, b1) if direct else (w2, b1 @ b2)
    norm = np.linalg.norm
    return [
        (
            find_angle(delta1, exact1, x, scales[0]),
            norm(way) / norm(b1),
            np.nanmean(selectivity(a1, y, product)),
            np.mean(a1.max(axis=0) == 0),
        ),
        (
            find_angle(delta2, exact2, a1, scales[1]),
            norm(d) / norm(b2),
            np.nanmean(selectivity(a2, y, b2)),
            np.mean(a2.max(axis=0) == 0),
        ),
    ]


@pytest.mark.parametrize("epochs", [0, 3])
@pytest.mark.parametrize("variant", ["direct", "global", "local"])
def test_they_are_what_the_equations_say(Simulator, allclose, variant, epochs):
    network = make_network(variant, normalization=None)
    network.variant = variant
    history = train(network, epochs)
    expected = find_by_hand(network, history, Simulator)
    for layer, values in zip(history.layers, expected):
        ours = [getattr(layer, name)[-1] for name in NAMES]
        assert allclose(ours, values, rtol=1e-6, atol=1e-9)


@pytest.mark.filterwarnings("ignore:Specifying the gains and biases")
def test_dead_neurons_are_counted():
    network = make_network("backprop", [10, 8])
    for layer, n_silent in zip(network.layers, (0, 3)):
        layer.bias = [-1e3] * n_silent + [2.0] * (layer.n_neurons - n_silent)
        layer.gain = np.full(layer.n_neurons, 0.1)
    first, last = train(network, 1).layers
    assert np.array_equal(first.dead, [0, 0])
    assert np.array_equal(last.dead, [3 / 8, 3 / 8])
    assert np.isfinite(last.selectivity).all()


@pytest.mark.parametrize("variant, n_aligned", [("direct", 2), ("global", 1)])
def test_feedback_alignment_aligns(variant, n_aligned):
    """At a right angle to backpropagation at first, on average, and less so as it learns.

    With the error of each neuron, through as many random weights, the last layer only.
    """
    start, end = [], []
    for seed in range(8):
        network = make_network(variant, (40, 30), learning_rate=10.0, seed=seed)
        layers = train(network, 30, make_samples(seed)).layers
        start.append([(layer.alignment[0], layer.selectivity[0]) for layer in layers])
        end.append([(layer.alignment[-1], layer.selectivity[-1]) for layer in layers])
    start, end = np.array(start), np.array(end)
    assert np.all(abs(start.mean(axis=0) - [np.pi / 2, 0]) < 0.15)
    gain = (start - end)[:, -n_aligned:]
    assert np.all(gain[..., 0] > 0.1)
    assert np.all(gain[..., 1].mean(axis=0) < -0.1)


def test_a_layer_that_does_not_learn_has_no_angle():
    history = train(make_network("backprop", learning_rate=[0, 1]))
    assert np.isnan(history.layers[0].alignment).all()
    assert np.isfinite(history.layers[1].alignment).all()


def test_one_layer_has_them_as_its_own(allclose):
    history = train(make_network("direct", [12]))
    for name in NAMES:
        assert getattr(history, name) is getattr(history.layers[0], name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_for_the_last_epoch_they_are_of_what_is_kept(allclose, variant):
    """Also in batches, when decoders are solved for once more."""
    network = make_network(variant, n_neurons=(14, 12))
    history = train(network, 3, batch_size=60)
    again = train(network, 0, seed=3)
    for layer, other in zip(history.layers, again.layers):
        for name in NAMES:
            ours, theirs = getattr(layer, name)[-1], getattr(other, name)[0]
            assert allclose(ours, theirs, rtol=1e-6, atol=1e-7)


def test_on_a_device(allclose):
    pytest.importorskip("torch")
    ours, theirs = (
        train(make_network(), device=device) for device in ("cpu", "torch:cpu")
    )
    for layer, other in zip(ours.layers, theirs.layers):
        for name in NAMES:
            assert allclose(getattr(layer, name), getattr(other, name), rtol=1e-5)


@pytest.mark.parametrize("kind", ["SignSymmetric", "KolenPollack"])
def test_feedback_that_follows(kind):
    """Metrics do not advance feedback weights that follow."""
    ours, plain = (
        train(
            make_network("global", feedback=getattr(nengo_fa.feedback, kind)),
            metrics=wanted,
        )
        for wanted in (True, False)
    )
    for layer, other in zip(ours.layers, plain.layers):
        assert np.array_equal(layer.encoders, other.encoders)
        if kind == "SignSymmetric":
            assert np.all(layer.alignment < np.pi / 2 - 0.2)


def test_feedback_of_your_own(allclose):
    """The ratio follows the length of the feedback weights."""
    network = make_network("direct")
    histories = []
    for factor in (1.0, 5.0):
        for encode, layer in zip(network.encodes, network.layers):
            feedback = factor * np.ones((layer.n_neurons, 4))
            encode.learning_rule_type = FeedbackAlignment(4, feedback=feedback)
        histories.append(train(network, 0))
    for one, five in zip(*(history.layers for history in histories)):
        assert allclose(one.weight_ratio, 5 * five.weight_ratio)
