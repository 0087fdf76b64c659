import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from nengo.rc import rc

import nengo_fa
from nengo_fa import Backprop, FeedbackAlignment, Rate, Step, equations
from nengo_fa.offline.layers import Chain, Layer
from nengo_fa.offline.samples import Samples
from nengo_fa.offline.solving import make_solve

NORMALIZATIONS = [None, "forced", "augmented", "homeostatic", "stabilized"]


def make_rule(kind, **kwargs):
    if kind == "feedback alignment":
        return FeedbackAlignment(1, **kwargs)
    with nengo.Network():
        ensemble = nengo.Ensemble(1, 1)
        return Backprop(nengo.Connection(ensemble, nengo.Node(size_in=1)), **kwargs)


class Problem:
    """Layers with random parameters, with samples and the expected results."""

    def __init__(
        self,
        rng,
        kind="feedback alignment",
        neuron_type=nengo.LIFRate(amplitude=0.01),
        n_networks=1,
        n_neurons=12,
        dimensions=3,
        size_out=2,
        n_samples=40,
        **rule,
    ):
        rule.setdefault("learning_rate", 0.3)
        rule.setdefault("derivative", Rate())
        self.rule = make_rule(kind, **rule)
        self.neuron_type = neuron_type
        self.x = rng.uniform(-1, 1, size=(n_networks, n_samples, dimensions))
        self.y = rng.uniform(-1, 1, size=(n_networks, n_samples, size_out))
        self.encoders = rng.standard_normal((n_networks, n_neurons, dimensions))
        self.scale = rng.uniform(0.5, 2, size=(n_networks, n_neurons))
        self.bias = rng.uniform(0, 2, size=(n_networks, n_neurons))
        self.feedback = None
        if kind == "feedback alignment":
            self.feedback = rng.standard_normal((n_networks, n_neurons, size_out))

    def make(self, which=slice(None), batch_size=None, seed=0, measure=None, **kwargs):
        layer = Layer(
            self.rule,
            self.neuron_type,
            self.encoders[which],
            self.scale[which],
            self.bias[which],
            None
            if self.feedback is None
            else self.feedback[which].astype(rc.float_dtype),
            **kwargs,
        )
        rng = np.random.RandomState(seed)
        x, y = self.x[which], self.y[which]
        chain = Chain([layer])
        measures = None if measure is None else [measure]
        return chain, Samples(chain, x, y, batch_size, measures, rng)

    def expect(self, i, encoders, decoders=None):
        """The gradient, decoders and error of layer i, by definition."""
        x, y = self.x[i], self.y[i]
        current = x @ (encoders * self.scale[i][:, None]).T + self.bias[i]
        ones, zeros = np.ones(current.shape[1]), np.zeros(current.shape[1])
        activities = self.neuron_type.rates(current, ones, zeros)
        signal = {"current": current, "output": activities}[self.rule.derivative.signal]
        derivative = self.rule.derivative(self.neuron_type, signal)
        if decoders is None:
            decoders, _ = nengo.solvers.LstsqL2()(activities, y)
        error = activities @ decoders - y
        if self.feedback is None:
            delta = equations.backpropagated_error(error, decoders.T, derivative)
        else:
            delta = equations.aligned_error(error, self.feedback[i], derivative)
        rmse = np.sqrt(np.mean(error**2))
        return equations.weight_gradient(delta, x), decoders, rmse


