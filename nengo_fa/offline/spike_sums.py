"""Sums over the spikes of neurons that fire at regular intervals."""

import numpy as np


def sum_over_spikes(times, weights):
    """Sum, for each neuron, the weights of the time steps in which it fires.

    Parameters
    ----------
    times : SpikeTimes
    weights : (n_steps,) ndarray

    Returns
    -------
    sums : (n_neurons,) ndarray
    in_doubt : (n_neurons,) ndarray of bool
        True if rounding may move a spike to another step, so that the sum may be wrong.
    """
    n_spikes = _count_spikes(times, len(weights))
    tolerance = times.tolerance + len(weights) * np.finfo(float).eps
    tolerance *= np.maximum(n_spikes, 1)
    in_doubt = ~(tolerance < 0.25)

    # neurons with many spikes come first, so that the remaining neurons are always a slice
    n_left = len(n_spikes) - np.cumsum(np.bincount(n_spikes, minlength=1))
    order = np.argsort(len(weights) + 1 - n_spikes, kind="stable")[: n_left[0]]
    tolerance = tolerance[order]
    # the latest possible times; a spike just after a border may belong before it
    arrays = [times.first[order] + tolerance, times.period[order]]
    if times.after_step is not None:
        arrays.append(times.after_step[order] + tolerance)
    sums = np.zeros(len(n_spikes))
    sums[order], margin = _sum_in_rounds(n_left, weights, *arrays)
    in_doubt[order] |= ~(margin > 2 * tolerance)
    return sums, in_doubt


def _count_spikes(times, n_steps):
    """Return the largest possible number of spikes until shortly after the end."""
    n_spikes = (n_steps + 0.5 - times.first) / times.period
    n_spikes += 1
    np.fmax(n_spikes, 0, out=n_spikes)  # replaces NaN too
    np.fmin(n_spikes, n_steps + 1, out=n_spikes)
    return n_spikes.astype(np.min_scalar_type(n_steps + 1))  # small types sort faster


def _sum_in_rounds(n_left, weights, t, period, after_step=None):
    """Sum over the first spike of all neurons, then over their second spikes, and so on.

    Returns the sums, and the smallest distance of spikes from the beginning of their steps.
    """
    weights = np.append(weights, 0)  # for spikes after the end
    sums, margin = np.zeros_like(t), np.ones_like(t)
    start, work, index = np.empty_like(t), np.empty_like(t), np.empty(t.shape, int)
    for n in n_left[:-1]:
        t, start, work, index = t[:n], start[:n], work[:n], index[:n]
        np.floor(t, out=start)
        np.copyto(index, start, casting="unsafe")
        weights.take(index, out=work, mode="clip")
        np.add(sums[:n], work, out=sums[:n])
        np.subtract(t, start, out=work)
        np.minimum(margin[:n], work, out=margin[:n])
        np.add(t, period[:n], out=t)
        if after_step is not None:
            np.add(start, after_step[:n], out=start)
            np.maximum(t, start, out=t)
    return sums, margin
