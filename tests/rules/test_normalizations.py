"""Requirements of all normalizations; one line of `NORMALIZATIONS` adds a new one."""

import nengo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nengo.exceptions import BuildError, ValidationError

import nengo_fa
from nengo_fa import equations
from nengo_fa.rules.normalizations import (
    NORMALIZATIONS,
    Forced,
    Normalization,
    get_normalization,
)

FAMILY = list(NORMALIZATIONS.values())
every_normalization = pytest.mark.parametrize(
    "normalization", FAMILY, ids=lambda one: type(one).__name__
)


class Case:
    """Random encoders, gains and gradients of one step, as both clocks have them."""

    def __init__(self, seed, n_neurons=5, dimensions=3, dtype=np.float64, sparse=False):
        rng = np.random.RandomState(seed)
        self.gain = rng.uniform(0.5, 10, size=n_neurons).astype(dtype)
        self.encoders = rng.randn(n_neurons, dimensions).astype(dtype)
        self.fields = None
        if sparse:
            self.fields = (rng.rand(n_neurons, dimensions) < 0.5).astype(dtype)
            self.fields[:, rng.randint(dimensions)] = 1
            self.encoders *= self.fields
        self.error = rng.randn(n_neurons).astype(dtype)
        self.x = rng.randn(dimensions).astype(dtype)
        self.learning_rate = 0.01

    def find_update(self, normalization):
        """By the equation, for encoders."""
        gradient = self.error[:, None] * self.x
        if self.fields is not None:
            gradient *= self.fields
        return normalization.find_update(
            gradient, self.encoders, self.gain, self.learning_rate
        )

    def find_delta(self, normalization):
        """By the step, for scaled encoders, whose arrays are filled late."""
        h, x = np.zeros_like(self.error), np.zeros_like(self.x)
        encoders = np.zeros_like(self.encoders)
        delta = np.full_like(encoders, np.nan)
        step = normalization.make_step(h, x, encoders, delta, self.fields, self.gain)
        h[...] = -self.learning_rate * self.gain**2 * self.error
        x[...], encoders[...] = self.x, self.gain[:, None] * self.encoders
        step()
        assert delta.dtype == self.x.dtype
        return delta


@every_normalization
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sparse", [False, True])
@given(
    seed=st.integers(0, 2**31 - 1),
    n_neurons=st.integers(1, 9),
    dimensions=st.integers(1, 5),
)
def test_step_equals_equation(
    normalization, dtype, sparse, seed, n_neurons, dimensions
):
    case = Case(seed, n_neurons, dimensions, dtype, sparse)
    expected = case.find_update(normalization) * case.gain[:, None]
    scale = np.abs(case.gain[:, None] * case.encoders).max() + np.abs(expected).max()
    tolerance = scale * (1e-12 if dtype is np.float64 else 1e-5)
    delta = case.find_delta(normalization)
    np.testing.assert_allclose(delta, expected, rtol=1e-12, atol=tolerance)
    if sparse:
        assert not np.any(delta[case.fields == 0])


@every_normalization
def test_zero_gradient_changes_nothing_at_all(normalization):
    case = Case(0, n_neurons=200)
    case.error[...] = 0
    assert not np.any(case.find_update(normalization))
    assert not np.any(case.find_delta(normalization))


@every_normalization
def test_equation_broadcasts(normalization):
    cases = [Case(seed) for seed in range(3)]
    together = normalization.find_update(
        np.array([case.error[:, None] * case.x for case in cases]),
        np.array([case.encoders for case in cases]),
        np.array([case.gain for case in cases]),
        0.01,
    )
    for case, update in zip(cases, together):
        np.testing.assert_allclose(case.find_update(normalization), update, rtol=1e-12)


@every_normalization
def test_small_steps_do_not_depend_on_their_number(normalization):
    """Half the learning rate twice is the same, up to the second order."""
    case, halved = Case(1), Case(1)
    case.learning_rate, halved.learning_rate = 1e-5, 0.5e-5
    first = halved.find_update(normalization)
    halved.encoders = halved.encoders + first
    twice = first + halved.find_update(normalization)
    once = case.find_update(normalization)
    assert np.abs(once).max() > 0
    np.testing.assert_allclose(twice, once, atol=1e-3 * np.abs(once).max())