class Net:
    """A network that is to compute two products, and samples for it."""

    def __init__(self, rule, neuron_type=nengo.LIFRate(amplitude=0.01), **kwargs):
        with nengo.Network(seed=1) as self.model:
            self.stimulus, self.output = nengo.Node([0, 0]), nengo.Node(size_in=2)
            self.hidden = nengo.Ensemble(10, 2, neuron_type=neuron_type, radius=1.3)
            if type(neuron_type) in (nengo.Sigmoid, nengo.Tanh):
                self.hidden.max_rates = nengo.dists.Uniform(120, 180)
                self.hidden.intercepts = nengo.dists.Uniform(-0.5, 0.5)
            self.encode = nengo.Connection(self.stimulus, self.hidden, synapse=None)
            self.decode = nengo.Connection(self.hidden, self.output, synapse=None)
            error = self.decode if rule is Backprop else 2
            self.encode.learning_rule_type = rule(error, **kwargs)
        rng = np.random.RandomState(0)
        self.x = nengo.dists.UniformHypersphere().sample(100, 2, rng=rng)
        self.y = self.x[:, :1] * self.x[:, 1:] ** [1, 2]

    def train(self, epochs):
        return nengo_fa.train(self.decode, self.x, self.y, epochs)

    def get_problem(self, Simulator):
        """Return the parameters of a simulator, and the samples."""
        with Simulator(self.model) as sim:
            built = sim.data[self.hidden]
        problem = Problem.__new__(Problem)
        problem.x, problem.y = self.x[None], self.y[None]
        problem.rule = self.encode.learning_rule_type
        problem.neuron_type = self.hidden.neuron_type
        problem.encoders, problem.bias = built.encoders[None], built.bias[None]
        problem.scale = built.gain[None] / self.hidden.radius
        problem.feedback = None
        if not isinstance(problem.rule, Backprop):
            problem.feedback = [sim.data[self.encode.learning_rule].feedback]
        return problem


solve_l2 = make_solve(nengo.solvers.LstsqL2(), None)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("derivative", [Rate(), Step(), Step("output")], ids=repr)
@pytest.mark.parametrize("kind", ["feedback alignment", "backprop"])
@pytest.mark.parametrize("size_out", [1, 2, 5])
def test_epochs_follow_the_equations(
    rng, allclose, kind, derivative, normalization, size_out
):
    problem = Problem(
        rng,
        kind,
        n_networks=2,
        size_out=size_out,
        derivative=derivative,
        normalization=normalization,
    )
    chain, samples = problem.make()
    encoders = problem.encoders.copy()
    rmse = samples.solve(solve_l2)
    for _ in range(3):
        for i in range(2):
            gradient, decoders, expected = problem.expect(i, encoders[i])
            assert allclose(chain.decoders[i], decoders, rtol=1e-9, atol=1e-12)
            assert allclose(rmse[i], expected, rtol=1e-9)
            update = equations.encoder_update(
                gradient,
                encoders[i],
                problem.scale[i],
                problem.rule.learning_rate,
                normalization,
            )
            assert np.abs(update).max() > 1e-4
            encoders[i] += update
        rmse = samples.learn(solve_l2)
        assert allclose(chain.layers[0].encoders, encoders, rtol=1e-9, atol=1e-12)
        # and the weights, by which currents are computed, follow
        weights = np.swapaxes(chain.layers[0].weights[:, :-1], 1, 2)
        assert allclose(weights, encoders * problem.scale[..., None], rtol=1e-9)
        assert np.array_equal(chain.layers[0].weights[:, -1], problem.bias)


