"""Solve for decoders with any of Nengo's solvers."""

import math

import numpy as np
from nengo.exceptions import ValidationError
from nengo.rc import rc
from nengo.solvers import LstsqL2
from nengo.utils.least_squares_solvers import Cholesky

from nengo_fa.offline.devices import Device, to_numpy

#: The number of neurons up to which the product of two different matrices is faster than the
#: product of a matrix with itself, of which NumPy lets BLAS compute only one half.
MOST_FEW = 64


def make_solve(solver, rng, device=None):
    """Bind a Nengo solver to its random numbers and to a device, by default NumPy.

    Returns a function of activities, (n_samples, n_neurons), and wanted outputs,
    (n_samples, size_out), that returns decoders, (n_neurons, size_out). They are NaN if
    activities are not finite or, for `nengo.solvers.LstsqL2`, linearly dependent. The
    decoders of this solver are computed here, from the normal equations and, like Nengo's,
    with SciPy if it is installed; any other solver is called.
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
        sigma = reg * activities.max()
        gram = compute_gram(activities)
        diagonal = gram.reshape(-1)[:: n_neurons + 1]
        diagonal += n_samples * sigma**2
        try:
            return solve_normal(gram, activities.T @ y)
        except (np.linalg.LinAlgError, device.namespace.linalg.LinAlgError):
            return device.array(np.full((n_neurons, y.shape[1]), np.nan))

    # the same decoders as Nengo's, without its report on the error
    if type(solver) is LstsqL2 and type(solver.solver) is Cholesky:
        if not solver.solver.transpose:
            reg = solver.reg
            compute_gram, solve_normal = _find_routines(device)
            return solve_l2
    return solve


def _find_routines(device):
    """Return functions that compute a Gram matrix, and that solve the normal equations."""
    if device.name != "cpu":
        return _multiply_by_itself, device.namespace.linalg.solve
    try:
        from scipy.linalg import get_blas_funcs, get_lapack_funcs  # an extra
    except ImportError:
        return _multiply_by_itself, np.linalg.solve
    gemm = get_blas_funcs("gemm", dtype=rc.float_dtype)
    posv = get_lapack_funcs("posv", dtype=rc.float_dtype)

    # both take matrices in Fortran order, that is, transposed
    def compute_gram(activities):
        if activities.shape[1] > MOST_FEW:
            return _multiply_by_itself(activities)
        return gemm(1, activities.T, activities.T, trans_b=True).T

    def solve_normal(gram, right):
        _, decoders, info = posv(gram.T, right)
        # after rounding, the matrix may no longer be positive definite; and if learning
        # diverges, decoders must not be finite
        if info == 0 and math.isfinite(gram.trace()):
            return decoders
        return np.linalg.solve(gram, right)

    return compute_gram, solve_normal


def _multiply_by_itself(activities):
    is_small = activities.shape[1] <= MOST_FEW and isinstance(activities, np.ndarray)
    return activities.T @ (activities.copy() if is_small else activities)
