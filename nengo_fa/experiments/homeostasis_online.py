"""Lengths of encoders while they learn to multiply online, in spikes."""

from dataclasses import dataclass

import nengo
import numpy as np
import xarray as xr

from nengo_fa.experiments.homeostasis import (
    NORMALIZATIONS,
    check_spread,
    draw_length,
    make_length_template,
    make_results,
)
from nengo_fa.experiments.online import READOUT
from nengo_fa.experiments.sweep.in_seconds import InSeconds, make_stimulus
from nengo_fa.experiments.sweep.trials import draw_seed, hide_nan
from nengo_fa.networks import Multiplication
from nengo_fa.rules.learning_rules import FeedbackAlignment

#: Sampling interval of encoders and drives, in seconds.
SAMPLE_EVERY = 0.01


@dataclass(frozen=True)
class OnlineHomeostasisExperiment(InSeconds):
    """Lengths of encoders with four normalizations, online and in spikes.

    Decoders learn by PES and encoders by feedback alignment throughout. In each trial,
    the input, the neurons, their feedback weights and the initial lengths are the same for
    all normalizations.

    Parameters
    ----------
    n_trials : int
    seconds : int
        Simulated time. In the results, seconds replace epochs.
    learning_rate : float
        Learning rate of the encoders, per second.
    n_neurons : int
    spread : float
        As for `.HomeostasisExperiment`.
    seed : int
    """

    n_trials: int = 7
    seconds: int = 30
    learning_rate: float = 3.0
    n_neurons: int = 20
    spread: float = 0.1
    seed: int = 0

    name = "homeostasis online"

    def __post_init__(self):
        check_spread(self.spread)
        super().__post_init__()

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results, full of NaN."""
        return make_length_template(
            ["FeedbackAlignment"],
            self.n_trials,
            self.seconds,
            self.n_neurons,
            n_updates=1,
            clock="Time (s)",
        )

    def run(self, trial: range) -> dict[str, np.ndarray]:
        """Run some trials, by their numbers.

        Returns
        -------
        results : dict of ndarray
            Arrays with the dimensions of the template. Entry t of the time axis belongs to
            the second that begins at t. The final entry contains the final lengths, with
            the error and the drives of the last second.
        """
        shape = 1, len(NORMALIZATIONS), len(trial)
        results = make_results(shape, self.seconds, self.n_neurons)
        for j, k in np.ndindex(shape[1:]):
            for name, values in self._learn(trial[k], NORMALIZATIONS[j]).items():
                results[name][0, j, k] = values
        return hide_nan(results)

    def _learn(self, trial, normalization):
        """Return results of one condition, by the names of the variables."""
        seed, rng = draw_seed(self.seed, trial)
        directions = nengo.dists.UniformHypersphere(surface=True).sample(
            self.n_neurons, 2, rng=rng
        )
        length = draw_length(self.spread, self.seed, trial, self.n_neurons)
        rule = FeedbackAlignment(
            1,
            self.learning_rate,
            normalization=None if normalization == "none" else normalization,
        )
        with nengo.Network(seed=seed) as model:
            stimulus = make_stimulus(seed)
            product = Multiplication(self.n_neurons, encoder_rule=rule, seed=seed)
            product.hidden.encoders = length[:, np.newaxis] * directions
            product.hidden.normalize_encoders = False
            nengo.Connection(stimulus, product.input, synapse=None)
            probes = _make_probes(product)

        results = make_results((), self.seconds, self.n_neurons)
        for values in results.values():
            values[...] = np.inf
        results["encoder_length"][0] = length
        # Nengo's optimizer adds numbers in an order that changes from run to run
        with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
            gain = sim.data[product.hidden].gain
            for second in range(self.seconds):
                sim.clear_probes()
                try:
                    sim.run(1.0)
                except FloatingPointError:  # Nengo stops if numbers are not finite
                    break
                measured = {name: sim.data[probe] for name, probe in probes.items()}
                rmse, radial, lengths = self._measure(gain, **measured)
                results["rmse"][second] = rmse
                results["radial"][second] = radial
                results["encoder_length"][second + 1] = lengths
            else:
                results["rmse"][-1] = results["rmse"][-2]
                results["radial"][-1] = results["radial"][-2]
        return results

    def _measure(self, gain, error, projected_error, derivative, scaled_encoders, x):
        """Return the error, the drive of lengths away from one, and the final lengths."""
        encoders = scaled_encoders / gain[:, np.newaxis]
        drive = np.einsum("tnd,td->tn", encoders, x)
        radial = self.learning_rate * gain * derivative * projected_error * drive
        rmse = np.sqrt(np.mean(error**2))
        return rmse, radial.mean(axis=0), np.linalg.norm(encoders[-1], axis=-1)


def _make_probes(product):
    """Make the probes of a network while it learns, by name."""
    rule = product.encode.learning_rule
    names = "projected_error", "derivative", "scaled_encoders"
    sources = {name: (rule, name) for name in names}
    sources["x"] = product.input, "output"
    probes = {
        name: nengo.Probe(*source, sample_every=SAMPLE_EVERY)
        for name, source in sources.items()
    }
    return {**probes, "error": nengo.Probe(product.error, synapse=READOUT)}