NEURONS = [
    nengo.LIFRate(amplitude=0.01),
    nengo.RectifiedLinear(),
    nengo.Sigmoid(tau_ref=0.005),
    nengo.Tanh(tau_ref=0.005),
]


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("derivative", [Rate(), Step(threshold=0.5)], ids=repr)
@pytest.mark.parametrize("rule", [FeedbackAlignment, Backprop])
@pytest.mark.parametrize("neuron_type", NEURONS, ids=repr)
def test_an_epoch_of_training_is_the_equations(
    Simulator, neuron_type, rule, derivative, normalization
):
    """With the parameters that a simulator samples."""
    rate = 1 if rule is Backprop else 1e-3
    net = Net(rule, neuron_type, learning_rate=rate, derivative=derivative,
              normalization=normalization)  # fmt: skip
    problem = net.get_problem(Simulator)
    (encoders,), (scale,) = problem.encoders, problem.scale
    gradient, decoders, rmse = problem.expect(0, encoders)
    expected = equations.encoder_update(gradient, encoders, scale, rate, normalization)
    history = net.train(1)
    error = history.encoders - encoders - expected
    assert np.abs(error).max() < 1e-6 * np.abs(expected).max()
    assert history.rmse[0] == pytest.approx(rmse, rel=1e-9)
    assert np.abs(expected).max() > 1e-6


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("neuron_type", NEURONS, ids=repr)
def test_backprop_goes_down_the_gradient_of_the_error(
    Simulator, neuron_type, normalization
):
    """Of half the mean square error, by finite differences, with the decoders held."""
    rate, derivative = 0.01, Rate(margin=1e-9)
    net = Net(Backprop, neuron_type, learning_rate=rate, derivative=derivative,
              normalization=normalization)  # fmt: skip
    problem = net.get_problem(Simulator)
    (encoders,) = problem.encoders
    _, decoders, _ = problem.expect(0, encoders)
    length = np.linalg.norm(encoders, axis=1, keepdims=True)

    def to_length(encoders):
        return encoders * length / np.linalg.norm(encoders, axis=1, keepdims=True)

    def loss(encoders):
        if normalization not in (None, "forced"):
            encoders = to_length(encoders)
        return net.y.shape[1] * problem.expect(0, encoders, decoders)[2] ** 2 / 2

    step, gradient = 1e-6, np.empty_like(encoders)
    for index in np.ndindex(gradient.shape):
        shift = np.zeros_like(encoders)
        shift[index] = step
        gradient[index] = loss(encoders + shift) - loss(encoders - shift)
    expected = encoders - rate * gradient / (2 * step)
    if normalization == "forced":
        expected = to_length(expected)

    change = net.train(1).encoders - encoders
    error = np.abs(change - (expected - encoders)).max()
    assert error < 1e-4 * np.abs(change).max()


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_feedback_alignment_with_transposed_decoders_is_backprop(
    allclose, normalization
):
    options = dict(derivative=Rate(), normalization=normalization)
    decoders = Net(FeedbackAlignment).train(0).decoders
    backprop = Net(Backprop, **options).train(1).encoders
    same = Net(FeedbackAlignment, feedback=decoders.T, **options).train(1).encoders
    random = Net(FeedbackAlignment, **options).train(1).encoders
    assert allclose(backprop, same, rtol=1e-12)
    assert not allclose(backprop, random, atol=1e-3, record_rmse=False)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_an_epoch_is_the_mean_of_what_is_learned_online(
    Simulator, normalization, allclose
):
    rate = 1e-6  # so that encoders as good as stay where they are online
    net = Net(FeedbackAlignment, learning_rate=rate, normalization=normalization)
    start = net.train(0).encoders
    net.stimulus.output = nengo.processes.PresentInput(net.x, 0.001)
    with net.model:
        error = nengo.Node(size_in=2)
        target = nengo.Node(nengo.processes.PresentInput(net.y, 0.001))
        for pre, sign in ((net.output, 1), (target, -1)):
            nengo.Connection(pre, error, transform=sign, synapse=None)
        nengo.Connection(error, net.encode.learning_rule, synapse=None)
        delta = nengo.Probe(net.encode.learning_rule, "delta")
    with Simulator(net.model) as sim:
        sim.run_steps(len(net.x))
    scale = sim.data[net.hidden].gain[:, None] / net.hidden.radius
    online = sim.data[delta].mean(axis=0) / scale / sim.dt
    offline = net.train(1).encoders - start
    assert allclose(offline / rate, online / rate, rtol=1e-3, atol=1e-3)
    assert np.abs(offline / rate).max() > 0.1


