"""Distributions of pairs of numbers to multiply that occur in models."""

from dataclasses import dataclass

import nengo
import numpy as np
from nengo.networks.circularconvolution import transform_in, transform_out

#: Number of products in tasks that are not convolutions.
N_PRODUCTS = 4


@dataclass(frozen=True)
class ProductTask:
    """Pairs of numbers to multiply, and the output that is computed from the products.

    Attributes
    ----------
    draw : callable
        Takes a number of samples and a random state, and returns the pairs, (n_samples,
        n_products, 2).
    transform : (size_out, n_products) ndarray
        Transform from the products to the output.
    input_magnitude : float
        Nengo's default ``input_magnitude`` of `nengo.networks.Product` for this task.
    """

    draw: object
    transform: np.ndarray
    input_magnitude: float = 1.0


def draw_square(n_samples, rng):
    """Draw two numbers from -1 to 1."""
    return rng.uniform(-1, 1, size=(n_samples, N_PRODUCTS, 2))


def draw_correlated(n_samples, rng):
    """Draw two normal numbers, with a standard deviation of 0.5 and a correlation of 0.9."""
    common = rng.randn(n_samples, N_PRODUCTS, 1)
    own = rng.randn(n_samples, N_PRODUCTS, 2)
    return 0.5 * (np.sqrt(0.9) * common + np.sqrt(0.1) * own)


def draw_concentrated(n_samples, rng):
    """Draw two normal numbers around 0.6 and 0.4, with a standard deviation of 0.15."""
    return [0.6, 0.4] + 0.15 * rng.randn(n_samples, N_PRODUCTS, 2)


def make_convolution(dimensions: int, n_pointers: int | None = None) -> ProductTask:
    """Return the task of binding two semantic pointers by circular convolution.

    Parameters
    ----------
    dimensions : int
    n_pointers : int, optional
        Number of pointers on either side, to which noise of a tenth of their length is
        added. By default, a pointer is any vector of length one.

    Returns
    -------
    task : ProductTask
    """
    into = [transform_in(dimensions, align, invert=False) for align in "AB"]
    sphere = nengo.dists.UniformHypersphere(surface=True)

    def draw_pointers(n_samples, rng):
        if n_pointers is None:
            return sphere.sample(n_samples, dimensions, rng=rng)
        known = sphere.sample(n_pointers, dimensions, rng=rng)
        noise = rng.randn(n_samples, dimensions) / np.sqrt(dimensions)
        return known[rng.randint(n_pointers, size=n_samples)] + 0.1 * noise

    def draw(n_samples, rng):
        sides = [draw_pointers(n_samples, rng) @ matrix.T for matrix in into]
        return np.stack(sides, axis=-1)

    return ProductTask(draw, transform_out(dimensions), input_magnitude=2.0)


#: Tasks by their names.
TASKS = {
    "square": ProductTask(draw_square, np.eye(N_PRODUCTS)),
    "correlated": ProductTask(draw_correlated, np.eye(N_PRODUCTS)),
    "concentrated": ProductTask(draw_concentrated, np.eye(N_PRODUCTS)),
    "any pointers, 4-D": make_convolution(4),
    "any pointers, 8-D": make_convolution(8),
    "any pointers, 16-D": make_convolution(16),
    "4 pointers, 16-D": make_convolution(16, n_pointers=4),
}
