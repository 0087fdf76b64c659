import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nengo_fa
from nengo_fa import equations

NORMALIZATIONS = [None, "forced", "augmented", "homeostatic", "stabilized"]
SLOPE = 3.0  # of the smooth response curves below


def response(current):
    return np.log1p(np.exp(SLOPE * current)) / SLOPE


def response_derivative(current):
    return 1 / (1 + np.exp(-SLOPE * current))


class Problem:
    """A random two-layer network of smooth neurons, and a task."""

    def __init__(self, seed, n_samples=7, n_neurons=5, d_in=3, d_out=2, trials=()):
        rng = np.random.RandomState(seed)
        self.rng = rng
        self.x = rng.randn(*trials, n_samples, d_in)
        self.target = rng.randn(*trials, n_samples, d_out)
        self.encoders = rng.randn(*trials, n_neurons, d_in)
        self.gain = rng.uniform(0.5, 4, size=(*trials, n_neurons))
        self.bias = rng.randn(*trials, 1, n_neurons)
        self.decoders = rng.randn(*trials, d_out, n_neurons)
        self.feedback = rng.randn(*trials, n_neurons, d_out)

    def current(self, weights):
        return self.x @ np.swapaxes(weights, -1, -2) + self.bias

    def error(self, weights, decoders=None):
        decoders = self.decoders if decoders is None else decoders
        activities = response(self.current(weights))
        return activities @ np.swapaxes(decoders, -1, -2) - self.target

    def loss(self, weights, decoders=None):
        error = self.error(weights, decoders)
        return np.sum(error**2) / 2 / self.x.shape[-2]

    def delta(self, weights, rule):
        error = self.error(weights)
        derivative = response_derivative(self.current(weights))
        if rule == "backprop":
            return equations.backpropagated_error(error, self.decoders, derivative)
        return equations.aligned_error(error, self.feedback, derivative)


def numerical_gradient(function, point, step=1e-6):
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        shift = np.zeros_like(point)
        shift[index] = step
        gradient[index] = (function(point + shift) - function(point - shift)) / 2 / step
    return gradient


seeds = st.integers(0, 2**31 - 1)


@given(seed=seeds)
def test_decoder_update_is_the_gradient(seed):
    problem = Problem(seed)
    weights = problem.encoders * problem.gain[:, None]
    update = equations.decoder_update(
        problem.error(weights), response(problem.current(weights)), learning_rate=0.5
    )
    gradient = numerical_gradient(
        lambda decoders: problem.loss(weights, decoders), problem.decoders
    )
    np.testing.assert_allclose(update, -0.5 * gradient, rtol=1e-6, atol=1e-6)


def test_decoder_update_of_stacked_networks(rng):
    """Networks have their own samples, in a number other than the number of networks."""
    error, activities = rng.randn(3, 7, 2), rng.randn(3, 7, 5)
    updates = equations.decoder_update(error, activities, 0.5)
    for update, *samples in zip(updates, error, activities):
        alone = equations.decoder_update(*samples, 0.5)
        np.testing.assert_allclose(update, alone, rtol=1e-12)


@given(seed=seeds)
def test_backprop_is_the_gradient_in_the_weights(seed):
    problem = Problem(seed)
    weights = problem.encoders * problem.gain[:, None]
    gradient = equations.weight_gradient(problem.delta(weights, "backprop"), problem.x)
    np.testing.assert_allclose(
        gradient, numerical_gradient(problem.loss, weights), rtol=1e-6, atol=1e-6
    )


@given(seed=seeds)
def test_plain_update_is_the_gradient_in_the_encoders(seed):
    problem = Problem(seed)

    def weights(encoders):
        return encoders * problem.gain[:, None]

    gradient = equations.weight_gradient(
        problem.delta(weights(problem.encoders), "backprop"), problem.x
    )
    update = equations.encoder_update(
        gradient, problem.encoders, problem.gain, learning_rate=0.5
    )
    expected = numerical_gradient(lambda p: problem.loss(weights(p)), problem.encoders)
    np.testing.assert_allclose(update, -0.5 * expected, rtol=1e-6, atol=1e-6)


