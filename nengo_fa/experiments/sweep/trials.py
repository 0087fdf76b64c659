"""Random numbers of single trials, and templates for their results."""

import numpy as np
import xarray as xr


def draw_seed(seed, trial):
    """Return the seed of a trial, which does not depend on the number of trials.

    Parameters
    ----------
    seed : int
        Seed of all trials.
    trial : int
        Number of the trial.

    Returns
    -------
    seed : int
        Seed for networks.
    rng : numpy.random.RandomState
        Random state for other random numbers of the trial.
    """
    rng = np.random.RandomState([seed, trial])
    return int(rng.randint(np.iinfo(np.int32).max)), rng


def make_template(coordinates, variables, title):
    """Return a dataset for the results of an experiment, full of NaN.

    Parameters
    ----------
    coordinates : dict of sequence
        Values of each dimension, which are numbers or text.
    variables : dict of tuple
        Dimensions and attributes of each variable.
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
        # text has type object, because Zarr has no standard for text of a fixed length
        coords={
            dim: np.array(values, dtype=object if isinstance(values[0], str) else None)
            for dim, values in coordinates.items()
        },
        attrs={"title": title},
    )


def hide_nan(results):
    """Return results, a dict of ndarray, with infinity in place of NaN."""
    for values in results.values():
        values[np.isnan(values)] = np.inf
    return results


def hide_diverged(results):
    """Return results, a dict of ndarray, which are infinite if the RMSE is not finite."""
    diverged = ~np.isfinite(results["rmse"])
    for values in results.values():
        values[diverged] = np.inf
    return results
