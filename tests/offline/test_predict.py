"""Predictions for samples equal the outputs of a simulator."""

import warnings

import nengo
import numpy as np
import pytest
from nengo.exceptions import NengoWarning, ValidationError

import nengo_fa
from nengo_fa.offline import predict as module

RATE = nengo.LIFRate(amplitude=0.01)


def make_samples(rng, n_samples=40, size=2):
    return rng.uniform(-0.7, 0.7, size=(n_samples, size))


def target(x):
    return np.stack([x[:, 0] * x[:, 1], np.sin(2 * x[:, 0])], axis=1)


class Net:
    """Up to three ensembles in a row; the last of ``n_taught`` have an encoder rule."""

    def __init__(self, n_layers=1, n_taught=1, neuron_type=RATE, from_neurons=False):
        rule = nengo_fa.FeedbackAlignment(size_in=2, learning_rate=0.3)
        with nengo.Network(seed=1) as self.model:
            self.stimulus = nengo.Node(np.zeros(3))
            self.output = nengo.Node(size_in=3)
            pre, transform = self.stimulus[[2, 0]], [[1, 0.2], [0.1, -0.8]]
            for k in range(n_layers):
                layer = nengo.Ensemble(25 + k, 2, radius=1.2, neuron_type=neuron_type)
                taught = k >= n_layers - n_taught
                nengo.Connection(
                    pre,
                    layer,
                    transform=transform,
                    synapse=None,
                    learning_rule_type=rule if taught else None,
                )
                pre = layer
            how = {"function": lambda x: [x[0] * x[1], x[1]], "transform": [1, 0.5]}
            if from_neurons:
                pre, how = layer.neurons, {"transform": np.full((2, 25), 0.01)}
            self.decode = nengo.Connection(
                pre, self.output[[2, 1]], synapse=None, **how
            )
            self.probe = nengo.Probe(self.output)

    def predict(self, x, **kwargs):
        return nengo_fa.predict(self.decode, x, network=self.model, **kwargs)

    def simulate(self, Simulator, x, n_steps):
        """The output in the last step for each sample, of a simulator for each."""
        answers = []
        for row in x:
            self.stimulus.output = row
            with Simulator(self.model) as sim:
                sim.run_steps(n_steps)
            answers.append(sim.data[self.probe][:, [2, 1]])
        return np.array(answers)