@given(seed=seeds)
def test_augmented_gradient_is_the_gradient_under_weight_normalization(seed):
    problem = Problem(seed)

    def weights(encoders):
        return equations.input_weights(encoders, problem.gain)

    gradient = equations.weight_gradient(
        problem.delta(weights(problem.encoders), "backprop"), problem.x
    )
    augmented = equations.augmented_gradient(gradient, problem.encoders, problem.gain)
    expected = numerical_gradient(lambda p: problem.loss(weights(p)), problem.encoders)
    np.testing.assert_allclose(augmented, expected, rtol=1e-6, atol=1e-6)


@given(seed=seeds)
def test_augmented_update_is_the_gradient_for_weights_of_constant_length(seed):
    problem = Problem(seed)
    length = problem.gain * np.linalg.norm(problem.encoders, axis=-1)

    def weights(encoders):
        return equations.input_weights(encoders, length)

    np.testing.assert_allclose(
        weights(problem.encoders), problem.encoders * problem.gain[:, None]
    )
    gradient = equations.weight_gradient(
        problem.delta(weights(problem.encoders), "backprop"), problem.x
    )
    update = equations.encoder_update(
        gradient, problem.encoders, problem.gain, 0.5, "augmented"
    )
    expected = numerical_gradient(lambda p: problem.loss(weights(p)), problem.encoders)
    np.testing.assert_allclose(update, -0.5 * expected, rtol=1e-6, atol=1e-6)


@given(seed=seeds)
def test_equations_5_and_6_as_printed_are_not_the_gradient(seed):
    """The erratum: gamma, once in eq. 5 and again in eq. 6, scales the update twice."""
    problem = Problem(seed)
    weights = equations.input_weights(problem.encoders, problem.gain)
    gradient = equations.weight_gradient(problem.delta(weights, "backprop"), problem.x)
    gamma = problem.gain / np.linalg.norm(problem.encoders, axis=-1)
    printed = gamma[:, None] * equations.augmented_gradient(
        gradient, problem.encoders, problem.gain
    )
    expected = numerical_gradient(
        lambda p: problem.loss(equations.input_weights(p, problem.gain)),
        problem.encoders,
    )
    assert not np.allclose(printed, expected, rtol=1e-3, atol=1e-6)


@given(seed=seeds)
def test_input_weights_have_the_length_of_the_gain(seed):
    problem = Problem(seed)
    weights = equations.input_weights(problem.encoders, problem.gain)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=-1), problem.gain)


@given(seed=seeds)
def test_feedback_alignment_by_its_definition(seed):
    problem = Problem(seed)
    weights = problem.encoders * problem.gain[:, None]
    error = problem.error(weights)
    derivative = response_derivative(problem.current(weights))

    expected = np.zeros_like(weights)
    for sample, x in enumerate(problem.x):
        for neuron in range(len(weights)):
            projected = np.dot(problem.feedback[neuron], error[sample])
            expected[neuron] += derivative[sample, neuron] * projected * x
    expected /= len(problem.x)

    gradient = equations.weight_gradient(problem.delta(weights, "alignment"), problem.x)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-9)


@given(seed=seeds)
def test_feedback_alignment_equals_backprop_for_transposed_decoders_only(seed):
    problem = Problem(seed)
    weights = problem.encoders * problem.gain[:, None]
    backprop = problem.delta(weights, "backprop")

    assert not np.allclose(problem.delta(weights, "alignment"), backprop)
    problem.feedback = problem.decoders.T
    np.testing.assert_allclose(problem.delta(weights, "alignment"), backprop)


