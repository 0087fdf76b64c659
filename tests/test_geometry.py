import nengo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nengo.exceptions import SimulatorClosed, ValidationError

import nengo_fa
from nengo_fa.geometry import (
    alignment_angle,
    angle_to_axes,
    disc,
    preferred_directions,
    selectivity,
    tuning_curves,
)

# zero divided by zero is meant to be NaN without a word
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def make_model(rule=None, **kwargs):
    """An ensemble with constant input, whose encoders a rule changes."""
    kwargs.setdefault("neuron_type", nengo.LIFRate())
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node([0.5, -0.8])
        model.ensemble = nengo.Ensemble(20, 2, radius=1.5, **kwargs)
        encode = nengo.Connection(
            stimulus, model.ensemble, synapse=None, learning_rule_type=rule
        )
        if isinstance(rule, nengo_fa.FeedbackAlignment):
            error = nengo.Node([0.7])
            nengo.Connection(error, encode.learning_rule, synapse=None)
        model.probe = nengo.Probe(model.ensemble.neurons)
    return model


RULES = [
    nengo_fa.FeedbackAlignment(1, learning_rate=3),
    nengo.Voja(learning_rate=1e-2, post_synapse=None),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_live_encoders(Simulator, rule, allclose):
    """Parameters describe the activity of the neurons, and the neurons of a new simulator."""
    model = make_model(rule)
    stimulus, inputs = [0.5, -0.8], disc(9, radius=1.5)[0]
    with Simulator(model) as sim:
        built = sim.data[model.ensemble].encoders
        assert allclose(preferred_directions(sim, model.ensemble), built)
        sim.run(0.2)
        nengo_fa.freeze_params(sim, model)
        sim.step()  # the change of one step is added at the start of the next
        directions = preferred_directions(sim, model.ensemble)
        activities = tuning_curves(sim, model.ensemble, inputs)
        assert allclose(
            tuning_curves(sim, model.ensemble, stimulus), sim.data[model.probe][-1]
        )
        assert not np.allclose(sim.data[model.probe][-1], sim.data[model.probe][0])
    assert allclose(np.linalg.norm(directions, axis=-1), 1)
    assert np.max(np.abs(directions - built)) > 0.1

    with Simulator(model) as sim:
        learned = sim.data[model.ensemble].encoders
        length = np.linalg.norm(learned, axis=-1, keepdims=True)
        assert allclose(directions, learned / length)
        _, expected = nengo.utils.ensemble.tuning_curves(model.ensemble, sim, inputs)
        assert allclose(activities, expected)


@pytest.mark.parametrize(
    "neuron_type",
    [
        nengo.LIF(amplitude=0.5),
        nengo.AdaptiveLIFRate(),
        nengo.SpikingRectifiedLinear(),
        nengo.Sigmoid(),
        nengo.Tanh(),
        nengo.PoissonSpiking(nengo.LIFRate()),
    ],
    ids=lambda neuron_type: type(neuron_type).__name__,
)
def test_tuning_curves_without_learning(Simulator, neuron_type, rng, allclose):
    model = make_model(
        neuron_type=neuron_type,
        max_rates=nengo.dists.Uniform(220, 300),
        intercepts=nengo.dists.Uniform(-0.9, 0.5),
    )
    inputs = rng.uniform(-2, 2, size=(3, 4, 5, 2))
    with Simulator(model) as sim:
        _, expected = nengo.utils.ensemble.tuning_curves(model.ensemble, sim, inputs)
        activities = tuning_curves(sim, model.ensemble, inputs)
        assert activities.shape == (3, 4, 5, 20)
        assert np.ptp(activities) > 1e-2
        assert allclose(activities, expected)
        empty = tuning_curves(sim, model.ensemble, np.ones((0, 2)))
        assert empty.shape == (0, 20)


@pytest.mark.parametrize(
    "neuron_type",
    [
        nengo.LIF(amplitude=0.5),
        nengo.RegularSpiking(nengo.LIFRate(), amplitude=0.5),
        nengo.StochasticSpiking(nengo.LIFRate(), amplitude=3),
        nengo.PoissonSpiking(nengo.RectifiedLinear(amplitude=2), amplitude=2),
        nengo_fa.Pyramidal(amplitude=2),
    ],
    ids=repr,
)
def test_tuning_curves_are_what_neurons_send(Simulator, neuron_type):
    """The amplitude included, of spike generators as well."""
    model = make_model(neuron_type=neuron_type)
    with Simulator(model) as sim:
        sim.run(4)
        expected = sim.data[model.probe].mean(axis=0)
        activities = tuning_curves(sim, model.ensemble, [0.5, -0.8])
    np.testing.assert_allclose(activities.sum(), expected.sum(), rtol=0.03)


def test_tuning_curves_in_one_dimension(Simulator, allclose):
    with nengo.Network(seed=1) as model:
        ensemble = nengo.Ensemble(10, 1)
    inputs = np.linspace(-1, 1, 7)
    with Simulator(model) as sim:
        _, expected = nengo.utils.ensemble.tuning_curves(ensemble, sim, inputs[:, None])
        assert allclose(tuning_curves(sim, ensemble, inputs[:, None]), expected)
        with pytest.raises(
            ValidationError, match=r"\(7,\).*give inputs\[\.\.\., np\.n"
        ):
            tuning_curves(sim, ensemble, inputs)


def test_neurons_without_direction(Simulator, allclose):
    """A gain below zero turns a neuron around; a gain or encoder of zero leaves nothing."""
    model = make_model(
        encoders=np.append([[0, 0], [0, 3], [0, 3]], np.ones((17, 2)), axis=0),
        normalize_encoders=False,
        gain=np.append([1, 0, -2], np.ones(17)),
        bias=np.full(20, 2),
    )
    with np.errstate(all="ignore"):  # in Nengo, which seeks the intercepts
        sim = Simulator(model)
    with sim:
        directions = preferred_directions(sim, model.ensemble)
        activities = tuning_curves(sim, model.ensemble, [[0, 0], [0, 0.1]])
    assert np.all(np.isnan(directions[:2]))
    assert allclose(directions[2], [0, -1])
    assert allclose(directions[3:], np.sqrt(0.5))
    assert np.all(activities[0] > 0)
    assert np.array_equal(activities[0, :2], activities[1, :2])
    assert activities[0, 2] > activities[1, 2]


FUNCTIONS = [
    preferred_directions,
    lambda sim, ensemble: tuning_curves(sim, ensemble, [0, 0]),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=["directions", "tuning curves"])
def test_not_to_be_had(Simulator, function):
    model, other = make_model(), make_model()
    with model:
        direct = nengo.Ensemble(1, 2, neuron_type=nengo.Direct())
    with Simulator(model) as sim:
        with pytest.raises(ValidationError, match="Give it another neuron_type"):
            function(sim, direct)
        with pytest.raises(
            ValidationError, match="network that the simulator was built"
        ):
            function(sim, other.ensemble)
        with pytest.raises(ValidationError, match=r"a nengo\.Ensemble \(got Neurons\)"):
            function(sim, model.ensemble.neurons)
        with pytest.raises(ValidationError, match=r"a nengo\.Simulator.*got Ensemble"):
            function(model.ensemble, sim)
    with pytest.raises(SimulatorClosed, match="Call this inside"):
        function(sim, model.ensemble)


@pytest.mark.parametrize("function", FUNCTIONS, ids=["directions", "tuning curves"])
def test_diverged_encoders(Simulator, function):
    model = make_model(RULES[0])
    with Simulator(model) as sim:
        sim.signals[sim.model.sig[model.ensemble]["encoders"]][3, 1] = np.inf
        with pytest.raises(ValidationError, match="Lower the learning rate"):
            function(sim, model.ensemble)


def test_angle_to_diagonals(allclose):
    angles = np.linspace(-np.pi, np.pi, 33)
    encoders = 3 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    distance = np.abs(angles % (np.pi / 2) - np.pi / 4)
    assert allclose(angle_to_axes(encoders), distance, atol=1e-7)


def test_mean_angle_of_random_directions(rng):
    encoders = rng.randn(5, 20000, 2)
    angle = angle_to_axes(encoders)
    assert angle.shape == (5, 20000)
    assert np.all(np.abs(angle.mean(axis=-1) - np.pi / 8) < 0.01)


def test_other_axes(allclose):
    encoders = [[1, 0, 0], [0, -2, 0], [0, 1, 1]]
    assert allclose(
        angle_to_axes(encoders, [[0, 0, 4]]), [np.pi / 2, np.pi / 2, np.pi / 4]
    )


def test_dimensions_must_agree():
    with pytest.raises(ValidationError, match=r"\(4, 3\) and axes \(2, 2\)"):
        angle_to_axes(np.ones((4, 3)))


@pytest.mark.parametrize("n_points", [2, 5, 11, 51])
@pytest.mark.parametrize("radius", [1.0, 0.3])
def test_disc(n_points, radius, allclose):
    points, inside = disc(n_points, radius)
    axis = np.linspace(-radius, radius, n_points)
    assert allclose(points[..., 0], axis[np.newaxis, :])
    assert allclose(points[..., 1], axis[:, np.newaxis])

    length = np.hypot(*np.moveaxis(points, -1, 0)) / radius
    assert np.all(inside[length < 1 - 1e-12])
    assert not np.any(inside[length > 1 + 1e-12])
    # the rim is treated alike on all sides, and belongs to the disc
    rim = np.abs(length - 1) < 1e-12
    assert np.all(inside[rim]) and np.sum(rim) >= 4 * (n_points % 2)
    assert np.array_equal(inside, np.rot90(inside))


@pytest.mark.parametrize("kwargs", [{"n_points": 1}, {"radius": 0}, {"radius": np.nan}])
def test_no_disc(kwargs):
    with pytest.raises(ValidationError, match=f"{next(iter(kwargs))}: Must be"):
        disc(**kwargs)


@given(
    exponent=st.floats(-12, 0),
    lengths=st.tuples(*[st.floats(1e-30, 1e30)] * 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_alignment_angle_is_exact(exponent, lengths, seed):
    """Near 0 and near pi to the last digits, for updates of whatever length."""
    u, v = np.linalg.qr(np.random.RandomState(seed).randn(12, 2))[0].T.reshape(2, 4, 3)
    angle = 10**exponent
    turned = lengths[1] * (np.cos(angle) * u + np.sin(angle) * v)
    assert abs(alignment_angle(lengths[0] * u, turned) - angle) < 2e-15
    assert abs(alignment_angle(turned, -u) - (np.pi - angle)) < 4e-15


def test_alignment_angle_over_leading_axes(rng, allclose):
    updates, reference = rng.randn(3, 2, 4, 2), rng.randn(4, 2)
    angle = alignment_angle(updates, reference)
    cosine = updates.reshape(3, 2, 8) @ reference.ravel() / np.linalg.norm(reference)
    cosine /= np.linalg.norm(updates.reshape(3, 2, 8), axis=-1)
    assert angle.shape == (3, 2)
    assert allclose(angle, np.arccos(cosine))
    assert np.array_equal(alignment_angle(reference, updates), angle)


def test_alignment_angle_with_zero(rng):
    updates = rng.randn(3, 4, 2)
    updates[1, 2] = 0  # one neuron that stays is no matter
    updates[2] = 0
    assert np.isnan(alignment_angle(updates, np.ones((4, 2)))).tolist() == [0, 0, 1]
    assert np.isnan(alignment_angle(np.ones((4, 2)), np.zeros((4, 2))))


@pytest.mark.parametrize("shapes", [[(4, 2), (2, 4)], [(4, 2), (2,)], [(2,), (2,)]])
def test_updates_must_agree(shapes):
    with pytest.raises(ValidationError, match="same neurons and dimensions"):
        alignment_angle(*map(np.ones, shapes))


def test_selectivity_is_cosine_with_covariance(rng, allclose):
    activities, targets = rng.rand(3, 50, 4), rng.randn(3, 50, 2)
    feedback = rng.randn(4, 2)
    actual = selectivity(activities, targets, feedback)
    assert actual.shape == (3, 4)
    for trial, neuron in np.ndindex(3, 4):
        c = [
            np.cov(activities[trial, :, neuron], targets[trial, :, k])[0, 1]
            for k in range(2)
        ]
        b = feedback[neuron]
        expected = np.dot(c, b) / np.linalg.norm(c) / np.linalg.norm(b)
        assert allclose(actual[trial, neuron], expected)
    # neither units nor offsets matter
    assert allclose(selectivity(9 * activities + 5, targets - 3, 2 * feedback), actual)


def test_selectivity_for_classes(allclose):
    targets = np.eye(3)[[0, 1, 2] * 4]
    feedback = np.array([[2, -1, -1], [-2, 1, 1], [0, 1, -1], [2, 0, 0]])
    activities = 50 + 10 * targets[:, [0, 0, 0, 0]]
    expected = [1, -1, 0, np.sqrt(2 / 3)]
    actual = selectivity(activities, targets, feedback)
    assert allclose(actual, expected)
    assert np.all(np.abs(actual) <= 1)


@given(constant=st.floats(-1e9, 1e9), seed=st.integers(0, 2**32 - 1))
def test_no_selectivity(constant, seed):
    """A constant makes no covariance, not even by rounding."""
    rng = np.random.RandomState(seed)
    activities, targets, feedback = rng.rand(7, 3), rng.rand(7, 2), rng.randn(3, 2)
    activities[:, 1] = constant
    feedback[2] = 0
    nothing = np.isnan(selectivity(activities, targets, feedback))
    assert nothing.tolist() == [False, True, True]
    assert np.all(np.isnan(selectivity(activities, 0 * targets + constant, feedback)))


@pytest.mark.parametrize(
    "shapes",
    [
        [(7, 3), (6, 2), (3, 2)],
        [(7, 3), (7, 2), (2, 3)],
        [(7, 3), (7,), (3, 7)],
        [(7,), (7, 2), (7, 2)],
    ],
)
def test_samples_must_agree(shapes):
    with pytest.raises(ValidationError, match="but must have"):
        selectivity(*map(np.ones, shapes))
