"""Random numbers and templates that all experiments have in common."""

import numpy as np

from nengo_fa.experiments.sweep.trials import draw_seed, make_template


def test_seeds_are_those_of_the_trial():
    seeds = [draw_seed(seed, trial)[0] for seed in range(3) for trial in range(3)]
    assert len(set(seeds)) == 9 and min(seeds) >= 0
    (seed, rng), (again, other) = draw_seed(1, 2), draw_seed(1, 2)
    assert seed == again == seeds[5]
    assert rng.rand() == other.rand()


def test_template_is_empty():
    coordinates = {"rule": ("a", "bcd"), "trial": range(3), "delay": (0, 1.5)}
    variables = {"rmse": (list(coordinates), {"units": "1"}), "x": (("trial",), {})}
    data = make_template(coordinates, variables, "A title")
    assert data.rmse.shape == (2, 3, 2) and data.x.shape == (3,)
    assert data.isnull().all().to_array().all()
    assert data.rule.dtype == object and list(data.rule.values) == ["a", "bcd"]
    assert np.array_equal(data.delay, [0, 1.5]) and data.rmse.attrs["units"] == "1"
    assert data.attrs == {"title": "A title"}