@given(seed=seeds)
def test_augmented_update_is_orthogonal_to_the_encoder(seed):
    problem = Problem(seed)
    gradient = problem.rng.randn(*problem.encoders.shape)
    update = equations.encoder_update(
        gradient, problem.encoders, problem.gain, 0.5, "augmented"
    )
    along = np.sum(update * problem.encoders, axis=-1)
    np.testing.assert_allclose(along, 0, atol=1e-12 * np.abs(update).max())
    assert np.abs(update).max() > 0


@given(seed=seeds)
def test_forced_update_keeps_the_norm(seed):
    problem = Problem(seed)
    gradient = problem.rng.randn(*problem.encoders.shape)
    arguments = (gradient, problem.encoders, problem.gain, 0.5)
    plain = problem.encoders + equations.encoder_update(*arguments)
    forced = problem.encoders + equations.encoder_update(*arguments, "forced")
    lengths = np.linalg.norm(forced, axis=-1, keepdims=True)
    np.testing.assert_allclose(lengths[:, 0], np.linalg.norm(problem.encoders, axis=-1))
    np.testing.assert_allclose(
        forced / lengths, plain / np.linalg.norm(plain, axis=-1, keepdims=True)
    )


@given(seed=seeds)
def test_forced_and_augmented_agree_for_small_steps(seed):
    problem = Problem(seed)
    problem.encoders /= np.linalg.norm(problem.encoders, axis=-1, keepdims=True)
    gradient = problem.rng.randn(*problem.encoders.shape)
    forced, augmented = (
        equations.encoder_update(
            gradient, problem.encoders, problem.gain, 1e-7, normalization
        )
        for normalization in ("forced", "augmented")
    )
    np.testing.assert_allclose(forced, augmented, rtol=1e-4, atol=1e-11)


@pytest.mark.parametrize("normalization", ["homeostatic", "stabilized"])
@given(seed=seeds)
def test_homeostatic_is_the_gradient_under_weight_normalization_at_length_one(
    normalization, seed
):
    """There, and only there, it is the augmented gradient; by finite differences."""
    problem = Problem(seed)

    def weights(encoders):
        return equations.input_weights(encoders, problem.gain)

    def update(encoders, normalization):
        delta = problem.delta(weights(encoders), "backprop")
        gradient = equations.weight_gradient(delta, problem.x)
        return equations.encoder_update(
            gradient, encoders, problem.gain, 0.5, normalization
        )

    assert not np.allclose(
        update(problem.encoders, normalization), update(problem.encoders, "augmented")
    )
    encoders = weights(problem.encoders) / problem.gain[:, None]
    expected = numerical_gradient(lambda p: problem.loss(weights(p)), encoders)
    found = update(encoders, normalization)
    np.testing.assert_allclose(found, -0.5 * expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        found, update(encoders, "augmented"), rtol=1e-9, atol=1e-12
    )


def length_change(normalization, seed, length, sign):
    """How u, the squared length, changes with time; what is predicted; and alpha |s|."""
    problem = Problem(seed)
    directions = problem.encoders / np.linalg.norm(problem.encoders, axis=1)[:, None]
    encoders = length * directions
    gradient = problem.rng.randn(*encoders.shape)
    s = np.sum(encoders * gradient, axis=1)
    gradient *= (sign * np.sign(s))[:, None]
    s = sign * np.abs(s)
    step = 1e-7
    moved = encoders + equations.encoder_update(
        gradient, encoders, problem.gain, step, normalization
    )
    u = length**2
    change = (np.sum(moved**2, axis=1) - u) / step
    predicted = -2 * problem.gain * s * (1 - u)
    if normalization == "stabilized" and sign > 0:
        predicted *= 1 - 2 * u
    return change, predicted


@given(seed=seeds, length=st.floats(0.1, 3), sign=st.sampled_from([-1, 1]))
@pytest.mark.parametrize("normalization", ["homeostatic", "stabilized"])
def test_change_of_the_length(normalization, seed, length, sign):
    change, predicted = length_change(normalization, seed, length, sign)
    scale = 1 + np.abs(predicted).max()
    np.testing.assert_allclose(change, predicted, atol=1e-3 * scale)