SETTINGS = {
    "one layer": {},
    "all neurons": {"from_neurons": True},
    "a chain": {"n_layers": 3, "n_taught": 3},
    "no rule": {"n_layers": 2, "n_taught": 0},
    "adaptive": {"neuron_type": nengo.RectifiedLinear(amplitude=0.01)},
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("trained", [False, True])
def test_rates_are_those_of_a_simulator(setting, trained, Simulator, rng):
    net = Net(**setting)
    if trained and setting.get("n_taught", 1):
        x = make_samples(rng, 60, 3)
        nengo_fa.train(net.decode, x, target(x), epochs=3, network=net.model)
    elif trained:
        with Simulator(net.model) as sim:
            nengo_fa.freeze_params(sim, net.model)
    x = make_samples(rng, 5, 3)
    answers = net.predict(x)
    expected = net.simulate(Simulator, x, n_steps=3)[:, -1]
    np.testing.assert_allclose(answers, expected, atol=1e-10)
    # an answer to other samples is not near
    assert np.abs(answers - expected[::-1]).max() > 1e-3


def test_rates_are_those_of_filters_that_have_settled(Simulator, rng):
    net, x = Net(2, 2), make_samples(rng, 3, 3)
    for connection in net.model.connections:
        connection.synapse = nengo.Lowpass(0.005)
    expected = net.simulate(Simulator, x, n_steps=200)
    np.testing.assert_allclose(net.predict(x), expected[:, -1], atol=1e-8)
    assert np.abs(net.predict(x) - expected[:, 5]).max() > 1e-3


@pytest.mark.parametrize("trained", [False, True])
def test_spikes_are_those_of_a_simulator(trained, Simulator, rng):
    """Outputs equal averages over the second half of separate presentations."""
    at_rest = {"voltage": nengo.dists.Choice([0])}  # else at random
    net = Net(neuron_type=nengo.LIF(amplitude=0.01, initial_state=at_rest))
    if trained:
        x = make_samples(rng, 60, 3)
        options = {"epochs": 2, "presentation_time": 0.05, "network": net.model}
        nengo_fa.train(net.decode, x, target(x), **options)
    x = make_samples(rng, 4, 3)
    answers = net.predict(x, presentation_time=0.08)
    expected = net.simulate(Simulator, x, n_steps=80)[:, 40:].mean(axis=1)
    np.testing.assert_allclose(answers, expected, atol=1e-10)
    assert np.abs(answers - net.predict(x)).max() > 1e-3


@pytest.mark.parametrize(
    "neuron_type", [nengo.LIF(), nengo.PoissonSpiking(nengo.LIFRate())], ids=repr
)
@pytest.mark.parametrize("n_layers", [1, 2])
def test_spikes_are_those_of_training(neuron_type, n_layers, rng):
    """With the same random numbers, predictions have the error of the training."""
    net = Net(n_layers, n_layers, neuron_type)
    x = make_samples(rng, 60, 3)
    options = {"presentation_time": 0.05, "seed": 3}
    history = nengo_fa.train(
        net.decode, x, target(x), epochs=0, network=net.model, **options
    )

    def find_rmse(**options):
        return np.sqrt(np.mean((net.predict(x, **options) - target(x)) ** 2))

    assert find_rmse(**options) == pytest.approx(history.rmse[-1], rel=1e-9)
    if isinstance(neuron_type, nengo.PoissonSpiking):
        other = find_rmse(presentation_time=0.05, seed=4)
        assert other != pytest.approx(history.rmse[-1], rel=1e-6)


def test_history_has_the_error_of_the_answers(rng):
    net, x = Net(2, 2), make_samples(rng, 60, 3)
    history = nengo_fa.train(net.decode, x, target(x), epochs=4, network=net.model)
    error = net.predict(x) - target(x)
    assert np.sqrt(np.mean(error**2)) == pytest.approx(history.rmse[-1], rel=1e-9)


def test_loaded_network_answers_as_the_one_saved(Simulator, tmp_path, rng):
    net, x = Net(2, 2), make_samples(rng, 60, 3)
    nengo_fa.train(net.decode, x, target(x), epochs=2, network=net.model)
    with Simulator(net.model) as sim:
        nengo_fa.save(sim, net.model, tmp_path / "net.npz")
    other = Net(2, 2)
    assert not np.allclose(other.predict(x), net.predict(x))
    nengo_fa.load(other.model, tmp_path / "net.npz")
    np.testing.assert_allclose(other.predict(x), net.predict(x), atol=1e-12)


def test_samples_enter_where_those_of_training_do(rng):
    """Samples enter at the first connection with a rule, or else at the first node."""
    x = make_samples(rng, 7, 3)
    assert Net(2, 0).predict(x).shape == (7, 2)
    assert Net(2, 2).predict(x).shape == (7, 2)
    net = Net(2, 1)
    assert net.predict(x[:, :2]).shape == (7, 2)
    with pytest.raises(ValidationError, match=r"shape \(n_samples, 2\)"):
        net.predict(x)


def test_ensemble_without_input_is_given_what_it_represents(rng, Simulator):
    with nengo.Network(seed=1) as model:
        alone = nengo.Ensemble(30, 2, neuron_type=nengo.Direct())
        behind = nengo.Ensemble(300, 2)
        nengo.Connection(alone[::-1], behind)
        decode = nengo.Connection(behind, nengo.Node(size_in=2))
    x = make_samples(rng, 6)
    answers = nengo_fa.predict(decode, x, network=model)
    np.testing.assert_allclose(answers, x[:, ::-1], atol=0.05)


@pytest.mark.parametrize("options", [{}, {"presentation_time": 0.02}])
def test_blocks_are_without_effect(options, rng, monkeypatch):
    net, x = Net(2, 2), make_samples(rng, 23, 3)
    expected = net.predict(x, **options)
    monkeypatch.setattr(module, "PIECE_SIZE", 26 * 5)
    np.testing.assert_allclose(net.predict(x, **options), expected, atol=1e-12)


def test_samples_and_network_are_left_alone(rng):
    net, x = Net(), make_samples(rng, 9, 3)
    before, solver, encoders = x.copy(), net.decode.solver, net.decode.pre.encoders
    net.predict(x)
    assert np.array_equal(x, before)
    assert net.decode.solver is solver and net.decode.pre.encoders is encoders


@pytest.mark.parametrize("options", [{}, {"presentation_time": 0.02}])
def test_several_connections_answer_together(options, rng):
    """Each connection gives the same output as alone, in its own dimensions."""
    with nengo.Network(seed=1) as model:
        stimulus, output = nengo.Node(size_in=4), nengo.Node(size_in=5)
        array = nengo.networks.EnsembleArray(20, 2, ens_dimensions=2)
        nengo.Connection(stimulus, array.input, synapse=None)
        into = [2, [0, 3], 4]
        decodes = [
            nengo.Connection(ensemble, output[to], function=function)
            for ensemble, to, function in zip(
                [*array.ea_ensembles, array.ea_ensembles[0]],
                into,
                [np.prod, lambda x: x, np.max],
            )
        ]
    x = make_samples(rng, 6, 4)
    options = {**options, "network": model}
    expected = np.zeros((6, 5))
    for decode, to in zip(decodes, into):
        answers = nengo_fa.predict(decode, x, **options)
        expected[:, to] += answers if answers.shape[1] == 2 else answers[:, 0]
    np.testing.assert_array_equal(nengo_fa.predict(decodes, x, **options), expected)
    assert np.all(expected[:, [0, 2, 3, 4]]) and not np.any(expected[:, 1])


def test_connections_that_do_not_go_together(rng):
    net, other = Net(), Net()
    with net.model:
        elsewhere = nengo.Connection(net.decode.pre, nengo.Node(size_in=2))
    for connections, match in [
        ([], "got none"),
        ([net.decode, elsewhere], "another object"),
        ([net.decode, other.decode], "not in"),
        ([net.decode, net.output], "connection from the ensemble"),
    ]:
        with pytest.raises(ValidationError, match=match):
            nengo_fa.predict(connections, make_samples(rng, 3, 3), network=net.model)


@pytest.mark.parametrize("scale, is_far", [(1, False), (2, False), (10, True)])
def test_samples_far_outside_the_radius_are_named(scale, is_far, rng):
    net, x = Net(), scale * make_samples(rng, 60, 3)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        net.predict(x)
        nengo_fa.train(net.decode, x, target(x), epochs=1, network=net.model)
    messages = [str(warning.message) for warning in found]
    assert len(messages) == (2 if is_far else 0)
    assert all("times its radius" in message for message in messages)
    assert all("Scaling.fit(x, length=1.2)" in message for message in messages)


def test_noise_is_in_spikes_and_not_in_rates(rng):
    net, x = Net(), make_samples(rng, 9, 3)
    net.decode.pre.noise = nengo.processes.WhiteNoise(seed=1)
    with pytest.warns(NengoWarning, match="giving a presentation_time"):
        without = net.predict(x)
    assert not np.allclose(without, net.predict(x, presentation_time=0.05))


def loop(net):
    nengo.Connection(net.decode.pre, net.decode.pre)


def second_input(net):
    nengo.Connection(nengo.Node([0]), net.decode.pre[0])


def to_neurons(net):
    (into,) = (c for c in net.model.connections if c.post_obj is net.decode.pre)
    net.model.connections.remove(into)
    nengo.Connection(net.stimulus, net.decode.pre.neurons, transform=np.ones((25, 3)))


def sparse(net):
    net.decode.transform = nengo.Sparse((2, 2), indices=[[0, 0]])


@pytest.mark.parametrize(
    "change, message",
    [
        (loop, "part of a loop"),
        (second_input, "combine all inputs"),
        (to_neurons, "Connect to the ensemble"),
        (sparse, "dense transform"),
    ],
)
def test_network_that_cannot_be_computed(change, message, rng):
    net = Net(n_taught=0)
    with net.model:
        change(net)
    with pytest.raises(ValidationError, match=message):
        net.predict(make_samples(rng, 3, 3))


@pytest.mark.parametrize(
    "x, options, message",
    [
        ([[np.nan, 0, 0]], {}, "finite"),
        ([0, 0, 0], {}, "shape"),
        ([["a", "b", "c"]], {}, "real"),
        ([[0, 0, 0]], {"presentation_time": 0}, "presentation_time"),
        ([[0, 0, 0]], {"presentation_time": 0.1, "dt": -1}, "dt"),
        ([[0, 0, 0]], {"seed": -1}, "seed"),
    ],
)
def test_bad_arguments(x, options, message):
    with pytest.raises(ValidationError, match=message):
        Net().predict(x, **options)


def test_what_is_no_connection_from_neurons():
    net = Net()
    with pytest.raises(ValidationError, match="connection from the ensemble"):
        nengo_fa.predict(net.output, [[0]])
    (encode, _) = net.model.connections
    with pytest.raises(ValidationError, match="must leave an ensemble"):
        nengo_fa.predict(encode, [[0, 0, 0]], network=net.model)