@every_normalization
def test_lengths_are_kept_if_it_says_so(normalization):
    case = Case(2)
    case.learning_rate = 0.5
    before = np.linalg.norm(case.encoders, axis=1)
    after = np.linalg.norm(case.encoders + case.find_update(normalization), axis=1)
    assert np.allclose(before, after, rtol=1e-12) == normalization.keeps_lengths


@every_normalization
def test_it_is_named_by_a_string(normalization):
    assert get_normalization(normalization.name) is normalization
    assert get_normalization(normalization) is normalization
    for one in (normalization.name, normalization):
        rule = nengo_fa.FeedbackAlignment(1, normalization=one)
        assert rule.normalization is one
        assert nengo_fa.BurstLearning(normalization=one).normalization is one
    case = Case(3)
    np.testing.assert_array_equal(
        case.find_update(normalization),
        equations.encoder_update(
            case.error[:, None] * case.x,
            case.encoders,
            case.gain,
            case.learning_rate,
            normalization.name,
        ),
    )


@pytest.mark.parametrize("name", ["free", "Forced", "", 1, True, Forced, [None]])
def test_others_are_refused(name):
    with pytest.raises(ValidationError, match="None, 'forced', .* or 'stabilized'"):
        nengo_fa.FeedbackAlignment(1, normalization=name)
    case = Case(0)
    with pytest.raises(ValueError, match="None, 'forced', .* or 'stabilized'"):
        equations.encoder_update(case.encoders, case.encoders, case.gain, 1, name)


def make_network(normalization, to=slice(None), encoders=None, **rule):
    with nengo.Network(seed=1) as model:
        hidden = nengo.Ensemble(9, 2, neuron_type=nengo.LIFRate())
        if encoders is not None:
            hidden.encoders, hidden.normalize_encoders = encoders, False
            hidden.gain, hidden.bias = np.ones(9), np.ones(9)
        stimulus = nengo.Node(np.full(hidden[to].size_in, 0.4))
        encode = nengo.Connection(stimulus, hidden[to], synapse=None)
        encode.learning_rule_type = nengo_fa.FeedbackAlignment(
            1, normalization=normalization, **rule
        )
        nengo.Connection(nengo.Node([1.0]), encode.learning_rule, synapse=None)
        model.probe = nengo.Probe(encode.learning_rule, "scaled_encoders")
    return model


@every_normalization
@pytest.mark.parametrize(
    "to", [[0], [1, 1], [-1, 1], slice(1, None), [0, 1], [1, 0, 1]]
)
def test_whole_encoders_are_needed_if_it_says_so(Simulator, normalization, to):
    """Whatever the slice, it is the set of dimensions it reaches that counts."""
    model = make_network(normalization, to)
    is_part = len(set(np.arange(2)[to])) < 2
    if normalization.needs_whole_encoders and is_part:
        with pytest.raises(BuildError, match="reaches only some dimensions"):
            Simulator(model)
        return
    with Simulator(model) as sim:
        sim.run_steps(5)
    assert np.any(sim.data[model.probe][-1] != sim.data[model.probe][0])


@every_normalization
def test_directions_are_needed_if_it_says_so(Simulator, normalization):
    encoders = np.ones((9, 2))
    encoders[3] = 0
    model = make_network(normalization, encoders=encoders)
    if normalization.needs_directions:
        with pytest.raises(BuildError, match="encoder of length zero"):
            Simulator(model)
    else:
        Simulator(model).close()


@every_normalization
def test_an_object_does_the_same_as_its_name(Simulator, normalization):
    results = []
    for one in (normalization.name, normalization):
        model = make_network(one, learning_rate=3)
        with Simulator(model) as sim:
            sim.run_steps(20)
        results.append(sim.data[model.probe])
    assert np.array_equal(*results)


def test_one_of_a_users_own(Simulator):
    class Signed(Normalization):
        """Steps of one size."""

        def find_update(self, gradient, encoders, gain, learning_rate):
            return -learning_rate * np.sign(gradient)

        def make_step(self, h, x, encoders, delta, fields, scale):
            def step():
                delta[...] = 0.01 * np.sign(h[:, None] * x)

            return step

    model = make_network(Signed())
    with Simulator(model) as sim:
        sim.run_steps(20)
    steps = np.abs(np.diff(sim.data[model.probe], axis=0))
    assert np.all((steps < 1e-12) | (np.abs(steps - 0.01) < 1e-12))
    assert np.any(steps > 0.005)