@pytest.mark.parametrize("length", [0.9, 1.1, 3.0])
@given(seed=seeds)
def test_length_goes_to_one_or_away_from_it(length, seed):
    """Attracted where the gradient lengthens; only if stabilized, where it shortens."""
    for normalization, sign, attracted in [
        ("homeostatic", -1, True),
        ("homeostatic", 1, False),
        ("stabilized", -1, True),
        ("stabilized", 1, True),
    ]:
        change, _ = length_change(normalization, seed, length, sign)
        assert np.all((change * (1 - length) > 0) == attracted)


@given(seed=seeds)
def test_correction_is_nothing_where_the_gradient_lengthens(seed):
    problem = Problem(seed)
    gradient = problem.rng.randn(*problem.encoders.shape)
    along = np.sum(gradient * problem.encoders, axis=1)
    gradient *= -np.sign(along)[:, None]
    np.testing.assert_array_equal(
        equations.stabilized_gradient(gradient, problem.encoders),
        equations.homeostatic_gradient(gradient, problem.encoders),
    )


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@given(seed=seeds)
def test_zero_gradient_is_exactly_zero_change(normalization, seed):
    problem = Problem(seed)
    gradient = problem.rng.randn(*problem.encoders.shape)
    gradient[1] = 0
    update = equations.encoder_update(
        gradient, problem.encoders, problem.gain, 0.5, normalization
    )
    assert np.all(update[1] == 0)
    assert np.all(np.any(update[[0, 2, 3, 4]] != 0, axis=-1))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("rule", ["backprop", "alignment"])
def test_trials_at_once_equal_trials_one_by_one(normalization, rule, seed):
    problem = Problem(seed, trials=(4, 3))

    def update(problem):
        weights = problem.encoders * problem.gain[..., None]
        gradient = equations.weight_gradient(problem.delta(weights, rule), problem.x)
        return equations.encoder_update(
            gradient, problem.encoders, problem.gain, 0.1, normalization
        )

    together = update(problem)
    single = Problem(seed)
    for index in np.ndindex(4, 3):
        for name, value in vars(problem).items():
            if name != "rng":
                setattr(single, name, value[index])
        np.testing.assert_allclose(together[index], update(single), rtol=1e-12)


def test_a_single_sample_needs_no_other_function(seed):
    problem = Problem(seed, n_samples=1)
    weights = problem.encoders * problem.gain[:, None]
    delta = problem.delta(weights, "alignment")
    np.testing.assert_allclose(
        equations.weight_gradient(delta, problem.x), np.outer(delta[0], problem.x[0])
    )


def test_unknown_normalization():
    with pytest.raises(ValueError, match="must be None, 'forced', 'augmented', 'homeo"):
        nengo_fa.equations.encoder_update(
            np.ones((2, 2)), np.ones((2, 2)), np.ones(2), 1, "L2"
        )


@pytest.mark.parametrize("length", [1.2, 3.0, 10.0])
def test_steps_that_the_stabilized_rule_allows_for(length):
    """Along the encoder, with positive s; a larger step overshoots, and lengthens it."""
    encoders = np.array([[length, 0.0]])
    u = length**2
    largest = 2 / (2 * u - 3 + 1 / u)
    for part in (0.9, 1.1):
        gradient = np.array([[part * largest / length, 0.0]])  # so that s is part of it
        update = equations.encoder_update(
            gradient, encoders, np.ones(1), 1, "stabilized"
        )
        assert (np.linalg.norm(encoders + update) < length) == (part < 1)


