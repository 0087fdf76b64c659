"""What it costs encoders that their error comes late, and in the spikes of a population."""

from dataclasses import dataclass
from itertools import product

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.experiments.online import READOUT
from nengo_fa.experiments.sweep.checks import check_delay, check_late_errors
from nengo_fa.experiments.sweep.claims import Comparison, check_table, cross
from nengo_fa.experiments.sweep.in_seconds import InSeconds, make_stimulus
from nengo_fa.experiments.sweep.trials import draw_seed, make_template
from nengo_fa.geometry import disc, tuning_curves
from nengo_fa.networks import Multiplication
from nengo_fa.rules.learning_rules import FeedbackAlignment

#: What carries the error to the encoders.
CARRIERS = ("node", "population")

#: Whether the input leaves a trace until the error is there.
TRACES = ("none", "matched")

#: Errors that are measured, on the way and at the end: that of the network in the last
#: quarter of the time, while all of it learns; and that with the best decoders for the
#: encoders it ends with.
MEASURES = ("online", "solved")

#: How much of the error with a node populations may cost and still count as the same.
MARGIN = 0.1

#: Errors up to which the population is made to be accurate: the largest product of two
#: numbers on the unit disc.
RADIUS = 0.5


def make_delay(delay):
    """A synapse that makes a connection late, and leaves what it carries as it is.

    Parameters
    ----------
    delay : int
        In milliseconds, which are Nengo's time steps.

    Returns
    -------
    synapse : nengo.LinearFilter or None
        None without a delay.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the delay is no whole number, or below zero.
    """
    check_delay(delay)
    if delay == 0:
        return None
    return nengo.LinearFilter([1], [1] + [0] * delay, analog=False)


def make_trace(delay):
    """The eligibility trace that suits a delay of the error.

    Parameters
    ----------
    delay : int
        In milliseconds.

    Returns
    -------
    synapse : nengo.Alpha or None
        Its impulse response has the delay as its mean, and is zero at first: what is
        just coming in has nothing to do with the error that has just arrived. None
        without a delay.
    """
    return nengo.Alpha(delay / 2000) if delay else None


def check_carrier(carrier):
    """Refuse what is not one of `CARRIERS`."""
    if carrier not in CARRIERS:
        raise ValidationError(
            f"Must be one of {CARRIERS} (got {carrier!r})", attr="carrier"
        )


class LateMultiplication(Multiplication):
    """`.Multiplication` with an error that reaches the encoders late.

    Decoders learn from the error without delay. They are where the error is made, it is
    the way back to the encoders that is long. Whatever a delay costs is so due to the
    encoder rule, and not to PES, which a delay makes unstable.

    Parameters
    ----------
    carrier : {"node", "population"}
        What hands the error on: a node, which does so exactly, or an ensemble of spiking
        LIF neurons, filtered by ``synapse``.
    delay : int
        Of the error at the encoder rule, in milliseconds.
    encoder_rule : FeedbackAlignment or Backprop
    n_error_neurons : int, optional
        Number of neurons of the population.
    synapse : nengo.synapses.Synapse or float, optional
    **kwargs
        Passed through to `.Multiplication`.

    Attributes
    ----------
    carrier : nengo.Node or nengo.Ensemble
        Comes after the delay and before the encoder rule.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the carrier is neither, or the delay no whole number from zero upwards.
    """

    def __init__(
        self,
        carrier,
        delay,
        encoder_rule,
        n_error_neurons=100,
        synapse=0.005,
        **kwargs,
    ):
        check_carrier(carrier)
        super().__init__(encoder_rule=None, synapse=synapse, **kwargs)
        self.encode.learning_rule_type = encoder_rule
        with self:
            if carrier == "node":
                self.carrier = nengo.Node(size_in=1, label="late error")
            else:
                self.carrier = nengo.Ensemble(
                    n_error_neurons,
                    1,
                    radius=RADIUS,
                    seed=self.seed,
                    label="late error",
                )
            nengo.Connection(self.gated_error, self.carrier, synapse=make_delay(delay))
            nengo.Connection(
                self.carrier,
                self.encode.learning_rule,
                synapse=None if carrier == "node" else synapse,
            )


