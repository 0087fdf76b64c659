"""The cost of delayed errors, and of errors in the spikes of a population."""

from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
import xarray as xr

from nengo_fa.experiments.late_errors import (
    CARRIERS,
    LateErrors,
    check_carrier,
    compare_carriers,
    cross_late,
    make_carrier,
    make_delay,
    make_report,
    make_trace,
    simulate,
    teach,
)
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table
from nengo_fa.experiments.sweep.in_seconds import find_best_error, make_stimulus
from nengo_fa.experiments.sweep.trials import draw_seed
from nengo_fa.geometry import disc, tuning_curves
from nengo_fa.networks import Multiplication
from nengo_fa.rules.learning_rules import Backprop, FeedbackAlignment

#: Whether the input has a trace that matches the delay of the error.
TRACES = ("none", "matched")

#: Radius of the population for errors: the largest product of two numbers on the unit disc.
RADIUS = 0.5


class LateMultiplication(Multiplication):
    """`.Multiplication` with an error that reaches the encoders late.

    Decoders learn from the error without a delay, because they are close to the error, while
    the path back to the encoders is long. The cost of a delay is therefore due to the
    encoder rule, and not to PES, which becomes unstable with a delay.

    Parameters
    ----------
    carrier : {"node", "population"}
        The object that passes the error on: a node, which does so exactly, or an ensemble of
        spiking LIF neurons, filtered by ``synapse``.
    delay : int
        Delay of the error at the encoder rule, in milliseconds.
    encoder_rule : FeedbackAlignment or Backprop
    n_error_neurons : int, optional
        Number of neurons in the population.
    synapse : nengo.synapses.Synapse or float, optional
    **kwargs
        Passed through to `.Multiplication`.

    Attributes
    ----------
    carrier : nengo.Node or nengo.Ensemble
        The object between the delay and the encoder rule.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the carrier is unknown, or the delay is not a non-negative integer.
    """

    def __init__(
        self,
        carrier: str,
        delay: int,
        encoder_rule: Backprop | FeedbackAlignment,
        n_error_neurons: int = 100,
        synapse: float | nengo.synapses.Synapse = 0.005,
        **kwargs: Any,
    ) -> None:
        check_carrier(carrier)
        super().__init__(encoder_rule=None, synapse=synapse, **kwargs)
        self.encode.learning_rule_type = encoder_rule
        with self:
            self.carrier = make_carrier(
                carrier,
                1,
                n_error_neurons,
                label="late error",
                radius=RADIUS,
                seed=self.seed,
            )
            nengo.Connection(self.gated_error, self.carrier, synapse=make_delay(delay))
            teach(self.encode, self.carrier, synapse)


@dataclass(frozen=True)
class ErrorPopulationExperiment(LateErrors):
    """Multiplication learned online, in spikes, from delayed errors.

    The error is carried by a node or by a population of spiking neurons, each with and
    without an eligibility trace that suits the delay. In each trial, the input, the neurons
    and their feedback weights are the same in all conditions. Parameters are those of
    `.LateErrors`.
    """

    name = "error populations"
    title = "Multiplication learned from errors that come late"

    @property
    def conditions(self) -> dict[str, Any]:
        """Both carriers, with and without a trace, with all delays."""
        return {"carrier": CARRIERS, "trace": TRACES, "delay": self.delays}

    def _untrace(self, condition):
        carrier, _, delay = condition
        return carrier, 0, delay

    def _learn(self, trial):
        seed, rng = draw_seed(self.seed, trial)
        signs = rng.choice([-1.0, 1.0], size=(self.n_neurons, 1))
        with nengo.Network(seed=seed) as model:
            stimulus = make_stimulus(seed)
            options = {"n_neurons": self.n_neurons, "seed": seed}
            networks = {"fixed": Multiplication(encoder_rule=None, **options)}
            for condition in np.ndindex(len(CARRIERS), len(TRACES), len(self.delays)):
                carrier, trace, i = condition
                delay = self.delays[i]
                if trace and not delay:
                    continue
                rule = FeedbackAlignment(
                    1,
                    self.learning_rate,
                    feedback=signs,
                    pre_synapse=make_trace(delay) if trace else None,
                )
                networks[condition] = LateMultiplication(
                    CARRIERS[carrier],
                    delay,
                    rule,
                    n_error_neurons=self.n_error_neurons,
                    **options,
                )

        def solve_hidden(sim, network):
            return solve(sim, network.hidden)

        return simulate(model, stimulus, networks, self.seconds, solve_hidden)


def solve(sim: nengo.Simulator, hidden: nengo.Ensemble) -> float:
    """Return the error of the product on the disc, with the best decoders.

    Parameters
    ----------
    sim : nengo.Simulator
        A simulator with the current encoders.
    hidden : nengo.Ensemble

    Returns
    -------
    rmse : float
    """
    points, inside = disc()
    x = points[inside]
    return find_best_error(
        tuning_curves(sim, hidden, x), np.prod(x, axis=1, keepdims=True)
    )


def report(data: xr.Dataset) -> str:
    """Return the costs of delays and the gains by traces, from the data of `check_claims`.

    The table shows, for both measures and each carrier and delay, the median error divided
    by the error with fixed encoders, without and with a trace; the cost of the delay per
    millisecond, in percent of the error with fixed encoders; and the part of this cost that
    the trace recovers. The last two follow from the medians.
    """
    header = f"{'no trace':>10}{'trace':>8}{'cost (%/ms)':>13}{'recovered':>11}"
    legend = (
        "\ncost: increase of the error for each millisecond of delay, in % of the error "
        "with fixed encoders"
        "\nrecovered: share of this cost that a trace removes"
    )
    return make_report(data, header, _make_columns) + legend


def _make_columns(ratio, delay):
    """Return the columns of the report, from ratios of errors by trace and delay."""
    prompt = float(ratio.sel(delay=0, trace="none"))
    none, matched = (float(ratio.sel(delay=delay, trace=trace)) for trace in TRACES)
    columns = f"{none:10.3f}{matched:8.3f}"
    if not delay:
        return columns
    cost = none - prompt
    return f"{columns}{100 * cost / delay:13.2f}{_name_share(none - matched, cost):>11}"


def _name_share(gain, cost):
    """Return the share of a cost that a gain recovers, or a word if it is not a share."""
    if cost <= 0:
        return "-"
    share = gain / cost
    return "none" if share <= 0 else "all" if share >= 1 else f"{share:.0%}"


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about delayed errors with the data.

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
                "The network ends with a larger error if the error reaches the "
                "encoders with a delay",
                ("no delay", "delay"),
                late,
                ("rmse", {"delay": 0}),
                "rmse",
            ),
            Comparison(
                "With a trace of the input, the network ends with a smaller error "
                "than without a trace",
                ("trace", "no trace"),
                late,
                ("rmse", {"trace": "matched"}),
                "rmse",
            ),
            compare_carriers("a population as with a node", delays, trace=["none"]),
        ),
    )
