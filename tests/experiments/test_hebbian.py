import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.experiments.fixed_points import (
    find_fixed_points,
    find_mean,
    find_principal_angle,
    get_distance,
)
from nengo_fa.experiments.hebbian import (
    INPUTS,
    HebbianExperiment,
    Linear,
    check_claims,
)


def draw(name, rng, n_samples=20000):
    return INPUTS[name](n_samples, rng)


@pytest.mark.parametrize("rule", ["constant error", "activity as gate"])
def test_gaussian_inputs_lead_to_the_principal_component(rule, rng):
    """Stein's lemma: the gated mean is the covariance times the direction."""
    x = draw("Gaussian", rng)
    assert np.allclose(find_principal_angle(x), np.deg2rad(30), atol=0.02)
    points = find_fixed_points(rule, x)
    assert len(points) == 2
    assert np.all(get_distance(points, [find_principal_angle(x)], np.pi) < 0.03)
    angle = np.linspace(-3, 3, 11)
    expected = np.stack([np.cos(angle), np.sin(angle)], axis=1) @ np.cov(x.T)
    mean = find_mean(rule, x, angle)
    cosine = np.sum(mean * expected, 1) / (
        np.linalg.norm(mean, axis=1) * np.linalg.norm(expected, axis=1)
    )
    assert np.all(cosine > 0.998)


def test_what_is_found_of_clusters(rng):
    """The activity as a gate finds the principal component of the gated input.

    A constant error does not, of the input or of the gated input.
    """
    x = draw("clusters", rng)
    assert np.allclose(x.mean(axis=0), 0, atol=0.02)

    def get_gap(rule):
        points = find_fixed_points(rule, x)
        currents = x @ [np.cos(points), np.sin(points)]
        gated = [find_principal_angle(x, current) for current in currents.T]
        return np.abs(
            [
                get_distance([point], [angle], np.pi)[0]
                for point, angle in zip(points, gated)
            ]
        )

    assert np.all(get_gap("activity as gate") < 0.02)
    assert np.max(get_gap("constant error")) > 0.2


def test_points_of_rest_are_where_the_mean_points(rng):
    x = draw("clusters", rng)
    for rule in ("constant error", "Oja", "feedback alignment"):
        points = find_fixed_points(rule, x)
        assert len(points) > 0
        mean = find_mean(rule, x, points)
        angle = np.arctan2(mean[:, 1], mean[:, 0])
        assert np.all(get_distance(angle, points) < 0.03)


def test_distance():
    distance = get_distance([[3.1, 0.2]], [[-3.1, np.inf]])
    np.testing.assert_allclose(distance, [[2 * np.pi - 6.2, 2 * np.pi - 3.3 - 0.0]])
    np.testing.assert_allclose(get_distance([3.1], [0.0], np.pi), [np.pi - 3.1])


def test_claims_over_seeds():
    """In several trials, all directions end at the predicted directions."""
    experiment = HebbianExperiment(
        n_trials=7, seconds=2, learning_rate=18.0, n_neurons=12
    )
    data = experiment.make_template()
    results = experiment.run(range(7))
    data = data.assign({k: (data[k].dims, v) for k, v in results.items()})
    for claim in check_claims(data):
        assert claim.verdict == "held", str(claim)
    # the same rule, by another name
    gate, oja = (data["angle"].sel(rule=rule) for rule in ("activity as gate", "Oja"))
    np.testing.assert_allclose(gate, oja, atol=1e-6)
    assert not np.isnan(data["fixed_point"]).any()


def test_linear_neurons(Simulator):
    with nengo.Network() as model:
        stimulus = nengo.Node([0.5, -0.7])
        ensemble = nengo.Ensemble(
            2, 1, gain=[1, 1], bias=[0, 0], neuron_type=Linear(amplitude=2)
        )
        nengo.Connection(stimulus, ensemble.neurons, synapse=None)
        probe = nengo.Probe(ensemble.neurons)
    with Simulator(model) as sim:
        sim.run(0.003)
    np.testing.assert_allclose(sim.data[probe][-1], [1, -1.4])


def test_bad_parameters():
    with pytest.raises(ValidationError, match="n_neurons"):
        HebbianExperiment(n_neurons=0)
