"""An arm that learns to carry a load, with fixed and with learned encoders."""

from collections.abc import Callable
from dataclasses import dataclass

import nengo
import numpy as np
import xarray as xr
from nengo.params import Default
from numpy.typing import ArrayLike

from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.in_seconds import InSeconds
from nengo_fa.experiments.sweep.trials import draw_seed, make_template
from nengo_fa.networks import ControlledArm, TwoJointArm

#: Whether encoders learn, and with which rule.
ENCODERS = {"fixed": None, "learned": Default}

#: Masses in the hand, in kg.
LOADS = (0.0, 1.0, 2.0, 3.0)


@dataclass(frozen=True)
class ArmExperiment(InSeconds):
    """An arm that follows targets with unknown loads.

    In each trial, the neurons, their feedback weights and the movement are the same for all
    loads and rates, and differ between trials. In the results, seconds replace epochs.

    Parameters
    ----------
    n_trials : int
        Results of a trial do not depend on this number.
    seconds : int
        Simulated time.
    decoder_rates : tuple of float
        Learning rates of `nengo.PES`, of which the best is used for fixed encoders.
    n_neurons : int
    seed : int
    """

    n_trials: int = 20
    seconds: int = 10
    decoder_rates: tuple = (1e-3, 3e-3, 1e-2)
    n_neurons: int = 50
    seed: int = 0

    name = "arm"

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results of all trials, full of NaN."""
        coordinates = {
            "encoders": list(ENCODERS),
            "decoder_rate": self.decoder_rates,
            "load": LOADS,
            "trial": range(self.n_trials),
        }
        attributes = {
            "long_name": "root mean square tracking error in the last third of the time",
            "units": "rad",
        }
        template = make_template(
            coordinates, {"rmse": (list(coordinates), attributes)}, "An arm with loads"
        )
        template["load"].attrs["units"] = "kg"
        return template

    def run(self, trial: range) -> dict[str, np.ndarray]:
        """Run some trials, by their numbers."""
        shape = len(ENCODERS), len(self.decoder_rates), len(LOADS)
        rmse = [self._track(number, shape) for number in trial]
        return {"rmse": np.stack(rmse, axis=-1)}

    def _track(self, trial, shape):
        """Return the tracking errors of all arms, which move at once, by condition."""
        seed, rng = draw_seed(self.seed, trial)
        rules = list(ENCODERS.values())
        with nengo.Network(seed=seed) as model:
            move = make_movement(rng)
            target = nengo.Node(move, label="target")
            probes = []
            for i, j, k in np.ndindex(shape):
                arm = ControlledArm(
                    TwoJointArm(load=LOADS[k], start=move(0)[:2]),
                    n_neurons=self.n_neurons,
                    encoder_rule=rules[i],
                    decoder_rule=nengo.PES(self.decoder_rates[j]),
                    seed=seed,
                )
                nengo.Connection(target, arm.target, synapse=None)
                probes.append(nengo.Probe(arm.error))
        # Nengo's optimizer adds numbers in an order that changes from run to run
        with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
            sim.run(self.seconds)
        last = np.array([sim.data[probe][2 * sim.n_steps // 3 :] for probe in probes])
        return np.sqrt(np.mean(np.sum(last**2, axis=2), axis=1)).reshape(shape)


def make_movement(
    rng: np.random.RandomState, center: ArrayLike = (0.0, 1.2)
) -> Callable:
    """Return a rhythmic movement of both joints.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws amplitudes from 0.6 to 1 rad, frequencies from 0.4 to 0.8 Hz, and phases.
    center : (2,) array_like, optional
        Mean angles, in rad.

    Returns
    -------
    move : callable
        Function of the time in seconds that returns two angles and two velocities, (4,).
    """
    amplitude = rng.uniform(0.6, 1.0, size=2)
    omega = 2 * np.pi * rng.uniform(0.4, 0.8, size=2)
    phase = rng.uniform(-np.pi, np.pi, size=2)

    def move(t):
        angle = omega * t + phase
        velocity = amplitude * omega * np.cos(angle)
        return np.concatenate([center + amplitude * np.sin(angle), velocity])

    return move


def tune(data: xr.Dataset) -> float:
    """Return the rate of the decoders with which fixed encoders do best.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ArmExperiment`.

    Returns
    -------
    decoder_rate : float
        The rate with the lowest median, over trials and loads, of the error divided by the
        error with the best rate in the same trial.
    """
    fixed = data["rmse"].sel(encoders="fixed")
    relative = fixed / fixed.min("decoder_rate")
    return float(relative.median(["trial", "load"]).idxmin("decoder_rate"))


def find_ratio(data: xr.Dataset) -> xr.DataArray:
    """Return errors with learned encoders over fixed encoders, (rate, load, trial)."""
    rmse = data["rmse"]
    return rmse.sel(encoders="learned", drop=True) / rmse.sel(
        encoders="fixed", drop=True
    )


def report(data: xr.Dataset) -> str:
    """Return tracking errors, and ratios of learned over fixed encoders, as text.

    The numbers are medians over trials and loads. The last columns are the median and the
    quartiles of the ratios.
    """
    lines = [
        f"Fixed encoders do best with PES at {tune(data):g}. Medians over trials and loads:",
        f"  {'PES':>8}{'fixed (rad)':>14}{'learned (rad)':>16}{'ratio':>8}{'quartiles':>14}",
    ]
    for rate in data["decoder_rate"].values:
        at = data.sel(decoder_rate=rate)
        errors = [float(at["rmse"].sel(encoders=name).median()) for name in ENCODERS]
        low, ratio, high = np.quantile(find_ratio(at), [0.25, 0.5, 0.75])
        lines.append(
            f"  {rate:8g}{errors[0]:14.4f}{errors[1]:16.4f}{ratio:8.2f}"
            f"{low:8.2f}{high:6.2f}"
        )
    return "\n".join(lines)


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about an arm with learned encoders with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ArmExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    rates, loads = data["decoder_rate"].values, data["load"].values
    return check_table(
        data.assign(ratio=find_ratio(data)),
        (
            Comparison(
                "Arms with learned encoders have a smaller tracking error than arms "
                "with fixed encoders (rad)",
                ("learned", "fixed"),
                cross(
                    "PES {decoder_rate:g}, {load:g} kg", decoder_rate=rates, load=loads
                ),
                ("rmse", {"encoders": "learned"}),
                ("rmse", {"encoders": "fixed"}),
            ),
            Comparison(
                "Learned encoders help more with the heaviest load than without a "
                "load: error relative to fixed encoders",
                ("heaviest load", "no load"),
                cross("PES {decoder_rate:g}", decoder_rate=rates),
                ("ratio", {"load": loads[-1]}),
                ("ratio", {"load": loads[0]}),
            ),
        ),
    )