class Recurrent:
    """A random recurrent network of smooth rate neurons, behind one low-pass filter."""

    def __init__(self, seed, strength, n_neurons=4, n_steps=12):
        rng = np.random.RandomState(seed)
        self.decay = rng.uniform(0.3, 0.9)
        weights = rng.randn(n_neurons, n_neurons)
        self.weights = strength / np.linalg.norm(weights, ord=2) * weights
        self.drive = rng.randn(n_steps, n_neurons)
        self.decoders = rng.randn(2, n_neurons)
        self.target = rng.randn(n_steps, 2)

    def run(self, weights, held=None):
        """Filtered activities and f' in time; ``held`` plays back what comes in."""
        filtered, derivatives = [np.zeros(len(weights))], []
        for step, drive in enumerate(self.drive):
            x = filtered[-1] if held is None else held[step]
            current = weights @ x + drive
            mixed = (1 - self.decay) * response(current)
            filtered.append(self.decay * filtered[-1] + mixed)
            derivatives.append(response_derivative(current))
        return np.array(filtered), np.array(derivatives)

    def error(self, filtered):
        return filtered[1:] @ self.decoders.T - self.target

    def loss(self, weights, held=None):
        filtered, _ = self.run(weights, held)
        return np.sum(self.error(filtered) ** 2) / 2 / len(self.drive)

    def learn(self, decay=None):
        """The traces, and the gradient from them."""
        filtered, derivative = self.run(self.weights)
        decay = self.decay if decay is None else decay
        trace = equations.eligibility_trace(derivative, filtered[:-1], decay)
        error = self.error(filtered)
        return trace, equations.traced_gradient(error, self.decoders.T, trace)


@settings(max_examples=30)
@given(seed=seeds)
def test_traced_gradient_is_that_of_the_network_whose_recurrent_input_is_held(seed):
    """Random-feedback local online learning, by finite differences through time."""
    network = Recurrent(seed, strength=1.5)
    held, _ = network.run(network.weights)
    expected = numerical_gradient(lambda w: network.loss(w, held), network.weights)
    _, gradient = network.learn()
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)
    _, wrong = network.learn(decay=network.decay / 2)
    assert not np.allclose(wrong, expected, rtol=1e-2, atol=1e-4)


@settings(max_examples=30)
@given(seed=seeds, strength=st.sampled_from([0.05, 0.3, 0.8]))
def test_traced_gradient_leaves_out_no_more_than_is_said(seed, strength):
    network = Recurrent(seed, strength)
    expected = numerical_gradient(network.loss, network.weights)
    trace, gradient = network.learn()
    filtered, _ = network.run(network.weights)
    projected = np.linalg.norm(network.error(filtered) @ network.decoders, axis=1)
    # f' is at most one, so that s is the strength; a trace is of one neuron
    longest = np.maximum.accumulate(np.abs(trace), axis=0)
    bound = np.mean(projected[:, None, None] * longest, axis=0)
    bound *= strength / (1 - strength)
    assert np.all(np.abs(gradient - expected) <= bound + 1e-7)
    assert np.any(np.abs(gradient - expected) > 1e-5 * bound)


@settings(max_examples=30)
@given(seed=seeds, strength=st.sampled_from([0.3, 1.5]))
def test_gradient_through_time_is_exact(seed, strength):
    network = Recurrent(seed, strength)
    expected = numerical_gradient(network.loss, network.weights)
    filtered, derivative = network.run(network.weights)
    parts = network.error(filtered), network.decoders, derivative, filtered[:-1]

    def find(weights, decay=network.decay):
        return equations.gradient_through_time(*parts, weights, decay)

    np.testing.assert_allclose(find(network.weights), expected, rtol=1e-5, atol=1e-7)
    for wrong in (find(network.weights.T), find(network.weights, network.decay / 2)):
        assert not np.allclose(wrong, expected, rtol=1e-2, atol=1e-4)
    _, traced = network.learn()
    np.testing.assert_allclose(find(0 * network.weights), traced, atol=1e-12)


def test_trace_of_stacked_networks(rng):
    derivative, x = rng.rand(3, 7, 2), rng.randn(3, 7, 5)
    traces = equations.eligibility_trace(derivative, x, 0.5)
    assert traces.shape == (3, 7, 2, 5)
    for trace, *samples in zip(traces, derivative, x):
        np.testing.assert_array_equal(trace, equations.eligibility_trace(*samples, 0.5))
