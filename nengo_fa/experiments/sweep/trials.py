"""What trials are made of: random numbers of their own, and a place for their results."""

import numpy as np
import xarray as xr


def draw_seed(seed, trial):
    """Return the seed of a trial, which does not depend on how many trials there are.

    Parameters
    ----------
    seed : int
        Of all trials.
    trial : int
        Its number.

    Returns
    -------
    seed : int
        For networks.
    rng : numpy.random.RandomState
        To go on with.
    """
    rng = np.random.RandomState([seed, trial])
    return int(rng.randint(np.iinfo(np.int32).max)), rng


def make_template(coordinates, variables, title):
    """Return a dataset for the results of an experiment, full of NaN.

    Parameters
    ----------
    coordinates : dict of sequence
        The values of each dimension, numbers or text.
    variables : dict of tuple
        The dimensions and the attributes of each variable.
    title : str

    Returns
    -------
    template : xarray.Dataset
    """
    sizes = {dim: len(values) for dim, values in coordinates.items()}
    return xr.Dataset(
        {
            name: (dims, np.full([sizes[dim] for dim in dims], np.nan), attributes)
            for name, (dims, attributes) in variables.items()
        },
        # text of type object, as Zarr has no standard for text of a fixed length
        coords={
            dim: np.array(values, dtype=object if isinstance(values[0], str) else None)
            for dim, values in coordinates.items()
        },
        attrs={"title": title},
    )


def hide_nan(results):
    """Return results, a dict of ndarray, with infinity where they are not a number."""
    for values in results.values():
        values[np.isnan(values)] = np.inf
    return results


def hide_diverged(results):
    """Return results, a dict of ndarray, all infinite where the RMSE is not finite."""
    diverged = ~np.isfinite(results["rmse"])
    for values in results.values():
        values[diverged] = np.inf
    return results
