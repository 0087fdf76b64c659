"""A recurrent network of spiking neurons that learns its weights to generate a pattern."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError

from nengo_fa.experiments.late_errors import make_delay, make_trace
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.in_seconds import InSeconds
from nengo_fa.experiments.sweep.trials import draw_seed, hide_nan, make_template
from nengo_fa.rules.learning_rules import FeedbackAlignment

#: Frequencies of the sines in the pattern, in hertz. The period of the pattern is a second.
FREQUENCIES = np.array([1, 2, 3, 5])

#: Delay of a late error at the recurrent weights, in milliseconds.
DELAY = 30

#: The times at which errors are measured: at the end of learning, and after learning.
MEASURES = ("learning", "after")

#: Learning rates of PES for fixed recurrent weights, and of recurrent weights per second.
PES_RATES = (1e-3, 3e-3, 1e-2)
RATES = (0.1, 0.3, 1.0, 3.0)
#: The rate of PES with learned weights, and the rate of these weights with a late error.
PES_RATE, LATE_RATE = 3e-3, 0.2

FIXED = {f"fixed, PES {rate:g}": {"pes_rate": rate} for rate in PES_RATES}
LEARNED = {f"{rate:g} per second": {"rate": rate} for rate in RATES}
LATE = {
    "late, no trace": {"rate": LATE_RATE, "delay": DELAY},
    "late, input trace": {
        "rate": LATE_RATE,
        "delay": DELAY,
        "pre_synapse": make_trace(DELAY),
    },
    "late, eligibility trace": {
        "rate": LATE_RATE,
        "delay": DELAY,
        "eligibility_synapse": make_trace(DELAY),
    },
}
#: The conditions, as arguments of `make_generator`.
CONDITIONS = {**FIXED, **LEARNED, **LATE}

#: Time constant of all synapses, in seconds, and time between samples of the output.
TAU, SAMPLE_EVERY = 0.02, 0.005
N_SAMPLES = round(1 / SAMPLE_EVERY)


@dataclass(frozen=True)
class RecurrentExperiment(InSeconds):
    """Pattern generation with fixed and with learned recurrent weights, in spikes.

    The pattern is a sum of four sines with random amplitudes and phases (as in Bellec et al.,
    2020, *Nature Communications* 11:3625), and the input is a clock with a period of a second.
    In each trial, the pattern, the neurons and their initial weights are the same in all
    conditions.

    Parameters
    ----------
    n_trials : int
    seconds : int
        Time for which the network learns. It then continues without learning for a tenth of
        this time, at least a second. In the results, seconds replace epochs.
    n_neurons : int
    conditions : tuple of str
        Names of ``CONDITIONS``. Claims are about all of them, the default.
    seed : int

    Raises
    ------
    nengo.exceptions.ValidationError
        If counts are not above zero, or a condition is not known.
    """

    n_trials: int = 10
    seconds: int = 40
    n_neurons: int = 60
    conditions: tuple = tuple(CONDITIONS)
    seed: int = 0

    name = "recurrent"

    def __post_init__(self):
        super().__post_init__()
        unknown = [name for name in self.conditions if name not in CONDITIONS]
        if unknown or not self.conditions:
            raise ValidationError(
                f"Must be names out of {list(CONDITIONS)} (got {self.conditions!r})",
                attr="conditions",
            )

    @property
    def configuration(self) -> dict[str, Any]:
        """All parameters of a trial, for the attributes of the results."""
        conditions = {name: repr(CONDITIONS[name]) for name in self.conditions}
        return {**super().configuration, "conditions": conditions}

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results of all trials, full of NaN."""
        coordinates = {
            "measure": MEASURES,
            "condition": list(self.conditions),
            "time": np.arange(1, N_SAMPLES + 1) * SAMPLE_EVERY,
            "trial": range(self.n_trials),
        }
        variables = {
            "rmse": (
                ("measure", "condition", "trial"),
                {"long_name": "root mean square error relative to the pattern"},
            ),
            "output": (
                ("condition", "time", "trial"),
                {"long_name": "output in the last second, without learning"},
            ),
            "target": (("time", "trial"), {"long_name": "pattern"}),
        }
        title = "A pattern from a recurrent network"
        template = make_template(coordinates, variables, title)
        template["time"].attrs["units"] = "s"
        return template

    def run(self, trial: range) -> dict[str, np.ndarray]:
        """Run some trials, by their numbers."""
        shape = len(self.conditions), len(trial)
        results = {
            "rmse": np.empty((len(MEASURES), *shape)),
            "output": np.empty((len(self.conditions), N_SAMPLES, len(trial))),
            "target": np.empty((N_SAMPLES, len(trial))),
        }
        for i, name in enumerate(self.conditions):
            for j, number in enumerate(trial):
                output, target = self._learn(CONDITIONS[name], number)
                results["rmse"][:, i, j] = self._find_errors(output - target)
                results["output"][i, :, j] = _sample(output)
                results["target"][:, j] = _sample(target)
        return hide_nan(results)

    @property
    def _test_seconds(self):
        return max(self.seconds / 10, 1)

    def _learn(self, options, trial):
        """Return output and pattern of one simulation, in all of its time steps."""
        seed, rng = draw_seed(self.seed, trial)
        pattern = draw_pattern(rng)
        with nengo.Network(seed=seed) as model:
            output = make_generator(
                self.n_neurons, pattern, self.seconds, rng, **options
            )
            probe = nengo.Probe(output)
        # Nengo's optimizer adds numbers in an order that changes from run to run
        with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
            sim.run(self.seconds + self._test_seconds)
            return sim.data[probe][:, 0], pattern(sim.trange())

    def _find_errors(self, error):
        n_test = round(self._test_seconds / 0.001)
        parts = error[-2 * n_test : -n_test], error[-n_test:]
        return [np.sqrt(np.mean(part**2)) for part in parts]


