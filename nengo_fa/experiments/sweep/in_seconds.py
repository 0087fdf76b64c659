"""The base class of experiments that learn online, and functions that they share."""

from dataclasses import replace

import nengo
import numpy as np

from nengo_fa.experiments.sweep.experiment import Experiment
from nengo_fa.experiments.sweep.parameter_checks import check_counts

#: Root mean square of each dimension of the input.
RMS = 0.5


def make_stimulus(seed, size_out=2):
    """Make a node with the input of a trial, white noise up to 2 Hz."""
    process = nengo.processes.WhiteSignal(60, high=2, rms=RMS, seed=seed)
    return nengo.Node(process, size_out=size_out)


def find_best_error(activities, target):
    """Return the error with the best decoders for the activities of neurons.

    This error shows what the encoders have learned. The online error also depends on the
    decoders, which follow the input closely if they learn fast.

    Parameters
    ----------
    activities : (n_points, n_neurons) ndarray
    target : (n_points, size_out) ndarray

    Returns
    -------
    rmse : float
        Root mean square over points and dimensions.
    """
    _, info = nengo.solvers.LstsqL2()(activities, target)
    return np.sqrt(np.mean(info["rmses"] ** 2))


class InSeconds(Experiment):
    """Base class of dataclasses with ``n_trials``, ``seconds`` and ``n_neurons``.

    Seconds of simulated time take the place of the epochs of a sweep.
    """

    def __post_init__(self):
        check_counts(self, "n_trials", "seconds", "n_neurons")

    @property
    def epochs(self):
        """Simulated time in seconds."""
        return self.seconds

    @property
    def chunks(self):
        """A trial is a part."""
        return {"trial": 1}

    def with_epochs(self, epochs):
        """Return the same experiment with another number of seconds."""
        return replace(self, seconds=epochs)
