"""Delayed errors for encoders, from nodes or in the spikes of populations."""

from dataclasses import dataclass
from itertools import product

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer, is_iterable, is_number

from nengo_fa.experiments.online import READOUT
from nengo_fa.experiments.sweep.claims import Comparison, cross
from nengo_fa.experiments.sweep.in_seconds import InSeconds
from nengo_fa.experiments.sweep.parameter_checks import check_counts
from nengo_fa.experiments.sweep.trials import make_template
from nengo_fa.rules.learning_rules import FeedbackAlignment

#: Objects that carry the error to the encoders.
CARRIERS = ("node", "population")

#: The measured errors: the error of the network in the last quarter of the time, during
#: learning, and the error with the best decoders for the final encoders.
MEASURES = ("online", "solved")

#: Additional error with populations, relative to nodes, that still counts as the same error.
MARGIN = 0.1


def check_delay(delay):
    """Refuse a delay that is not a non-negative integer."""
    if not is_integer(delay) or delay < 0:
        raise ValidationError(
            f"Must be an integer, at least 0 (got {delay!r})", attr="delay"
        )


def check_carrier(carrier):
    """Refuse a carrier that is not in `CARRIERS`."""
    if carrier not in CARRIERS:
        raise ValidationError(
            f"Must be one of {CARRIERS} (got {carrier!r})", attr="carrier"
        )


def make_delay(delay):
    """Return a synapse that delays a signal without changing it.

    Parameters
    ----------
    delay : int
        Delay in milliseconds, which are Nengo's time steps.

    Returns
    -------
    synapse : nengo.LinearFilter or None
        None without a delay.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the delay is not a non-negative integer.
    """
    check_delay(delay)
    if delay == 0:
        return None
    return nengo.LinearFilter([1], [1] + [0] * delay, analog=False)


def make_trace(delay):
    """Return the eligibility trace that suits a delay of the error.

    Parameters
    ----------
    delay : int
        Delay in milliseconds.

    Returns
    -------
    synapse : nengo.Alpha or None
        The mean of its impulse response is the delay, and the response is zero at first,
        because the current input is not related to the current error. None without a delay.
    """
    return nengo.Alpha(delay / 2000) if delay else None


def make_carrier(carrier, size, n_neurons, label, **parameters):
    """Make the object that passes an error on to encoders.

    Parameters
    ----------
    carrier : {"node", "population"}
    size : int
        Dimensions of the error.
    n_neurons : int
        Number of neurons in a population.
    label : str
    **parameters
        Parameters of the `nengo.Ensemble`, for a population.

    Returns
    -------
    carrier : nengo.Node or nengo.Ensemble
    """
    if carrier == "node":
        return nengo.Node(size_in=size, label=label)
    return nengo.Ensemble(n_neurons, size, label=label, **parameters)


def teach(encode, carrier, synapse):
    """Connect a carrier to the encoder rule of a connection; spikes are filtered."""
    in_spikes = isinstance(carrier, nengo.Ensemble)
    synapse = synapse if in_spikes else None
    nengo.Connection(carrier, encode.learning_rule, synapse=synapse)


