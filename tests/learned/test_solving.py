"""Solving replaces decoders that do not learn, and no others."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa.learned.live import get_live_signals

pytestmark = pytest.mark.filterwarnings("ignore:The encoders of")


def make_model(transform=0.5, solver=None, function=np.square, rate=3.0):
    """A square whose solved decoders make the error that teaches the encoders."""
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(lambda t: [np.sin(7 * t), np.cos(5 * t)])
        error = nengo.Node(size_in=2)
        model.hidden = nengo.Ensemble(
            40, 2, neuron_type=nengo.LIFRate(), radius=1.5, seed=2
        )
        encode = nengo.Connection(
            stimulus,
            model.hidden,
            synapse=None,
            learning_rule_type=nengo_fa.FeedbackAlignment(2, learning_rate=rate),
        )
        points = np.random.RandomState(3).uniform(-1, 1, size=(300, 2))
        model.decode = nengo.Connection(
            model.hidden,
            error,
            function=function,
            transform=transform,
            eval_points=points,
            scale_eval_points=False,
            solver=solver or nengo.solvers.LstsqL2(reg=0.02),
        )
        model.learned = nengo.Connection(
            model.hidden, error, learning_rule_type=nengo.PES(1e-5)
        )
        nengo.Connection(error, encode.learning_rule)
        nengo.Connection(error, model.learned.learning_rule)
        model.other = nengo.Connection(
            nengo.Ensemble(10, 1), nengo.Node(size_in=1), function=np.square
        )
        model.points = points
    return model


def get_weights(sim, connection):
    return np.array(sim.data[connection].weights)


@pytest.mark.parametrize("way", ["simulator", "frozen"])
def test_decoders_fit_the_encoders_that_were_learned(Simulator, allclose, way):
    model = make_model(transform=[[0, 0.5], [2, 0]])
    with Simulator(model) as sim:
        start = sim.data[model.hidden].scaled_encoders
        sim.run(0.5)
        old = {c: get_weights(sim, c) for c in model.all_connections if c.solver}
        taught = np.array(
            get_live_signals(sim)[0][sim.model.sig[model.learned]["weights"]]
        )
        if way == "frozen":
            nengo_fa.freeze_params(sim, model)
        given = sim if way == "simulator" else None
        assert nengo_fa.solve_decoders(model, given) == [model.decode]

    with Simulator(model) as sim:
        built = sim.data[model.hidden]
        assert not allclose(built.scaled_encoders, start, atol=0.5)
        activities = nengo.LIFRate().rates(
            model.points @ built.scaled_encoders.T, np.ones(40), built.bias
        )
        y = model.points**2 @ np.array([[0, 2], [0.5, 0]])
        expected, _ = nengo.solvers.LstsqL2(reg=0.02)(activities, y)
        # those with a transform are solved before it, and regularized as a whole
        y_found = activities @ get_weights(sim, model.decode).T
        assert allclose(y_found, activities @ expected, atol=1e-6)
        # those of before do not fit: this is what the call is for
        assert not allclose(old[model.decode] @ activities.T, (model.points**2).T)
        assert allclose(get_weights(sim, model.learned), taught, atol=2e-6)
        assert allclose(get_weights(sim, model.other), old[model.other])


def test_error_falls_back_when_decoders_are_solved(Simulator):
    """It is the decoders alone that are to blame for the larger error."""

    def measure(model):
        with Simulator(model) as sim:
            activities = nengo_fa.geometry.tuning_curves(
                sim, model.hidden, model.points
            )
            y = activities @ get_weights(sim, model.decode).T
        return np.sqrt(np.mean((y - 0.5 * model.points**2) ** 2))

    model = make_model()
    start = measure(model)
    with Simulator(model) as sim:
        sim.run(0.5)
        nengo_fa.freeze_params(sim, model)
    stale = measure(model)
    nengo_fa.solve_decoders(model)
    assert measure(model) < 1.5 * start < 0.5 * stale


def test_a_random_transform_is_known_to_the_simulator_alone(Simulator):
    model = make_model(transform=nengo.Dense((2, 2), init=nengo.dists.Gaussian(0, 1)))
    with Simulator(model) as sim:
        transform = sim.data[model.decode].transform
        nengo_fa.solve_decoders(model, sim)
    with Simulator(model) as sim:
        assert np.array_equal(sim.data[model.decode].transform, transform)
        nengo_fa.freeze_params(sim, model)
    with pytest.raises(ValidationError, match="random or zero") as info:
        nengo_fa.solve_decoders(model)
    assert info.value.attr == "transform"


def test_learning_goes_on_with_solved_decoders(Simulator):
    model = make_model()
    for _ in range(2):
        with Simulator(model) as sim:
            sim.run(0.05)
            assert nengo_fa.solve_decoders(model, sim) == [model.decode]


def test_refuses_what_is_no_network_of_the_simulator(Simulator):
    model, other = make_model(), make_model()
    with Simulator(model) as sim:
        with pytest.raises(ValidationError, match="not part of this simulator"):
            nengo_fa.solve_decoders(other, sim)
        with pytest.raises(ValidationError, match="Must be a nengo.Network"):
            nengo_fa.solve_decoders(sim, model)