@dataclass(frozen=True)
class ErrorPopulationExperiment(InSeconds):
    """Multiplication learned online, in spikes, from errors that come late.

    Two carriers of the error, a node and a population of spiking neurons, each with
    and without an eligibility trace that suits the delay. In each trial the input, the
    neurons and their feedback weights are the same for all of them.

    Parameters
    ----------
    n_trials : int
    seconds : float
        Simulated time. In the results a second takes the place of an epoch.
    delays : tuple of int
        Delays of the error at the encoders, in milliseconds, from 0 upwards.
    learning_rate : float
        That of the encoders, per second.
    n_neurons, n_error_neurons : int
        Number of neurons of the hidden layer, and of the population for the error.
    seed : int
    """

    n_trials: int = 7
    seconds: float = 30
    delays: tuple = (0, 30, 100, 300)
    learning_rate: float = 1.0
    n_neurons: int = 20
    n_error_neurons: int = 100
    seed: int = 0

    name = "error populations"

    def __post_init__(self):
        check_late_errors(self)

    def make_template(self):
        """Dataset for the results, full of NaN."""
        coordinates = {
            "measure": MEASURES,
            "carrier": CARRIERS,
            "trace": TRACES,
            "delay": self.delays,
            "trial": range(self.n_trials),
        }
        variables = {
            "rmse": (list(coordinates), {}),
            "rmse_fixed": (("measure", "trial"), {}),
        }
        title = "Multiplication learned from errors that come late"
        template = make_template(coordinates, variables, title)
        template["delay"].attrs["units"] = "ms"
        return template

    def run(self, trial):
        """Run some trials, by their numbers.

        Returns
        -------
        results : dict of ndarray
            In the order of the dimensions of the template. Without a delay there is
            nothing for a trace to suit, and both entries are the same.
        """
        shape = len(CARRIERS), len(TRACES), len(self.delays), len(trial)
        results = {
            "rmse": np.empty((len(MEASURES), *shape)),
            "rmse_fixed": np.empty((len(MEASURES), len(trial))),
        }
        for i, number in enumerate(trial):
            rmse = self._learn(number)
            results["rmse_fixed"][:, i] = rmse.pop("fixed")
            for (carrier, trace, delay), values in rmse.items():
                results["rmse"][:, carrier, trace, delay, i] = values
            results["rmse"][:, :, 1, 0, i] = results["rmse"][:, :, 0, 0, i]
        return results

    def _learn(self, trial):
        """Final error by condition, all of them in one simulation."""
        seed, rng = draw_seed(self.seed, trial)
        signs = rng.choice([-1.0, 1.0], size=(self.n_neurons, 1))
        conditions = [
            condition
            for condition in np.ndindex(len(CARRIERS), len(TRACES), len(self.delays))
            if condition[1:] != (1, 0)  # no trace without a delay
        ]
        with nengo.Network(seed=seed) as model:
            stimulus = make_stimulus(seed)
            options = {"n_neurons": self.n_neurons, "seed": seed}
            networks = {"fixed": Multiplication(encoder_rule=None, **options)}
            for carrier, trace, i in conditions:
                delay = self.delays[i]
                rule = FeedbackAlignment(
                    1,
                    self.learning_rate,
                    feedback=signs,
                    pre_synapse=make_trace(delay) if trace else None,
                )
                networks[carrier, trace, i] = LateMultiplication(
                    CARRIERS[carrier],
                    delay,
                    rule,
                    n_error_neurons=self.n_error_neurons,
                    **options,
                )

        def solve_hidden(sim, network):
            return solve(sim, network.hidden)

        return simulate(model, stimulus, networks, self.seconds, solve_hidden)


