"""Summaries of the results of many trials, for files that are small enough to share."""

import json

import numpy as np
import xarray as xr

PERCENTILES = (25, 50, 75)

#: Index of a quartile for each of five values, which then have the same three quartiles.
_PLACES = (0, 0, 1, 2, 2)


def summarize(data, variables=None, each_trial=False, digits=5):
    """Return the quartiles over trials, and the provenance of the results.

    Parameters
    ----------
    data : xarray.Dataset
        Results of an experiment, as `.sweep.run_trials` returns them.
    variables : sequence of str, optional
        The variables to keep; by default all.
    each_trial : bool, optional
        Whether to keep the values of all trials instead of their quartiles.
    digits : int, optional
        Number of digits to keep.

    Returns
    -------
    summary : dict
        A dictionary for JSON.
    """
    kept = {}
    for name in data.data_vars if variables is None else variables:
        values = data[name].transpose("trial", ...)
        numbers = values.values
        if not each_trial:
            numbers = np.percentile(numbers, PERCENTILES, axis=0)
        kept[name] = {
            "dims": list(values.dims[1:]),
            "trials" if each_trial else "quartiles": _round(numbers, digits),
        }
    used = {dim for its in kept.values() for dim in its["dims"]}
    return {
        "n_trials": data.sizes["trial"],
        "configuration": json.loads(data.attrs["configuration"]),
        "versions": json.loads(data.attrs["versions"]),
        "coordinates": {dim: data[dim].values.tolist() for dim in sorted(used)},
        "variables": kept,
    }


def restore(summary):
    """Return a dataset for figures with all trials, or with five of the same quartiles.

    Parameters
    ----------
    summary : dict
        From `summarize`.

    Returns
    -------
    data : xarray.Dataset
        Its attribute ``n_trials`` is the number of trials that were summarized.
    """
    variables = {
        name: (["trial", *its["dims"]], _restore_trials(its))
        for name, its in summary["variables"].items()
    }
    n_trials = summary["n_trials"]
    return xr.Dataset(variables, summary["coordinates"], {"n_trials": n_trials})


def _restore_trials(variable):
    if "trials" in variable:
        return np.array(variable["trials"])
    return np.array(variable["quartiles"])[list(_PLACES)]


def _round(values, digits):
    """Return nested lists of numbers, rounded to this many digits."""
    if np.ndim(values):
        return [_round(value, digits) for value in values]
    return float(f"{values:.{digits}g}")
