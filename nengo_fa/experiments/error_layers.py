"""The cost for the first of two hidden layers to receive its error through the second."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
import xarray as xr

from nengo_fa.experiments.late_errors import (
    CARRIERS,
    LateErrors,
    compare_carriers,
    cross_late,
    make_report,
    simulate,
)
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table
from nengo_fa.experiments.sweep.in_seconds import RMS, find_best_error, make_stimulus
from nengo_fa.experiments.sweep.trials import draw_seed
from nengo_fa.experiments.two_layers import (
    N_INPUTS,
    ROUTES,
    LayeredErrors,
    square,
)
from nengo_fa.geometry import tuning_curves

#: The compared conditions: all routes of the error without traces, and one with traces. By
#: name, the route and whether there are traces.
WAYS = {**{route: (route, False) for route in ROUTES}, "traces": ("relayed", True)}

#: Number of inputs for `solve`.
N_POINTS = 2000


@dataclass(frozen=True)
class ErrorLayerExperiment(LateErrors):
    """Two hidden layers learn online, in spikes, from errors that pass layer by layer.

    The experiment compares three routes of the error to the first layer, and the longest
    route with an eligibility trace in each layer that suits the delay of its error. Errors
    are in nodes or in populations. In each trial, the input, the neurons and their feedback
    weights are the same in all conditions. Parameters are those of `.LateErrors`; the delay
    applies to each hop of the error.
    """

    delays: tuple = (0, 30, 100)
    learning_rate: float = 3.0
    n_neurons: int = 30

    name = "error layers"
    title = "Two layers that learn from errors of their own"

    @property
    def conditions(self) -> dict[str, Any]:
        """All routes of the error, with both carriers and all delays."""
        return {"way": list(WAYS), "carrier": CARRIERS, "delay": self.delays}

    def _untrace(self, condition):
        _, carrier, delay = condition
        return list(WAYS).index("relayed"), carrier, delay

    def _learn(self, trial):
        seed, _ = draw_seed(self.seed, trial)
        options = {
            "learning_rate": self.learning_rate,
            "n_neurons": self.n_neurons,
            "n_error_neurons": self.n_error_neurons,
            "seed": seed,
        }
        with nengo.Network(seed=seed) as model:
            stimulus = make_stimulus(seed, N_INPUTS)
            networks = {"fixed": LayeredErrors(None, "node", 0, False, **options)}
            for condition in np.ndindex(len(WAYS), len(CARRIERS), len(self.delays)):
                way, carrier, i = condition
                route, trace = list(WAYS.values())[way]
                delay = self.delays[i]
                if trace and not delay:
                    continue
                networks[condition] = LayeredErrors(
                    route, CARRIERS[carrier], delay, trace, **options
                )

        def solve_layers(sim, network):
            return solve(sim, network.layers)

        return simulate(model, stimulus, networks, self.seconds, solve_layers)


def solve(sim: nengo.Simulator, layers: Sequence[nengo.Ensemble]) -> float:
    """Return the error of the square with the best decoders, for the encoders of two layers.

    It is computed with rates, for random inputs with the same normal distribution as in the
    simulation.

    Parameters
    ----------
    sim : nengo.Simulator
        A simulator with the current encoders.
    layers : sequence of nengo.Ensemble
        The first and the last layer.

    Returns
    -------
    rmse : float
    """
    x = RMS * np.random.RandomState(0).randn(N_POINTS, N_INPUTS)
    activities = x
    for layer in layers:
        activities = tuning_curves(sim, layer, activities)
    return find_best_error(activities, square(x))


def report(data: xr.Dataset) -> str:
    """Return the final errors with each route as text, from the data of `check_claims`.

    The table shows the median error divided by the error with fixed encoders, for each
    route, measure, carrier and delay.
    """
    header = "".join(f"{way:>12}" for way in WAYS)

    def make_columns(ratio, delay):
        return "".join(f"{float(ratio.sel(delay=delay, way=w)):12.3f}" for w in WAYS)

    return make_report(data, header, make_columns)


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about errors that pass layer by layer with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ErrorLayerExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    delays = data["delay"].values
    everywhere, late = (
        cross_late(chosen, way=["relayed"]) for chosen in (delays, delays[1:])
    )
    return check_table(
        data,
        (
            Comparison(
                "If both layers learn from relayed errors, the network ends with a "
                "smaller error than with fixed encoders",
                ("relayed", "fixed"),
                everywhere,
                "rmse",
                "rmse_fixed",
            ),
            Comparison(
                "If both layers learn from relayed errors, the network ends with a "
                "smaller error than if only the last layer learns",
                ("relayed", "last layer"),
                everywhere,
                "rmse",
                ("rmse", {"way": "last layer"}),
            ),
            Comparison(
                "The network ends with a smaller error if the first layer receives "
                "its error directly, after one delay, than relayed, after two delays",
                ("direct", "relayed"),
                late,
                ("rmse", {"way": "direct"}),
                "rmse",
            ),
            Comparison(
                "With traces of the inputs, the network ends with a smaller error "
                "than without traces",
                ("traces", "no traces"),
                late,
                ("rmse", {"way": "traces"}),
                "rmse",
            ),
            compare_carriers("populations as with nodes", delays, way=["relayed"]),
        ),
    )
