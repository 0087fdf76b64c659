import tracemalloc

import nengo
import numpy as np
import pytest
from nengo.exceptions import ConvergenceError, NengoWarning, ValidationError
from nengo.rc import rc

from nengo_fa import Backprop, FeedbackAlignment, Rate, geometry, train
from nengo_fa.offline.samples import Samples

LIF_RATE = nengo.LIFRate(amplitude=0.01)
SIGMOID = dict(
    neuron_type=nengo.Sigmoid(tau_ref=0.005),
    max_rates=nengo.dists.Uniform(120, 180),
    intercepts=nengo.dists.Uniform(-0.5, 0.5),
)


class Net:
    """A network that is to multiply, and samples for it."""

    def __init__(
        self,
        seed=1,
        rule=FeedbackAlignment,
        n_neurons=20,
        size_out=1,
        decode=(),
        **hidden,
    ):
        hidden.setdefault("neuron_type", LIF_RATE)
        with nengo.Network(seed=seed) as self.model:
            self.stimulus = nengo.Node(np.zeros(2))
            self.hidden = nengo.Ensemble(n_neurons, 2, **hidden)
            self.output = nengo.Node(size_in=size_out)
            self.encode = nengo.Connection(self.stimulus, self.hidden, synapse=None)
            self.decode = nengo.Connection(
                self.hidden,
                self.output,
                function=lambda x: np.ones(size_out),
                **dict(decode),
            )
            self.teach(rule)

    def teach(self, rule, **kwargs):
        kwargs.setdefault("learning_rate", 0.5)
        error = self.decode if rule is Backprop else self.decode.size_out
        is_type = isinstance(rule, type)
        self.encode.learning_rule_type = rule(error, **kwargs) if is_type else rule

    def samples(self, n_samples=100, seed=0):
        rng = np.random.RandomState(seed)
        x = nengo.dists.UniformHypersphere().sample(n_samples, 2, rng=rng)
        power = np.arange(1, self.decode.size_out + 1)
        return x, x[:, :1] * x[:, 1:] ** power

    def train(self, *args, **kwargs):
        x, y = self.samples()
        return train(self.decode, x, y, *args, **kwargs)

    def error(self, Simulator, presentation_time=0.001):
        """Return the root mean square error of a simulator's outputs for the samples."""
        x, y = self.samples()
        self.stimulus.output = nengo.processes.PresentInput(x, presentation_time)
        with self.model:
            probe = nengo.Probe(self.output)
        with Simulator(self.model) as self.sim:
            self.sim.run(len(x) * presentation_time)
        output = self.sim.data[probe].reshape(len(x), -1, y.shape[1])
        output = output[:, output.shape[1] // 2 :].mean(axis=1)
        return np.sqrt(np.mean((output - y) ** 2))


@pytest.mark.parametrize("rule", [FeedbackAlignment, Backprop])
def test_training_again_goes_on(rule):
    """Two trainings of ten epochs equal one training of twenty epochs."""
    net = Net()
    net.teach(rule, learning_rate=10, derivative=Rate())
    first, second = net.train(10), net.train(10)
    whole = Net()
    whole.teach(rule, learning_rate=10, derivative=Rate())
    whole = whole.train(20)
    np.testing.assert_allclose(second.rmse, whole.rmse[10:], rtol=1e-8)
    np.testing.assert_allclose(second.encoders, whole.encoders, rtol=1e-7)
    assert second.rmse[0] == pytest.approx(first.rmse[-1], rel=1e-12)
    assert second.rmse[-1] < first.rmse[-1] < first.rmse[0]


def test_network_without_seed(Simulator):
    net = Net(seed=None, decode=dict(synapse=None))
    history = net.train(5, seed=4)
    assert net.error(Simulator) == pytest.approx(history.rmse[-1], rel=1e-9)
    assert net.model.seed is None
    assert np.array_equal(Net(seed=None).train(5, seed=4).rmse, history.rmse)
    assert not np.allclose(Net(seed=None).train(5, seed=5).rmse, history.rmse)
    assert not np.allclose(Net(seed=None).train(5).rmse, Net(seed=None).train(5).rmse)


@pytest.mark.parametrize("batch_size", [1, 7, 50, 100])
def test_batches(Simulator, batch_size):
    def run(**kwargs):
        net = Net(decode=dict(synapse=None))
        # as there are more updates
        rate = 10 * batch_size / 100
        net.teach(FeedbackAlignment, learning_rate=rate, derivative=Rate())
        return net, net.train(20, batch_size, **kwargs)

    net, history = run()
    assert history.rmse[-1] < 0.9 * history.rmse[0]
    assert net.error(Simulator) == pytest.approx(history.rmse[-1], rel=1e-9)
    assert np.array_equal(run()[1].encoders, history.encoders)
    other = run(seed=5)[1]
    assert other.rmse[-1] < 0.9 * other.rmse[0]
    assert np.array_equal(other.encoders, history.encoders) == (batch_size == 100)


@pytest.mark.parametrize("rule", [FeedbackAlignment, Backprop])
@pytest.mark.parametrize("solver", [nengo.solvers.LstsqL2(), nengo.solvers.Lstsq()])
def test_single_precision(rule, solver):
    def run():
        net = Net(rule=rule)
        return net.train(5, solver=solver, test=net.samples(seed=1))

    expected = run()
    rc["precision"]["bits"] = "32"
    history = run()
    np.testing.assert_allclose(history.rmse, expected.rmse, rtol=1e-3)
    np.testing.assert_allclose(history.encoders, expected.encoders, atol=1e-3)


class RidgeRegression(nengo.solvers.Solver):
    """One that a user might write."""

    def __call__(self, A, Y, rng=np.random):
        gram = A.T @ A + 10 * np.eye(A.shape[1])
        return np.linalg.solve(gram, A.T @ Y), {}


@pytest.mark.filterwarnings("ignore:Objective did not converge")
@pytest.mark.parametrize(
    "solver",
    [
        nengo.solvers.LstsqL2(reg=0.01),
        nengo.solvers.Lstsq(),
        nengo.solvers.LstsqDrop(),
        nengo.solvers.LstsqL1(),
        nengo.solvers.Nnls(),
        RidgeRegression(),
    ],
    ids=lambda solver: type(solver).__name__,
)
def test_solver(solver):
    own = Net(decode=dict(solver=solver)).train(2)
    given = Net().train(2, solver=solver)
    assert np.array_equal(own.rmse, given.rmse)
    assert not np.allclose(own.rmse, Net().train(2).rmse, rtol=1e-3)


def test_training_again_uses_the_same_solver():
    net = Net()
    first = net.train(1, solver=nengo.solvers.LstsqL2(reg=0.01))
    assert net.train(0).rmse[0] == pytest.approx(first.rmse[-1], rel=1e-9)
    plain = net.train(0, solver=nengo.solvers.LstsqL2())
    assert plain.rmse[0] > 1.1 * first.rmse[-1]


@pytest.mark.parametrize("wrap", [lambda rule: [rule], lambda rule: {"a": rule}])
def test_rule_in_a_container(wrap):
    net, expected = Net(), Net().train(2)
    net.encode.learning_rule_type = wrap(net.encode.learning_rule_type)
    assert np.array_equal(net.train(2).rmse, expected.rmse)


# --- spikes


@pytest.mark.parametrize(
    "neuron_type",
    [nengo.LIF(amplitude=0.01), nengo.RegularSpiking(nengo.LIFRate(), amplitude=0.01)],
    ids=repr,
)
@pytest.mark.parametrize("presentation_time", [None, 0.2])
def test_error_in_spikes_is_that_of_the_simulator(
    Simulator, neuron_type, presentation_time
):
    net = Net(neuron_type=neuron_type, decode=dict(synapse=0.02))
    net.teach(FeedbackAlignment, learning_rate=10, derivative=Rate())
    history = net.train(10, presentation_time=presentation_time)
    assert history.rmse[-1] < 0.9 * history.rmse[0]
    error = net.error(Simulator, 0.2)
    assert error == pytest.approx(history.rmse[-1], rel=0.05)


def test_test_samples_do_not_change_what_is_learned():
    def run(**kwargs):
        return Net(neuron_type=nengo.LIF(amplitude=0.01)).train(
            2, presentation_time=0.02, **kwargs
        )

    alone, tested = run(), run(test=Net().samples(seed=1))
    assert np.array_equal(alone.rmse, tested.rmse)
    assert tested.test_rmse.shape == (3,)


def test_output_comes_through_the_synapse_of_the_connection():
    """Which, if too slow to settle, lets less through, so that decoders are larger."""
    fast, slow = (
        Net(decode=dict(synapse=tau)).train(0, presentation_time=0.1).decoders
        for tau in (0.001, 0.5)
    )
    assert 5 < np.linalg.norm(slow) / np.linalg.norm(fast) < 10


def test_learning_carries_over_to_spikes():
    """By the ratio by which it improves the rates, for each of ten networks."""
    ratios = []
    for seed in range(10):

        def make(neuron_type, seed=seed):
            net = Net(
                seed=seed,
                neuron_type=neuron_type,
                max_rates=nengo.dists.Uniform(50, 100),
                intercepts=nengo.dists.Uniform(-0.95, 0.95),
            )
            net.teach(FeedbackAlignment, learning_rate=10, derivative=Rate())
            return net

        def in_spikes(net):
            x, y = net.samples(1000)
            return train(net.decode, x, y, epochs=0, presentation_time=0.5).rmse[0]

        untrained = in_spikes(make(nengo.LIF(amplitude=1 / 75)))
        net = make(nengo.LIF(amplitude=1 / 75))
        history = train(net.decode, *net.samples(1000), epochs=100)
        rates = history.rmse[-1] / history.rmse[0]
        ratios.append([rates, in_spikes(net) / untrained])
    rates, spikes = np.transpose(ratios)
    assert np.all(spikes < 0.95) and np.median(spikes) < 0.8
    np.testing.assert_allclose(spikes, rates, rtol=0.05)


# --- history


def test_history(allclose):
    net = Net()
    x, y = net.samples(seed=1)
    with pytest.warns(NengoWarning, match=r"no snapshots \[99\], .* after 6 epochs"):
        history = net.train(6, test=(x, y), snapshots=[0, 3, 6, 99])
    assert history.n_epochs == 6 and not history.interrupted
    assert history.rmse.shape == history.test_rmse.shape == (7,)
    assert history.encoders.shape == (20, 2) and history.decoders.shape == (1, 20)
    assert list(history.snapshots) == [0, 3, 6]
    assert np.array_equal(history.snapshots[6], history.encoders)
    assert np.array_equal(net.hidden.encoders, history.encoders)
    assert np.array_equal(net.decode.solver.values, history.decoders.T)
    for epoch, encoders in history.snapshots.items():
        angles = geometry.angle_to_axes(encoders)
        assert allclose(history.angles[epoch], angles, atol=1e-12)
        lengths = np.linalg.norm(encoders, axis=1)
        assert allclose(history.encoder_lengths[epoch], lengths)
    assert allclose(history.angle, history.angles.mean(axis=1))
    assert allclose(history.encoder_length, history.encoder_lengths.mean(axis=1))
    assert not allclose(
        history.angle[0], history.angle[-1], rtol=1e-3, record_rmse=False
    )

    # the error of the test samples, by hand
    drive = x @ (net.hidden.encoders * net.hidden.gain[:, None]).T
    activities = LIF_RATE.rates(drive, np.ones(20), net.hidden.bias)
    error = activities @ history.decoders.T - y
    assert allclose(history.test_rmse[-1], np.sqrt(np.mean(error**2)), rtol=1e-9)
    assert Net().train(1).test_rmse is None


@pytest.mark.parametrize("n_neurons, epochs", [(300, 120), (2, 40)])
def test_each_epoch_is_measured(n_neurons, epochs, allclose):
    """However many fit into memory at a time, and with a look into the history between."""

    def look(history):
        seen.append(history.angles)

    seen, net = [], Net(n_neurons=n_neurons)
    kwargs = dict(epochs=epochs, snapshots=range(epochs + 1))
    histories = [
        train(net.decode, *net.samples(300), **kwargs, callback=callback)
        for net, callback in ((Net(n_neurons=n_neurons), None), (net, look))
    ]
    encoders = np.stack(list(histories[0].snapshots.values()))
    for history in histories:
        assert allclose(history.angles, geometry.angle_to_axes(encoders), atol=1e-12)
        assert allclose(history.encoder_lengths, np.linalg.norm(encoders, axis=-1))
    assert [len(angles) for angles in seen] == list(range(2, epochs + 2))


def test_axes(allclose):
    axes = np.array([[1, 0], [0, 2]])
    history = Net().train(2, axes=axes)
    angles = geometry.angle_to_axes(history.encoders, axes)
    assert allclose(history.angles[-1], angles, atol=1e-12)
    with nengo.Network(seed=1) as model:
        ensemble = nengo.Ensemble(5, 3)
        decode = nengo.Connection(ensemble, nengo.Node(size_in=1), function=np.prod)
        nengo.Connection(
            nengo.Node(np.zeros(3)), ensemble, learning_rule_type=FeedbackAlignment(1)
        )
    x = np.eye(3).repeat(3, 0)
    history = train(decode, x, np.ones((9, 1)), epochs=2, network=model)
    assert history.angles is None and history.angle is None


def test_callback_stops_the_training():
    seen = []

    def callback(history):
        seen.append(history)
        return history.n_epochs == 4

    net = Net()
    history = net.train(50, callback=callback)
    assert history.n_epochs == 4 and not history.interrupted
    assert [len(h.rmse) for h in seen] == [2, 3, 4, 5]
    assert np.array_equal(seen[1].rmse, history.rmse[:3])
    assert np.array_equal(history.rmse, Net().train(4).rmse)
    assert np.array_equal(net.hidden.encoders, history.encoders)


@pytest.mark.parametrize("n_entries, match", [(1, None), (2, "Must return True")])
def test_callback_that_returns_an_array(n_entries, match):
    net = Net()

    def train():
        return net.train(9, callback=lambda history: np.ones(n_entries))

    if match is None:
        assert train().n_epochs == 1
    else:
        with pytest.raises(ValidationError, match=match):
            train()


@pytest.mark.parametrize(
    "progress_bar, shown", [(None, True), (True, True), (False, False)]
)
def test_progress_bar(capsys, progress_bar, shown):
    rc["progress"]["progress_bar"] = "nengo.utils.progress.TerminalProgressBar"
    Net().train(2, **{} if progress_bar is None else {"progress_bar": progress_bar})
    assert ("Training finished" in capsys.readouterr().out) == shown


# --- trouble


def interrupt_callback(monkeypatch, epoch):
    def callback(history):
        if history.n_epochs == epoch:
            raise KeyboardInterrupt

    return callback


def interrupt_epoch(monkeypatch, epoch):
    """When its encoders have been updated, but its decoders are only half known."""
    epochs = iter(range(1000))
    run = Samples._run

    def run_or_not(self, *args, **kwargs):
        rmse = run(self, *args, **kwargs)
        if next(epochs) == epoch + 1:
            raise KeyboardInterrupt
        return rmse

    monkeypatch.setattr(Samples, "_run", run_or_not)


@pytest.mark.parametrize("batch_size", [None, 30])
@pytest.mark.parametrize("interrupt", [interrupt_callback, interrupt_epoch])
def test_ctrl_c_keeps_the_last_finished_epoch(
    Simulator, monkeypatch, interrupt, batch_size
):
    net = Net(decode=dict(synapse=None))
    callback = interrupt(monkeypatch, epoch=3)
    history = net.train(100, batch_size, callback=callback)
    monkeypatch.undo()
    assert history.interrupted and history.n_epochs == 3
    assert np.array_equal(history.rmse, Net().train(3, batch_size).rmse)
    assert net.error(Simulator) == pytest.approx(history.rmse[-1], rel=1e-9)


def test_ctrl_c_before_there_is_anything_to_keep(monkeypatch):
    interrupt_epoch(monkeypatch, epoch=-1)
    net = Net()
    with pytest.raises(KeyboardInterrupt):
        net.train()
    assert isinstance(net.hidden.encoders, nengo.dists.Distribution)


def test_error_in_the_callback_comes_through(Simulator):
    def callback(history):
        raise ValueError("mine")

    net = Net(decode=dict(synapse=None))
    with pytest.raises(ValueError, match="mine"):
        net.train(callback=callback)
    assert net.error(Simulator) == pytest.approx(Net().train(1).rmse[-1], rel=1e-9)


@pytest.mark.parametrize("batch_size", [None, 30])
@pytest.mark.parametrize("solver", [nengo.solvers.LstsqL2(), nengo.solvers.LstsqL2nz()])
def test_divergence(Simulator, solver, batch_size):
    neurons = dict(neuron_type=nengo.RectifiedLinear(), decode=dict(synapse=None))
    net = Net(**neurons)
    start = Net(**neurons).train(0, solver=solver)
    net.teach(FeedbackAlignment, learning_rate=1e300, normalization=None)
    with pytest.raises(
        ConvergenceError, match="after epoch 1 .*Lower the learning rate"
    ):
        net.train(20, batch_size, solver=solver)
    assert np.array_equal(net.hidden.encoders, start.encoders)
    assert net.error(Simulator) == pytest.approx(start.rmse[0], rel=1e-9)


def test_encoders_that_are_not_finite_are_not_kept():
    """Even if bounded neurons make something finite of them."""
    x = np.linspace(-1, 1, 30)[:, None]
    with nengo.Network(seed=1) as model:
        ensemble = nengo.Ensemble(5, 1, **SIGMOID)
        decode = nengo.Connection(ensemble, nengo.Node(size_in=1))
        rule = FeedbackAlignment(1, 1e308, derivative=Rate(), normalization=None)
        nengo.Connection(nengo.Node([0]), ensemble, learning_rule_type=rule)
    with pytest.raises(ConvergenceError, match="Lower the learning rate"):
        train(decode, x, 100 * x**3, epochs=20, network=model)
    assert np.all(np.isfinite(ensemble.encoders))


def test_no_neuron_fires():
    net = Net(gain=np.ones(20), bias=np.full(20, 0.1))
    x, y = net.samples()
    with pytest.raises(ConvergenceError, match="Make sure that neurons fire"):
        train(net.decode, 0.1 * x, y)
    assert isinstance(net.hidden.encoders, nengo.dists.Distribution)


X, Y = np.zeros((30, 2)), np.zeros((30, 1))
BAD = [
    ("x", dict(x=np.zeros((30, 3))), r"\(n_samples, 2\), with a row for each sample"),
    ("x", dict(x=np.zeros(30)), r"\(n_samples, 2\), with a row for each sample"),
    ("y", dict(y=np.zeros(30)), r"Give np.reshape\(y, \(-1, 1\)\)"),
    ("y", dict(y=np.zeros((30, 2))), r"\(n_samples, 1\).*the output of"),
    ("y", dict(y=np.zeros((29, 1))), "same number of samples.*x has 30 and y has 29"),
    ("x", dict(x=np.full((30, 2), np.nan)), "finite"),
    ("y", dict(y=np.full((30, 1), -np.inf)), "finite"),
    ("x", dict(x=[["a", "b"]] * 30), "real numbers"),
    ("y", dict(y=np.zeros((30, 1), dtype=complex)), "real numbers"),
    ("y", dict(y=[[1], [1, 2]]), "real numbers"),
    ("x", dict(x=np.zeros((0, 2)), y=np.zeros((0, 1))), r"\(n_samples, 2\)"),
    (
        "x",
        dict(x=X[:19], y=Y[:19], solver=nengo.solvers.Lstsq()),
        "fewer samples than n",
    ),
    ("test", dict(test=X), r"pair of arrays, \(x, y\)"),
    ("test x", dict(test=(Y, Y)), r"\(n_samples, 2\)"),
    ("test y", dict(test=(X, Y[:3])), "test x has 30 and test y has 3"),
    ("epochs", dict(epochs=-1), "integer, at least 0"),
    ("epochs", dict(epochs=1.5), "integer, at least 0"),
    ("epochs", dict(epochs=True), "integer, at least 0"),
    ("batch_size", dict(batch_size=0), "integer, from 1 to 30"),
    ("batch_size", dict(batch_size=31), "integer, from 1 to 30"),
    ("solver", dict(solver=nengo.solvers.LstsqL2(weights=True)), "Use weights=False"),
    ("solver", dict(solver=nengo.solvers.NoSolver()), "such as nengo.solvers.LstsqL2"),
    ("solver", dict(solver=nengo.solvers.LstsqL2), "such as nengo.solvers.LstsqL2"),
    ("axes", dict(axes=[1, 1]), r"\(n_axes, 2\)"),
    ("axes", dict(axes=[[1, 1, 1]]), r"\(n_axes, 2\)"),
    ("axes", dict(axes=[[1, 1], [0, 0]]), "lengths must be above zero"),
    ("axes", dict(axes=[[1, np.nan]]), "finite"),
    ("axes", dict(axes=[["a", "b"]]), "real numbers"),
    ("presentation_time", dict(presentation_time=0.001), "seconds above 0.001"),
    ("presentation_time", dict(presentation_time=np.nan), "seconds above 0.001"),
    ("presentation_time", dict(presentation_time="1"), "seconds above 0.001"),
    ("dt", dict(presentation_time=1, dt=0), "seconds above 0"),
    ("snapshots", dict(snapshots=[1, -1]), "integer, at least 0"),
    ("snapshots", dict(snapshots=5), r"such as \[5\]"),
    ("seed", dict(seed=-1), "integer, from 0"),
    ("callback", dict(callback=5), "callable"),
    ("metrics", dict(metrics="alignment"), "True or False"),
    ("network", dict(network="model"), "Must be a nengo.Network"),
]


@pytest.mark.parametrize("attr, change, match", BAD)
def test_arguments_are_checked_before_anything_is_done(attr, change, match):
    net = Net()
    before = [getattr(net.hidden, name) for name in net.hidden.params]
    solver, seed = net.decode.solver, net.decode.seed
    kwargs = {"x": X, "y": Y, **change}
    with pytest.raises(ValidationError, match=match) as info:
        train(net.decode, **kwargs)
    assert info.value.attr == attr
    after = [getattr(net.hidden, name) for name in net.hidden.params]
    assert all(one is other for one, other in zip(before, after))
    assert net.decode.solver is solver and net.decode.seed is seed is None


def test_arguments_at_their_limits():
    net = Net()
    history = train(net.decode, X[:20].tolist(), Y[:20].astype(int), 0, 20, seed=0)
    assert history.n_epochs == 0


def test_memory_is_less_than_three_times_the_samples(rng):
    """The limit includes the given samples."""
    rc["precision"]["bits"] = "32"
    x = rng.standard_normal((20000, 100)).astype(np.float32)
    with nengo.Network(seed=1) as network:
        stimulus, output = nengo.Node(np.zeros(100)), nengo.Node(size_in=1)
        hidden = nengo.Ensemble(20, 100, neuron_type=nengo.LIFRate())
        nengo.Connection(stimulus, hidden, learning_rule_type=FeedbackAlignment(1))
        decode = nengo.Connection(hidden, output, function=lambda x: x[0])
    y = x[:, :1].copy()
    tracemalloc.start()
    try:
        train(decode, x, y, 1, 1000, progress_bar=False, network=network)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * x.nbytes