def _sample(values):
    """Return some of the values in the last second."""
    every = round(SAMPLE_EVERY / 0.001)
    return values[every - 1 :: every][-N_SAMPLES:]


def draw_pattern(rng: np.random.RandomState) -> Callable:
    """Draw a sum of sines with a root mean square of one.

    Parameters
    ----------
    rng : numpy.random.RandomState

    Returns
    -------
    pattern : callable
        Takes times in seconds.
    """
    amplitudes = rng.uniform(0.5, 1.5, size=len(FREQUENCIES))
    amplitudes /= np.sqrt(np.sum(amplitudes**2) / 2)
    phases = rng.uniform(0, 2 * np.pi, size=len(FREQUENCIES))

    def pattern(t):
        angles = 2 * np.pi * FREQUENCIES * np.asarray(t)[..., np.newaxis] + phases
        return np.sin(angles) @ amplitudes

    return pattern


def draw_clocked_network(n_neurons, rng):
    """Draw a recurrent network with two inputs, whose neurons have a gain of one.

    Parameters
    ----------
    n_neurons : int
    rng : numpy.random.RandomState

    Returns
    -------
    weights : (n_neurons, n_neurons) ndarray
        Weights of the recurrent connection.
    bias : (n_neurons,) ndarray
    input_weights : (n_neurons, 2) ndarray
    """
    weights = 1.5 / np.sqrt(n_neurons) * rng.randn(n_neurons, n_neurons)
    return weights, rng.uniform(0, 2, size=n_neurons), 2 * rng.randn(n_neurons, 2)


