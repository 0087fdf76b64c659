import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from nengo.rc import rc

import nengo_fa
from nengo_fa import plots
from nengo_fa.experiments.presentation import present
from nengo_fa.networks import Classifier


@pytest.fixture(scope="module")
def data():
    return nengo_fa.datasets.digits().centered()


@pytest.fixture(scope="module")
def network(data):
    network = Classifier(
        64, 10, n_neurons=80, neuron_type=nengo.LIFRate(amplitude=1 / 300), seed=1
    )
    network.encode.learning_rule_type = nengo_fa.FeedbackAlignment(
        10, learning_rate=5, derivative=nengo_fa.Rate()
    )
    nengo_fa.train(
        network.decode,
        data.x_train,
        data.one_hot()[0],
        epochs=10,
        batch_size=200,
        progress_bar=False,
        network=network,
    )
    return network


@pytest.fixture(scope="module")
def results(network, data):
    return present(network, data, n_samples=60, n_shown=3, progress_bar=False)


def test_spikes_find_the_answer(results, data):
    """Not at once, when the output is still about the sample before."""
    assert results.error.shape == (100,)
    assert results.error[0] > 0.5
    assert results.error[-1] < 0.2
    assert results.confusion.sum() == 60
    correct = np.trace(results.confusion.values) / 60
    assert correct == pytest.approx(1 - results.error.values[-1])
    counts = np.bincount(data.labels_test[:60], minlength=10)
    assert np.array_equal(results.confusion.sum("prediction"), counts)


def test_what_is_kept_of_the_first_samples(results, data):
    assert results.images.shape == (3, 8, 8)
    pixels = nengo_fa.datasets.digits().x_test[:3]  # as they were before centering
    np.testing.assert_allclose(results.images.values.reshape(3, 64), pixels, atol=1e-6)
    np.testing.assert_allclose(results.onset, [0, 0.1, 0.2])
    assert np.array_equal(results.shown_label, data.labels_test[:3])
    last = results.output.values.reshape(3, 100, 10)[:, -1]
    assert np.array_equal(results.shown_prediction, last.argmax(axis=1))
    assert 0 < results.spike_time.min() and results.spike_time.max() <= 0.3 + 1e-9
    assert results.spike_neuron.max() < 80
    rate = results.sizes["spike"] / 80 / 0.3
    assert 10 < rate < 300  # Hz


def test_is_what_a_simulator_does(Simulator, network, data):
    """In one go."""
    results = present(
        network, data, n_samples=3, presentation_time=0.02, progress_bar=False
    )
    network.hidden.neuron_type = nengo.LIF(amplitude=1 / 300)
    network.stimulus.output = nengo.processes.PresentInput(data.x_test[:3], 0.02)
    try:
        with nengo.Network(seed=network.seed) as model:
            model.add(network)
            probe = nengo.Probe(network.output)
        with Simulator(model) as sim:
            sim.run(0.06)
    finally:
        network.hidden.neuron_type = nengo.LIFRate(amplitude=1 / 300)
        network.stimulus.output = np.zeros(64)
    np.testing.assert_array_equal(results.output, sim.data[probe])


def test_the_network_is_left_as_it_was(network, results):
    assert isinstance(network.hidden.neuron_type, nengo.LIFRate)
    assert not np.any(network.stimulus.output)


@pytest.mark.parametrize("bits", ["32", "64"])
def test_samples_begin_when_they_should(bits):
    """Each is shown for all of its steps, in single precision as well."""
    rc["precision"]["bits"] = bits
    x = np.arange(1.0, 301.0)[:, np.newaxis]
    labels = np.zeros(300, dtype=int)
    data = nengo_fa.datasets.Dataset("steps", x, labels, x, labels, None, "0" * 64)
    network = Classifier(1, 1, n_neurons=2, seed=1)
    with network:  # past the neurons
        nengo.Connection(network.stimulus, network.output, synapse=None)
    network.decode.transform = 0
    results = present(
        network, data, presentation_time=0.01, n_shown=300, progress_bar=False
    )
    shown = results.output.values.reshape(300, 10)
    np.testing.assert_array_equal(shown, np.repeat(x, 10, axis=1))


@pytest.mark.parametrize(
    "rates, spiking",
    [
        (
            nengo.LIFRate(tau_rc=0.03, tau_ref=0.001, amplitude=0.5),
            nengo.LIF(tau_rc=0.03, tau_ref=0.001, amplitude=0.5),
        ),
        (
            nengo.RectifiedLinear(amplitude=0.5),
            nengo.SpikingRectifiedLinear(amplitude=0.5),
        ),
        (nengo.AdaptiveLIF(), nengo.AdaptiveLIF()),
    ],
    ids=str,
)
def test_neurons_that_spike(data, rates, spiking):
    """Spiking neurons have the parameters, and therefore the rates, of the replaced neurons."""

    def show(neuron_type):
        network = Classifier(64, 10, n_neurons=20, neuron_type=neuron_type, seed=1)
        results = present(network, data, n_samples=4, progress_bar=False)
        assert network.hidden.neuron_type is neuron_type
        return results

    results = show(rates)
    assert results.sizes["spike"] > 0
    assert results.identical(show(spiking))
    x = np.linspace(-1, 3, 20), np.full(20, 3.0), np.full(20, 1.0)
    np.testing.assert_array_equal(spiking.rates(*x), rates.rates(*x))


def test_neurons_that_cannot_spike(data):
    network = Classifier(64, 10, n_neurons=20, neuron_type=nengo.Sigmoid(), seed=1)
    with pytest.raises(ValidationError, match="spiking neurons"):
        present(network, data, n_samples=2, progress_bar=False)
    assert isinstance(network.hidden.neuron_type, nengo.Sigmoid)


def test_figures(results):
    """The figure contains the final error, and the error of the baseline if there is one."""
    (axes, *_) = plots.presentation(results).axes
    assert f"{100 * results.error.values[-1]:.1f} %" in [
        t.get_text() for t in axes.texts
    ]
    assert axes.get_legend() is None
    (axes, *_) = plots.presentation(results.assign(baseline_error=0.25)).axes
    assert any(np.all(np.equal(line.get_ydata(), 25)) for line in axes.lines)
    assert "fixed" in axes.get_legend().get_texts()[1].get_text()
    figure = plots.confusion_matrix(results)
    shown = [int(text.get_text()) for text in figure.axes[0].texts if text.get_text()]
    assert sum(shown) == 60


@pytest.mark.parametrize(
    "arguments",
    [
        {"n_samples": 0},
        {"n_samples": 10**6},
        {"n_samples": 2.5},
        {"n_shown": 0},
        {"dt": 0},
        {"presentation_time": 0},
        {"presentation_time": np.nan},
        {"presentation_time": "long"},
    ],
    ids=str,
)
def test_bad_arguments(network, data, arguments):
    (name,) = arguments
    with pytest.raises(ValidationError, match=name):
        present(network, data, **arguments)