def simulate(model, stimulus, networks, seconds, solve):
    """Both errors of networks that learn from the same stimulus, in one simulation.

    Parameters
    ----------
    model : nengo.Network
        With the stimulus and the networks.
    stimulus : nengo.Node
        Not connected yet.
    networks : dict of nengo.Network
        By any names; with ``input`` and ``error``.
    seconds : float
    solve : callable
        Takes the simulator and a network, and returns its error with the best decoders.

    Returns
    -------
    errors : dict of tuple
        By the same names, for each of `MEASURES`.
    """
    with model:
        probes = {}
        for name, network in networks.items():
            nengo.Connection(stimulus, network.input, synapse=None)
            probes[name] = nengo.Probe(network.error, synapse=READOUT)
    # Nengo's optimizer adds numbers up in an order that changes from run to run
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


def solve(sim, hidden):
    """Error of the product on the disc, with the best decoders for the encoders.

    It tells what encoders have learned from what decoders do online, who follow the
    input closely when they learn fast.

    Parameters
    ----------
    sim : nengo.Simulator
        With the encoders as they are now.
    hidden : nengo.Ensemble

    Returns
    -------
    rmse : float
    """
    points, inside = disc()
    x = points[inside]
    target = np.prod(x, axis=1, keepdims=True)
    activities = tuning_curves(sim, hidden, x)
    _, info = nengo.solvers.LstsqL2()(activities, target)
    return info["rmses"][0]


def report(data):
    """What each millisecond costs, and what the trace wins back, as a table.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ErrorPopulationExperiment`.

    Returns
    -------
    report : str
        For both measures, and each carrier and delay: the median error over that with
        fixed encoders, without and with trace; what the delay costs, in percent of the
        error with fixed encoders for each millisecond; and how much of the cost the trace
        wins back, both of these of the medians.
    """
    ratio = (data["rmse"] / data["rmse_fixed"]).median("trial")
    lines = [
        "Error relative to fixed encoders, medians",
        f"  {'':8}{'carrier':12}{'delay (ms)':>11}{'no trace':>10}{'trace':>8}"
        f"{'cost (%/ms)':>13}{'won back':>10}",
    ]
    for measure, carrier in product(MEASURES, CARRIERS):
        late = ratio.sel(measure=measure, carrier=carrier)
        prompt = float(late.sel(delay=0, trace="none"))
        for delay in data["delay"].values:
            none, matched = (float(late.sel(delay=delay, trace=it)) for it in TRACES)
            line = f"  {measure:8}{carrier:12}{delay:11}{none:10.3f}{matched:8.3f}"
            if delay:
                cost = none - prompt
                line += f"{100 * cost / delay:13.2f}"
                line += f"{(none - matched) / cost:10.0%}" if cost > 0 else f"{'-':>10}"
            lines.append(line)
    return "\n".join(lines)


def check_claims(data):
    """Hold what is said of late errors against the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ErrorPopulationExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    delays = data["delay"].values
    late = cross_late(delays[1:], trace=["none"])
    return check_table(
        data,
        (
            Comparison(
                "A delay of the error costs accuracy",
                ("prompt", "late"),
                late,
                ("rmse", {"delay": 0}),
                "rmse",
            ),
            Comparison(
                "A trace of the input wins some of it back",
                ("trace", "no trace"),
                late,
                ("rmse", {"trace": "matched"}),
                "rmse",
            ),
            compare_carriers("a population as from a node", delays, trace=["none"]),
        ),
    )


def cross_late(delays, **others):
    """Conditions as for a `.Comparison`: at these delays, and at other coordinates."""
    words = "{measure}, {carrier}, {delay} ms"
    return cross(words, measure=MEASURES, carrier=CARRIERS, delay=delays, **others)


def compare_carriers(carriers, delays, **others):
    """Return the claim that populations do as well as nodes, a `.Comparison`.

    Parameters
    ----------
    carriers : str
        What the error comes from, in words.
    delays : sequence of int
    **others
        Of coordinates, the values at which carriers are compared.
    """
    words = "{measure}, {delay} ms"
    return Comparison(
        f"The error is the same, to {MARGIN:.0%}, from {carriers}",
        ("population", "node"),
        cross(words, measure=MEASURES, delay=delays, **others),
        ("rmse", {"carrier": "population"}),
        ("rmse", {"carrier": "node"}),
        margin=MARGIN,
    )
