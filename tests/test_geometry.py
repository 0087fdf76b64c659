import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.geometry import angle_to_axes


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