def make_generator(
    n_neurons: int,
    pattern: Callable,
    seconds: float,
    rng: np.random.RandomState,
    pes_rate: float = PES_RATE,
    rate: float = 0,
    delay: int = 0,
    **options: Any,
) -> nengo.Node:
    """Make a recurrent network that learns to generate a pattern.

    The encoders are the full matrix of recurrent weights. A clock, which is a sine and a cosine
    with a period of a second, drives the neurons through fixed weights.

    Parameters
    ----------
    n_neurons : int
    pattern : callable
        Takes the time in seconds.
    seconds : float
        The error is zero after this time.
    rng : numpy.random.RandomState
        Draws the initial weights and the biases.
    pes_rate : float, optional
        Learning rate of the decoders.
    rate : float, optional
        Learning rate of the recurrent weights, per second. Default: 0, without a rule.
    delay : int, optional
        Delay of the error at the recurrent weights, in milliseconds. Default: 0.
    **options
        Parameters of the `.FeedbackAlignment` rule of the recurrent weights.

    Returns
    -------
    output : nengo.Node
    """
    weights, bias, input_weights = draw_clocked_network(n_neurons, rng)
    hidden = nengo.Ensemble(
        n_neurons,
        n_neurons,
        encoders=weights,
        normalize_encoders=False,
        gain=np.ones(n_neurons),
        bias=bias,
    )
    clock = nengo.Node(lambda t: [np.sin(2 * np.pi * t), np.cos(2 * np.pi * t)])
    nengo.Connection(clock, hidden.neurons, transform=input_weights, synapse=None)
    # rates are in hertz; weights of the order of one need a factor of about 1/100
    recur = nengo.Connection(hidden.neurons, hidden, transform=0.01, synapse=TAU)
    output = nengo.Node(size_in=1, label="output")
    decode = nengo.Connection(
        hidden.neurons,
        output,
        transform=np.zeros((1, n_neurons)),
        synapse=TAU,
        learning_rule_type=nengo.PES(pes_rate, pre_synapse=TAU),
    )
    error = nengo.Node(
        lambda t, y: (y - pattern(t)) * (t <= seconds), size_in=1, label="error"
    )
    nengo.Connection(output, error, synapse=None)
    nengo.Connection(error, decode.learning_rule, synapse=None)
    if rate:
        recur.learning_rule_type = FeedbackAlignment(
            1, rate, normalization=None, **options
        )
        nengo.Connection(error, recur.learning_rule, synapse=make_delay(delay))
    return output


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about learned recurrent weights with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `RecurrentExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    best = [find_best_fixed(data, measure) for measure in MEASURES]
    fixed = [data["rmse"].sel(measure=m, condition=c) for m, c in zip(MEASURES, best)]
    data = data.assign(fixed=(("measure", "trial"), np.array(fixed)))
    each = cross("{condition}", condition=LEARNED, measure=["after"])
    late = cross("{measure}", measure=["after"])

    def at(condition):
        return "rmse", {"condition": condition}

    none, of_input, eligibility = map(at, LATE)
    return check_table(
        data,
        (
            Comparison(
                "After learning, learned recurrent weights have a smaller error than "
                "fixed weights with the best rate of PES",
                ("learned", "fixed"),
                each,
                "rmse",
                "fixed",
            ),
            Comparison(
                "During learning, learned recurrent weights have a smaller error than "
                "fixed weights with the best rate of PES",
                ("learned", "fixed"),
                cross("{condition}", condition=LEARNED, measure=["learning"]),
                "rmse",
                "fixed",
            ),
            Comparison(
                "The error with learned recurrent weights is larger after learning "
                "than during learning",
                ("during", "after"),
                cross("{condition}", condition=LEARNED),
                ("rmse", {"measure": "learning"}),
                ("rmse", {"measure": "after"}),
            ),
            Comparison(
                "If the error is late and there is no trace, learned recurrent "
                "weights have a larger error than fixed weights",
                ("fixed", "no trace"),
                late,
                "fixed",
                none,
            ),
            Comparison(
                "If the error is late and there is an eligibility trace, learned "
                "recurrent weights have a smaller error than fixed weights",
                ("trace", "fixed"),
                late,
                eligibility,
                "fixed",
            ),
            Comparison(
                "If the error is late, an eligibility trace leads to a smaller error "
                "than a trace of the input alone",
                ("eligibility", "input"),
                late,
                eligibility,
                of_input,
            ),
        ),
    )


def find_best_fixed(data, measure):
    """Return the condition with fixed weights that has the lowest median error."""
    median = data["rmse"].sel(measure=measure, condition=list(FIXED)).median("trial")
    return list(FIXED)[int(median.argmin("condition"))]


def report(data: xr.Dataset) -> str:
    """Return the median errors in all conditions as text.

    The errors are relative to the pattern, whose root mean square is one, at the end of
    learning and afterwards.
    """
    median = data["rmse"].median("trial")
    lines = [
        "Errors relative to the pattern, during and after learning (medians)",
        f"  {'':28}{'during':>10}{'after':>10}",
    ]
    for condition in data["condition"].values:
        learning, after = (
            float(median.sel(condition=condition, measure=m)) for m in MEASURES
        )
        lines.append(f"  {condition:28}{learning:10.3f}{after:10.3f}")
    return "\n".join(lines)