@dataclass(frozen=True)
class LateErrors(InSeconds):
    """Base class of experiments on the costs of delayed errors.

    Parameters
    ----------
    n_trials : int
    seconds : float
        Simulated time. In the results, seconds replace epochs.
    delays : tuple of int
        Delays of each hop of the error, in milliseconds, increasing from 0.
    learning_rate : float
        Learning rate of the encoders, per second.
    n_neurons, n_error_neurons : int
        Number of neurons in each taught layer, and in each population for errors.
    seed : int

    Raises
    ------
    nengo.exceptions.ValidationError
        If numbers are not above zero, or delays do not increase from 0.
    """

    n_trials: int = 7
    seconds: float = 30
    delays: tuple = (0, 30, 100, 300)
    learning_rate: float = 1.0
    n_neurons: int = 20
    n_error_neurons: int = 100
    seed: int = 0

    #: Title of the results.
    title: str | None = None

    def __post_init__(self):
        seconds, delays = self.seconds, self.delays
        if not is_number(seconds) or not 0 < seconds < np.inf:
            raise ValidationError(
                f"Must be a finite number above zero (got {seconds!r})", attr="seconds"
            )
        check_counts(self, "n_trials", "n_neurons", "n_error_neurons")
        FeedbackAlignment(1, self.learning_rate)  # refuses an invalid rate
        if (
            not is_iterable(delays)
            or len(delays) < 2
            or not all(map(is_integer, delays))
            or delays[0] != 0
            or any(np.diff(delays) <= 0)
        ):
            raise ValidationError(
                "Must be 0 for comparison, followed by increasing delays in whole "
                f"milliseconds (got {delays!r})",
                attr="delays",
            )

    @property
    def conditions(self):
        """Dimensions of the results and their values, except measures and trials."""
        raise NotImplementedError

    def make_template(self):
        """Make a dataset for the results, full of NaN."""
        coordinates = {
            "measure": MEASURES,
            **self.conditions,
            "trial": range(self.n_trials),
        }
        variables = {
            "rmse": (list(coordinates), {}),
            "rmse_fixed": (("measure", "trial"), {}),
        }
        template = make_template(coordinates, variables, self.title)
        template["delay"].attrs["units"] = "ms"
        return template

    def run(self, trial):
        """Run some trials, by their numbers.

        Without a delay, traces have no effect, so that the errors without traces are used.
        """
        shape = tuple(len(values) for values in self.conditions.values())
        rmse = np.empty((len(MEASURES), *shape, len(trial)))
        rmse_fixed = np.empty((len(MEASURES), len(trial)))
        for i, number in enumerate(trial):
            errors = self._learn(number)
            rmse_fixed[:, i] = errors["fixed"]
            for condition in np.ndindex(shape):
                found = condition if condition in errors else self._untrace(condition)
                rmse[(slice(None), *condition, i)] = errors[found]
        return {"rmse": rmse, "rmse_fixed": rmse_fixed}

    def _learn(self, trial):
        """Return the final errors in each condition, and with ``"fixed"`` encoders."""
        raise NotImplementedError

    def _untrace(self, condition):
        """Return the same condition without a trace."""
        raise NotImplementedError


def simulate(model, stimulus, networks, seconds, solve):
    """Simulate networks that learn from the same stimulus, and find their errors.

    Parameters
    ----------
    model : nengo.Network
        A model with the stimulus and the networks.
    stimulus : nengo.Node
        A node that is not connected yet.
    networks : dict of nengo.Network
        Networks with ``input`` and ``error``, by any names.
    seconds : float
    solve : callable
        Takes the simulator and a network, and returns its error with the best decoders.

    Returns
    -------
    errors : dict of tuple
        Errors for each of `MEASURES`, by the same names.
    """
    with model:
        probes = {}
        for name, network in networks.items():
            nengo.Connection(stimulus, network.input, synapse=None)
            probes[name] = nengo.Probe(network.error, synapse=READOUT)
    # Nengo's optimizer adds numbers in an order that changes from run to run
    with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
        sim.run(seconds)
        last = slice(-sim.n_steps // 4, None)
        return {
            name: (
                np.sqrt(np.mean(sim.data[probes[name]][last] ** 2)),
                solve(sim, network),
            )
            for name, network in networks.items()
        }


def make_report(data, header, make_columns):
    """Return a table of median errors relative to fixed encoders, as text.

    Parameters
    ----------
    data : xarray.Dataset
        Results of an experiment derived from ``LateErrors``.
    header : str
        Header of the columns.
    make_columns : callable
        Takes the ratios for a measure and a carrier, an `xarray.DataArray`, and a delay;
        returns the columns of a row.

    Returns
    -------
    report : str
        A table with a row for each measure, carrier and delay.
    """
    ratio = (data["rmse"] / data["rmse_fixed"]).median("trial")
    lines = [
        "Error relative to fixed encoders (medians): online, at the end of learning; solved, "
        "with the best decoders",
        f"  {'':8}{'carrier':12}{'delay (ms)':>11}{header}",
    ]
    for measure, carrier, delay in product(MEASURES, CARRIERS, data["delay"].values):
        columns = make_columns(ratio.sel(measure=measure, carrier=carrier), delay)
        lines.append(f"  {measure:8}{carrier:12}{delay:11}{columns}")
    return "\n".join(lines)


def cross_late(delays, **others):
    """Return conditions of a `.Comparison`, at these delays and other coordinates."""
    words = "{measure}, {carrier}, {delay} ms"
    return cross(words, measure=MEASURES, carrier=CARRIERS, delay=delays, **others)


def compare_carriers(carriers, delays, **others):
    """Return the claim that errors in populations teach as well as errors in nodes.

    Parameters
    ----------
    carriers : str
        The carriers that are compared, in words.
    delays : sequence of int
    **others
        Values of other coordinates at which carriers are compared.
    """
    words = "{measure}, {delay} ms"
    return Comparison(
        f"The final error is the same, within {100 * MARGIN:g} %, with {carriers}",
        ("population", "node"),
        cross(words, measure=MEASURES, delay=delays, **others),
        ("rmse", {"carrier": "population"}),
        ("rmse", {"carrier": "node"}),
        margin=MARGIN,
    )