@pytest.mark.parametrize("batch_size", [None, 7, 1])
@pytest.mark.parametrize("kind", ["feedback alignment", "backprop"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_networks_side_by_side_are_each_alone(rng, kind, normalization, batch_size):
    """To the last bit."""

    def run(which):
        chain, samples = problem.make(which, batch_size=batch_size)
        rmse = [samples.solve(solve_l2)]
        for _ in range(3):
            rmse.append(samples.learn(solve_l2))
        return chain.layers[0].encoders, np.array(chain.decoders), np.transpose(rmse)

    problem = Problem(
        rng, kind, n_networks=3, normalization=normalization, learning_rate=0.1
    )
    together = run(slice(None))
    assert not np.allclose(together[0], problem.encoders, rtol=1e-3)
    for i in range(3):
        for side_by_side, alone in zip(together, run(slice(i, i + 1))):
            assert np.array_equal(side_by_side[i], alone[0])


@pytest.mark.parametrize("normalization", [None, "augmented"])
def test_only_given_columns_are_taught(rng, allclose, normalization):
    """Taught columns get the whole update and others do not change, as online."""
    problem = Problem(rng, normalization=normalization, learning_rate=0.3)
    gradient = rng.standard_normal(problem.encoders.shape)
    chain, _ = problem.make(reached=slice(1, 3))
    whole, _ = problem.make()
    chain.update([gradient])
    whole.update([gradient])
    assert np.array_equal(chain.layers[0].encoders[..., 0], problem.encoders[..., 0])
    assert allclose(
        chain.layers[0].encoders[..., 1:], whole.layers[0].encoders[..., 1:], rtol=1e-12
    )
    assert not allclose(
        chain.layers[0].encoders, whole.layers[0].encoders, record_rmse=False
    )


def test_parameters_given_are_left_alone(rng):
    problem = Problem(rng)
    before = [problem.encoders.copy(), problem.x.copy(), problem.y.copy()]
    _, samples = problem.make(batch_size=10)
    samples.solve(solve_l2)
    samples.learn(solve_l2)
    for value, expected in zip((problem.encoders, problem.x, problem.y), before):
        assert np.array_equal(value, expected)


@pytest.mark.parametrize("batch_size", [1, 7, 13, 38, 39])
def test_batches_divide_the_samples(rng, allclose, batch_size):
    """At a tiny learning rate, updates add up: the mean gradient of each batch.

    The last of an epoch is followed in the next.
    """
    kwargs = dict(normalization=None, learning_rate=1e-9)
    problem = Problem(rng, n_samples=39, **kwargs)
    chain, samples = problem.make(batch_size=batch_size, seed=3)
    rmse = samples.solve(solve_l2)
    _, decoders, expected = problem.expect(0, problem.encoders[0])
    assert allclose(rmse[0], expected, rtol=1e-9)
    assert allclose(chain.decoders[0], decoders, rtol=1e-9)

    x, y, orders = problem.x, problem.y, np.random.RandomState(3)
    if batch_size == 39:
        batches = [range(39)]
    else:
        starts = range(batch_size, 39, batch_size)
        batches = np.split(orders.permutation(39), starts)
    total = 0
    for batch in batches:
        problem.x, problem.y = x[:, batch], y[:, batch]
        total = total + problem.expect(0, problem.encoders[0], decoders)[0]
    samples.learn(solve_l2)
    change = chain.layers[0].encoders[0] - problem.encoders[0]
    expected = -1e-9 * problem.scale[0][:, None] * total
    assert allclose(change, expected, rtol=1e-4, atol=1e-4 * np.abs(change).max())
    assert np.abs(change).max() > 0


@pytest.mark.parametrize("batch_size", [20, 15, 13])
@pytest.mark.parametrize("kind", ["feedback alignment", "backprop"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_each_batch_learns_in_its_turn(rng, allclose, kind, normalization, batch_size):
    """By the decoders of the epoch before, but for the last, which waits for its own.

    Samples are assigned to batches at random, once; in each epoch the batches pass in another
    random order, but for the last. The gradient of each is the mean of its own samples,
    however many there are left for the last.
    """
    problem = Problem(
        rng, kind, n_samples=40, normalization=normalization, learning_rate=0.1
    )
    chain, samples = problem.make(batch_size=batch_size, seed=3)

    def split(order):
        return np.split(order, range(batch_size, 40, batch_size))

    (scale,), (bias,) = problem.scale, problem.bias
    feedback = None if problem.feedback is None else problem.feedback[0]
    orders = np.random.RandomState(3)
    order = orders.permutation(40)
    x, y = problem.x[0], problem.y[0]
    encoders = problem.encoders[0].copy()

    def get_activities(batch):
        current = x[batch] @ (encoders * scale[:, None]).T + bias
        zeros = np.zeros(len(scale))
        rates = problem.neuron_type.rates(current, zeros + 1, zeros)
        return rates, problem.rule.derivative(problem.neuron_type, current)

    def update(batch, activities, derivative, decoders):
        error = activities @ decoders - y[batch]
        weights = decoders if feedback is None else feedback
        delta = equations.aligned_error(error, weights, derivative)
        gradient = equations.weight_gradient(delta, x[batch])
        rate = problem.rule.learning_rate
        return equations.encoder_update(gradient, encoders, scale, rate, normalization)

    decoders = None
    batches = split(order)
    assert not np.array_equal(order, np.arange(40))
    measured = [get_activities(batch) for batch in batches]
    for epoch in range(4):
        rmse = samples.solve(solve_l2) if epoch == 0 else samples.learn(solve_l2)
        if epoch > 0:
            encoders += update(batches[-1], *measured[-1], decoders)
            for k in orders.permutation(len(batches) - 1):
                measured[k] = get_activities(batches[k])
                encoders += update(batches[k], *measured[k], decoders)
            measured[-1] = get_activities(batches[-1])
        activities = np.concatenate([part[0] for part in measured])
        decoders = solve_l2(activities, y[order])
        error = activities @ decoders - y[order]
        assert allclose(chain.layers[0].encoders[0], encoders, rtol=1e-9, atol=1e-12)
        assert allclose(chain.decoders[0], decoders, rtol=1e-9, atol=1e-12)
        assert allclose(rmse[0], np.sqrt(np.mean(error**2)), rtol=1e-9)
    assert np.abs(encoders - problem.encoders[0]).max() > 1e-3


def test_batches_are_drawn_from_the_random_state(rng):
    """The samples of the batches and their order depend on the random state."""

    def run(seed):
        chain, samples = problem.make(batch_size=20, seed=seed)
        samples.solve(solve_l2)
        samples.learn(solve_l2)
        return chain.layers[0].encoders

    problem = Problem(rng)
    assert np.array_equal(run(1), run(1))
    assert len({run(seed).tobytes() for seed in range(6)}) == 6


@pytest.mark.parametrize("batch_size", [None, 6])
def test_test_error_is_that_of_the_decoders_there_are(rng, allclose, batch_size):
    problem = Problem(rng, n_networks=2)
    chain, samples = problem.make(batch_size=batch_size)
    rmse = samples.solve(solve_l2)
    # in batches or not, for the same samples it is the same error
    same = Samples(chain, problem.x, problem.y)
    assert allclose(same.test(), rmse, rtol=1e-9)

    other = Problem(rng, n_networks=2)
    test = Samples(chain, other.x, other.y).test()
    problem.x, problem.y = other.x, other.y
    for i in range(2):
        expected = problem.expect(i, chain.layers[0].encoders[i], chain.decoders[i])[-1]
        assert allclose(test[i], expected, rtol=1e-9)


def test_measured_activities_are_taught_by_their_samples(rng, allclose):
    """Spiking activities lead to nearly the encoders that rates lead to."""
    problem = Problem(rng, neuron_type=nengo.LIF(amplitude=0.01), normalization=None)
    changes = []
    for measure in (None, {"synapse": None, "presentation_time": 2, "rng": rng}):
        chain, samples = problem.make(measure=measure)
        samples.solve(solve_l2)
        samples.learn(solve_l2)
        changes.append(chain.layers[0].encoders - problem.encoders)
    angle = nengo_fa.geometry.alignment_angle(*changes)
    assert 0 < angle[0] < 0.1


class Mean(nengo.solvers.Solver):
    """A user's own normalization."""

    def __call__(self, A, Y, rng=np.random):
        return np.full((A.shape[1], Y.shape[1]), Y.mean() / A.mean()), {}


class Twice(nengo.solvers.LstsqL2):
    """Derived from the solver that is computed in another way, but not that one."""

    def __call__(self, A, Y, rng=np.random):
        decoders, info = super().__call__(A, Y, rng)
        return 2 * decoders, info


SOLVERS = [
    nengo.solvers.LstsqL2(),
    nengo.solvers.LstsqL2(reg=0.01),
    nengo.solvers.LstsqL2(solver=nengo.utils.least_squares_solvers.SVD()),
    nengo.solvers.LstsqL2(solver=nengo.utils.least_squares_solvers.Cholesky(True)),
    nengo.solvers.LstsqL2nz(reg=0.05),
    nengo.solvers.LstsqNoise(),
    nengo.solvers.LstsqDrop(),
    nengo.solvers.Lstsq(),
    Mean(),
    Twice(),
]


@pytest.mark.parametrize("n_neurons", [5, 64, 65, 100])
@pytest.mark.parametrize("solver", SOLVERS, ids=repr)
def test_decoders_are_those_of_the_solver(rng, allclose, solver, n_neurons):
    activities = np.maximum(0, rng.uniform(-100, 100, size=(200, n_neurons)))
    y = rng.standard_normal((200, 3))
    before = activities.copy(), y.copy()
    decoders = make_solve(solver, np.random.RandomState(1))(activities, y)
    expected, _ = solver(activities, y, rng=np.random.RandomState(1))
    assert decoders.shape == (n_neurons, 3)
    assert allclose(decoders, expected, rtol=1e-9, atol=1e-12)
    assert np.array_equal(before[0], activities) and np.array_equal(before[1], y)


def test_silent_neurons_have_decoders_of_zero(rng):
    activities = np.maximum(0, rng.uniform(-100, 100, size=(50, 10)))
    activities[:, 3] = 0
    decoders = solve_l2(activities, rng.standard_normal((50, 2)))
    assert np.all(decoders[3] == 0) and np.all(np.isfinite(decoders))


@pytest.mark.parametrize("solver", SOLVERS[:2], ids=repr)
def test_equations_without_a_solution(solver):
    decoders = make_solve(solver, None)(np.zeros((20, 4)), np.ones((20, 1)))
    assert decoders.shape == (4, 1) and np.all(np.isnan(decoders))


def test_solver_may_write_to_its_arguments():
    class Scribbler(nengo.solvers.Solver):
        def __call__(self, A, Y, rng=None):
            A[...], Y[...] = 0, 0
            return np.zeros((A.shape[1], Y.shape[1])), {}

    activities, y = np.ones((20, 4)), np.ones((20, 1))
    make_solve(Scribbler(), None)(activities, y)
    assert np.all(activities == 1) and np.all(y == 1)


def test_solver_with_decoders_of_another_shape():
    class Transposed(nengo.solvers.Solver):
        def __call__(self, A, Y, rng=None):
            return np.zeros((Y.shape[1], A.shape[1])), {}

    with pytest.raises(ValidationError, match=r"\(n_neurons, size_out\) = \(4, 2\)"):
        make_solve(Transposed(), None)(np.ones((20, 4)), np.ones((20, 2)))


def test_error_of_a_solver_comes_through():
    class Faulty(nengo.solvers.Solver):
        def __call__(self, A, Y, rng=None):
            raise ValueError("as planned")

    solve = make_solve(Faulty(), None)
    with pytest.raises(ValueError, match="as planned"):
        solve(np.ones((20, 4)), np.ones((20, 1)))
    assert np.all(np.isnan(solve(np.full((20, 4), np.inf), np.ones((20, 1)))))


def test_single_precision(rng):
    problem = Problem(rng)
    expected, samples = problem.make()
    errors = [samples.solve(solve_l2)[0]]
    samples.learn(solve_l2)
    rc["precision"]["bits"] = "32"
    chain, samples = problem.make()
    errors.append(samples.solve(solve_l2)[0])
    samples.learn(solve_l2)
    assert chain.layers[0].encoders.dtype == chain.layers[0].weights.dtype == np.float32
    np.testing.assert_allclose(errors[1], errors[0], rtol=1e-4)
    np.testing.assert_allclose(
        chain.layers[0].encoders, expected.layers[0].encoders, atol=1e-3
    )
