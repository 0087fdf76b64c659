"""Solve for decoders with any of Nengo's solvers."""

import numpy as np
from nengo.exceptions import ValidationError
from nengo.solvers import LstsqL2
from nengo.utils.least_squares_solvers import Cholesky

from nengo_fa.offline.devices import Device, to_numpy


def make_solve(solver, rng, device=None):
    """Bind a Nengo solver to its random numbers and to a device, by default NumPy.

    Returns a function of activities, (n_samples, n_neurons), and wanted outputs,
    (n_samples, size_out), that returns decoders, (n_neurons, size_out): NaN if there are
    none, as activities are not finite, or, for `nengo.solvers.LstsqL2`, linearly dependent.
    The latter is computed here, from the normal equations; any other solver is called.
    """

    device = Device() if device is None else device

    def solve(activities, y):
        # copies, because a solver may write to its arguments
        arrays = [to_numpy(array).copy() for array in (activities, y)]
        shape = activities.shape[1], y.shape[1]
        try:
            decoders, _ = solver(*arrays, rng=rng)
        except (ValueError, np.linalg.LinAlgError):
            # an error of the solver itself must not be mistaken for divergence
            activities = to_numpy(activities)
            if np.all(np.isfinite(activities.T @ activities)):
                raise
            decoders = np.full(shape, np.nan)
        if np.shape(decoders) != shape:
            raise ValidationError(
                f"Must return decoders of shape (n_neurons, size_out) = {shape} (got "
                f"{np.shape(decoders)})",
                attr="solver",
            )
        return device.array(decoders)

    def solve_l2(activities, y):
        n_samples, n_neurons = activities.shape
        xp = device.namespace
        sigma = reg * activities.max()
        gram = _compute_gram(activities)
        diagonal = gram.reshape(-1)[:: n_neurons + 1]
        diagonal += n_samples * sigma**2
        try:
            return xp.linalg.solve(gram, activities.T @ y)
        except (np.linalg.LinAlgError, xp.linalg.LinAlgError):
            return device.array(np.full((n_neurons, y.shape[1]), np.nan))

    # the same decoders as Nengo's, without its report on the error
    if type(solver) is LstsqL2 and type(solver.solver) is Cholesky:
        if not solver.solver.transpose:
            reg = solver.reg
            return solve_l2
    return solve


def _compute_gram(activities):
    if activities.shape[1] > 64 or not isinstance(activities, np.ndarray):
        return activities.T @ activities
    # For few neurons, the product of two different matrices is faster than that of a
    # matrix with itself, for which BLAS computes one half only.
    return activities.T @ activities.copy()
