"""What is worth keeping of the results of many trials, in a file small enough to share."""

import json

import numpy as np
import xarray as xr

PERCENTILES = (25, 50, 75)

#: Each quartile of five values in order is one of them.
_PLACES = (0, 0, 1, 2, 2)


def summarize(data, digits=5):
    """Return the quartiles over trials, and where the results come from.

    Parameters
    ----------
    data : xarray.Dataset
        Results of an experiment, as `.sweep.run_trials` returns them.
    digits : int, optional
        How many digits of the numbers are kept.

    Returns
    -------
    summary : dict
        For JSON.
    """
    variables = {}
    for name, values in data.data_vars.items():
        dims = [dim for dim in values.dims if dim != "trial"]
        quartiles = np.percentile(
            values.transpose("trial", *dims).values, PERCENTILES, axis=0
        )
        variables[name] = {"dims": dims, "quartiles": _round(quartiles, digits)}
    used = {dim for its in variables.values() for dim in its["dims"]}
    return {
        "n_trials": data.sizes["trial"],
        "configuration": json.loads(data.attrs["configuration"]),
        "versions": json.loads(data.attrs["versions"]),
        "coordinates": {dim: data[dim].values.tolist() for dim in sorted(used)},
        "variables": variables,
    }


def restore(summary):
    """Return a dataset for figures, of five trials with the same quartiles.

    Parameters
    ----------
    summary : dict
        From `summarize`.

    Returns
    -------
    data : xarray.Dataset
        ``n_trials`` among its attributes is the number of trials that were summarized.
    """
    variables = {
        name: (["trial", *its["dims"]], np.array(its["quartiles"])[list(_PLACES)])
        for name, its in summary["variables"].items()
    }
    coordinates = {**summary["coordinates"], "trial": range(len(_PLACES))}
    return xr.Dataset(variables, coordinates, {"n_trials": summary["n_trials"]})


def _round(values, digits):
    """Return nested lists of numbers of so many digits."""
    if np.ndim(values):
        return [_round(value, digits) for value in values]
    return float(f"{values:.{digits}g}")
