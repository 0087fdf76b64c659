"""Adding an outer product to a matrix in place."""

import numpy as np

#: The number of dimensions from which functions that work on whole rows of an array, with no
#: other array to write to, are faster than several functions that work on all entries.
MANY_DIMENSIONS = 32


def make_step_add_outer(left, right, out):
    """Bind the addition of an outer product to its arrays.

    Parameters
    ----------
    left : (n,) ndarray
    right : (m,) ndarray
    out : (n, m) ndarray
        The matrix to which the product is added, in place.

    Returns
    -------
    step : callable
        Takes no argument.
    """
    rank_one_update = _find_rank_one_update(out)
    if rank_one_update is not None:
        columns = out.T  # BLAS uses matrices in Fortran order
        return lambda: rank_one_update(1, right, left, a=columns, overwrite_a=True)

    left, right = left[:, np.newaxis], right[np.newaxis, :]
    product = np.empty(out.shape, dtype=out.dtype)

    def step():
        np.dot(left, right, out=product)
        np.add(out, product, out=out)

    return step


def _find_rank_one_update(out):
    """Return the BLAS routine that works on a matrix in place, or None."""
    try:
        from scipy.linalg import blas  # slow to import, and needed by few models
    except ImportError:
        return None
    routines = {np.float32: blas.sger, np.float64: blas.dger}
    return routines.get(out.dtype.type) if out.flags.c_contiguous else None
