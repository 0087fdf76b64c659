"""How fast encoders may learn, next to decoders: the two timescales of online learning."""

from dataclasses import asdict, dataclass, replace

import nengo
import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer

from nengo_fa.experiments.claims import Claim, find_lower
from nengo_fa.experiments.online import READOUT
from nengo_fa.geometry import angle_to_axes
from nengo_fa.learning_rules import FeedbackAlignment
from nengo_fa.networks import Multiplication

#: Rules for the decoders by name. The three rates of PES are slow, that of
#: `nengo_fa.networks.Multiplication`, and fast; RLS solves for the decoders as it goes.
DECODER_RULES = {
    "PES 2e-5": nengo.PES(2e-5),
    "PES 2e-4": nengo.PES(2e-4),
    "PES 2e-3": nengo.PES(2e-3),
    "RLS": nengo.RLS(1e-2),
}

#: Learning rates of the encoders, per second. At zero they are fixed.
ENCODER_RATES = (0.0, 0.1, 1.0, 10.0, 100.0, 1000.0)

VARIABLES = {
    "rmse": {
        "long_name": "root mean square error of the product in the last part of the time",
        "units": "1",
    },
    "angle": {
        "long_name": "mean angle to the nearest diagonal at the end",
        "units": "rad",
    },
}


@dataclass(frozen=True)
class TimescaleExperiment:
    """Multiplication online, at several learning rates of encoders and of decoders.

    In each trial the neurons, their feedback weights and the input are the same for all
    rates, and other than in all other trials.

    Parameters
    ----------
    n_trials : int
        Trials do not depend on how many they are.
    epochs : int
        Simulated time, in whole seconds. The error is that of the last sixth.
    n_neurons : int
    seed : int
    """

    n_trials: int = 9
    epochs: int = 30
    n_neurons: int = 20
    seed: int = 0

    def __post_init__(self):
        for name in ("n_trials", "epochs", "n_neurons"):
            value = getattr(self, name)
            if not is_integer(value) or value < 1:
                raise ValidationError(
                    f"Must be an integer, at least 1 (got {value!r})", attr=name
                )

    @property
    def chunks(self):
        """One decoder rule of one trial is a part by itself."""
        return {"trial": 1, "decoder_rule": 1}

    @property
    def configuration(self):
        """All that a trial depends on, for the attributes of the results."""
        configuration = {"experiment": "timescales", **asdict(self)}
        del configuration["n_trials"]
        rules = {name: repr(rule) for name, rule in DECODER_RULES.items()}
        return {**configuration, "decoders": rules, "encoders": list(ENCODER_RATES)}

    def with_epochs(self, epochs):
        """The same experiment, of another number of seconds."""
        return replace(self, epochs=epochs)

    def make_template(self):
        """Dataset for the results of all trials, full of NaN."""
        coordinates = {
            "decoder_rule": np.array(list(DECODER_RULES), dtype=object),
            "encoder_rate": list(ENCODER_RATES),
            "trial": np.arange(self.n_trials),
        }
        shape = [len(values) for values in coordinates.values()]
        return xr.Dataset(
            {
                name: (list(coordinates), np.full(shape, np.nan), attributes)
                for name, attributes in VARIABLES.items()
            },
            coords=coordinates,
            attrs={"title": "Multiplication, online, on two timescales"},
        )

    def run(self, decoder_rule, trial):
        """Run some decoder rules, by their numbers, in some trials.

        Returns
        -------
        results : dict of ndarray
            In the order of the dimensions of the template. Infinite where learning has
            diverged.
        """
        shape = len(decoder_rule), len(ENCODER_RATES), len(trial)
        results = {name: np.empty(shape) for name in VARIABLES}
        for i, j, k in np.ndindex(shape):
            rule = list(DECODER_RULES.values())[decoder_rule[i]]
            measured = self._simulate(rule, ENCODER_RATES[j], trial[k])
            for name, value in zip(VARIABLES, measured):
                results[name][i, j, k] = value
        return results

    def _simulate(self, decoder_rule, encoder_rate, trial):
        """The error and the angle at the end of a simulation."""
        rng = np.random.RandomState([self.seed, trial])
        seed = int(rng.randint(np.iinfo(np.int32).max))
        with nengo.Network(seed=seed) as model:
            stimulus = nengo.Node(
                nengo.processes.WhiteSignal(self.epochs, high=2, rms=0.5, seed=seed),
                size_out=2,
            )
            product = Multiplication(
                self.n_neurons,
                encoder_rule=FeedbackAlignment(1, encoder_rate),
                decoder_rule=decoder_rule,
                seed=seed,
            )
            nengo.Connection(stimulus, product.input, synapse=None)
            error = nengo.Probe(product.error, synapse=READOUT)
            encoders = nengo.Probe(
                product.encode.learning_rule, "scaled_encoders", sample_every=1.0
            )
        # in the same order of additions, as in `.online`
        with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                try:
                    sim.run(self.epochs, progress_bar=False)
                except (nengo.exceptions.SimulationError, FloatingPointError):
                    return np.inf, np.inf  # what Nengo makes of NaN
            last = sim.data[error][-max(1, len(sim.data[error]) // 6) :]
            with np.errstate(over="ignore"):
                rmse = np.sqrt(np.mean(last**2))
            gain = sim.data[product.hidden].gain
            final = sim.data[encoders][-1] / gain[:, np.newaxis]
        if not (np.isfinite(rmse) and np.all(np.isfinite(final))):
            return np.inf, np.inf
        return rmse, angle_to_axes(final).mean()


def check_claims(data):
    """Whether encoders may learn as fast as they do, for each rule of the decoders.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `TimescaleExperiment`.

    Returns
    -------
    claims : list of Claim
    """
    rates = data.encoder_rate.values[1:]

    def against_fixed(rule):
        fixed = data.rmse.sel(decoder_rule=rule, encoder_rate=0).values
        return tuple(
            find_lower(
                f"{rate:g} per second",
                data.rmse.sel(decoder_rule=rule, encoder_rate=rate).values,
                fixed,
            )
            for rate in rates
        )

    claims = [
        Claim(
            f"Decoders by {rule}: learned encoders end with a lower error than fixed ones",
            ("learned", "fixed"),
            against_fixed(rule),
        )
        for rule in data.decoder_rule.values
    ]
    best = data.rmse.median("trial").isel(encoder_rate=slice(1, None))
    best = best.idxmin("encoder_rate")
    slow, fast = (
        data.rmse.sel(decoder_rule=rule, encoder_rate=best.sel(decoder_rule=rule))
        for rule in ("PES 2e-4", "PES 2e-3")
    )
    rls = data.rmse.sel(
        decoder_rule="RLS", encoder_rate=best.sel(decoder_rule="RLS")
    ).values
    return [
        *claims,
        Claim(
            "With RLS in place of PES the error ends lower, each with its best rate for "
            "the encoders",
            ("RLS", "PES"),
            (
                find_lower("PES 2e-4", rls, slow.values),
                find_lower("PES 2e-3", rls, fast.values),
            ),
        ),
    ]
