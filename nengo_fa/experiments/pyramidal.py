"""Pyramidal neurons: how their compartments work, and learning from bursts."""

from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
import xarray as xr

from nengo_fa import equations
from nengo_fa.experiments.online import READOUT
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.in_seconds import InSeconds
from nengo_fa.experiments.sweep.trials import draw_seed, make_template
from nengo_fa.geometry import alignment_angle
from nengo_fa.networks import BurstMultiplication, Multiplication
from nengo_fa.pyramidal.burst_learning import BurstLearning
from nengo_fa.pyramidal.dendrites import ApicalDendrites
from nengo_fa.pyramidal.neurons import Pyramidal, PyramidalRate
from nengo_fa.rules.learning_rules import FeedbackAlignment

#: The rules for the encoders in `learn`.
RULES = ("fixed encoders", "burst learning", "feedback alignment")

#: Basal input above which neurons fire with any apical input, because it exceeds the
#: threshold of one sufficiently.
FIRING = 1.3

#: Constant basal inputs (the current J) and apical inputs in logits.
BASAL = np.linspace(0.5, 4, 29)
APICAL = np.linspace(-4, 4, 9)

#: Sizes of the feedback weights, in logits per unit of error, for angles of updates.
WEIGHTS = np.array([3.0, 30.0])

#: Number of time intervals in which an error is measured.
N_BINS = 20


@dataclass(frozen=True)
class PyramidalExperiment(InSeconds):
    """All measurements of pyramidal neurons, in several trials with different seeds.

    Parameters
    ----------
    n_trials : int
    seconds : int
        Simulated time for learning, and for averaging updates. In the results, seconds
        replace epochs.
    n_neurons : int
        Number of taught neurons.
    seed : int
    """

    n_trials: int = 7
    seconds: int = 40
    n_neurons: int = 50
    seed: int = 0

    name = "pyramidal"

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results, full of NaN."""
        coordinates = {
            "trial": range(self.n_trials),
            "apical": APICAL,
            "basal": BASAL,
            "weight": WEIGHTS,
            "averaging_time": get_averaging_times(self.seconds),
            "rule": RULES,
            "time": get_times(self.seconds),
        }
        variables = {
            "event_rate": (("trial", "apical", "basal"), {"units": "Hz"}),
            "burst_rate": (("trial", "apical", "basal"), {"units": "Hz"}),
            "angle": (("trial", "weight", "averaging_time"), {"units": "rad"}),
            "rmse": (("trial", "rule", "time"), {}),
        }
        title = "Pyramidal neurons that learn from bursts"
        return make_template(coordinates, variables, title)

    def run(self, trial: range) -> dict[str, np.ndarray]:
        """Run some trials, by their numbers."""
        trials = [self._run_trial(number) for number in trial]
        return {name: np.stack([one[name] for one in trials]) for name in trials[0]}

    def _run_trial(self, trial):
        seed, _ = draw_seed(self.seed, trial)
        responses = measure_responses(seconds=min(self.seconds, 5), seed=seed)
        options = {
            "n_neurons": self.n_neurons,
            "seconds": self.seconds,
            "seed": seed,
        }
        return {
            **dict(zip(("event_rate", "burst_rate"), responses)),
            "angle": measure_angles(**options),
            "rmse": learn(**options),
        }


def measure_responses(
    neuron_type: Pyramidal | PyramidalRate = Pyramidal(),
    seconds: float = 5.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Measure events and bursts of neurons at constant basal and apical inputs.

    Parameters
    ----------
    neuron_type : Pyramidal or PyramidalRate, optional
    seconds : float, optional
        Simulated time, after the first tenth of a second.
    seed : int, optional

    Returns
    -------
    event_rate, burst_rate : (n_apical, n_basal) ndarray
        In hertz, at the inputs ``APICAL`` and ``BASAL``.
    """
    with nengo.Network(seed=seed) as network:
        probes = []
        for value in APICAL:
            # the currents of the neurons are their biases
            ensemble = nengo.Ensemble(
                len(BASAL), 1, neuron_type=neuron_type, gain=np.ones(29), bias=BASAL
            )
            nengo.Connection(
                nengo.Node([value]),
                ApicalDendrites(ensemble),
                transform=np.ones((len(BASAL), 1)),
                synapse=None,
            )
            probes.append(
                [nengo.Probe(ensemble.neurons, name) for name in ("output", "bursts")]
            )
    with nengo.Simulator(network, progress_bar=False, optimize=False) as sim:
        sim.run(seconds + 0.1)
    start = round(0.1 / sim.dt)
    means = [
        [sim.data[probe][start:].mean(axis=0) for probe in pair] for pair in probes
    ]
    event_rate, burst_rate = np.swapaxes(means, 0, 1)
    return event_rate, burst_rate


def measure_angles(
    neuron_type: Pyramidal | PyramidalRate = Pyramidal(),
    n_neurons: int = 50,
    seconds: float = 40.0,
    seed: int = 0,
) -> np.ndarray:
    """Measure the angle between mean updates by bursts and by eq. 3, over some times.

    Encoders are constant. The output is zero, and its target is the product of the inputs. In
    eq. 3, the firing rate replaces f', and the update is averaged over the same inputs.

    Parameters
    ----------
    neuron_type : Pyramidal or PyramidalRate, optional
    n_neurons : int, optional
    seconds : float, optional
        Simulated time; the longest time for averages is half of it.
    seed : int, optional

    Returns
    -------
    angle : (n_weights, n_times) ndarray
        Angles in radians for feedback weights of the sizes `WEIGHTS`, averaged over the
        intervals of each length in `get_averaging_times`.
    """
    rng = np.random.RandomState([seed, 1])
    signs = rng.choice([-1.0, 1.0], size=(n_neurons, 1))
    with nengo.Network(seed=seed) as network:
        stimulus = nengo.Node(
            nengo.processes.WhiteSignal(seconds, high=2, rms=0.5, seed=seed), size_out=2
        )
        error = nengo.Node(lambda t, x: -x[0] * x[1], size_in=2)
        nengo.Connection(stimulus, error, synapse=None)
        inputs = nengo.Probe(stimulus)
        surprises = []
        for weight in WEIGHTS:
            ensemble = nengo.Ensemble(n_neurons, 2, neuron_type=neuron_type, seed=seed)
            rule = BurstLearning(learning_rate=0)
            encode = nengo.Connection(
                stimulus, ensemble, synapse=None, learning_rule_type=rule
            )
            nengo.Connection(
                error, ApicalDendrites(ensemble), transform=weight * signs, synapse=None
            )
            surprises.append(nengo.Probe(encode.learning_rule, "surprise"))
    with nengo.Simulator(network, progress_bar=False, optimize=False) as sim:
        sim.run(seconds)

    x, built = sim.data[inputs], sim.data[ensemble]
    rates = neuron_type.rates(x @ built.encoders.T, built.gain, built.bias)
    product = np.prod(x, axis=1, keepdims=True)
    expected = equations.aligned_error(-product, signs, rates)
    measured = [sim.data[surprise] for surprise in surprises]
    angles = []
    for time in get_averaging_times(seconds):
        n_steps = round(time / sim.dt)
        reference = _average(expected, x, n_steps)
        updates = [_average(delta, x, n_steps) for delta in measured]
        angles.append([alignment_angle(it, reference).mean() for it in updates])
    return np.transpose(angles)


def _average(delta, x, n_steps):
    """Return gradients in intervals of n_steps, (n_intervals, n_neurons, 2)."""
    n_stretches = len(x) // n_steps
    shape = n_stretches, n_steps, -1
    stretches = (
        values[: n_stretches * n_steps].reshape(shape) for values in (delta, x)
    )
    return np.array([equations.weight_gradient(*part) for part in zip(*stretches)])


def get_averaging_times(seconds: float) -> np.ndarray:
    """Return the times for averages of updates in seconds, up to half of all seconds."""
    return seconds / 2 ** np.arange(7, 0, -1)


def learn(n_neurons: int = 50, seconds: float = 40.0, seed: int = 0) -> np.ndarray:
    """Learn multiplication in spikes with fixed encoders, from bursts, and by eq. 3.

    Neurons, input and signs of the feedback weights are the same for all rules, and
    decoders learn by PES.

    Parameters
    ----------
    n_neurons : int, optional
    seconds : float, optional
        Simulated time.
    seed : int, optional

    Returns
    -------
    rmse : (n_rules, N_BINS) ndarray
        Errors for each of ``RULES``, in time intervals around `get_times`.
    """
    rng = np.random.RandomState([seed, 1])
    signs = rng.choice([-1.0, 1.0], size=(n_neurons, 1))
    with nengo.Network(seed=seed) as network:
        stimulus = nengo.Node(
            nengo.processes.WhiteSignal(seconds, high=2, rms=0.5, seed=seed), size_out=2
        )
        # the three networks differ only in the rule
        options: dict[str, Any] = {
            "n_neurons": n_neurons,
            "neuron_type": Pyramidal(),
            "seed": seed,
        }
        aligned = FeedbackAlignment(1, learning_rate=3.0, feedback=signs)
        products = [
            Multiplication(encoder_rule=None, **options),
            BurstMultiplication(feedback=30 * signs, **options),
            Multiplication(encoder_rule=aligned, **options),
        ]
        for product in products:
            nengo.Connection(stimulus, product.input, synapse=None)
        probes = [nengo.Probe(product.error, synapse=READOUT) for product in products]
    with nengo.Simulator(network, progress_bar=False, optimize=False) as sim:
        sim.run(seconds)
    squares = np.array([sim.data[probe][:, 0] ** 2 for probe in probes])
    bins = np.array_split(squares, N_BINS, axis=1)
    return np.sqrt([part.mean(axis=1) for part in bins]).T


def get_times(seconds: float) -> np.ndarray:
    """Return the middle of each time interval with an error, in seconds."""
    return (np.arange(N_BINS) + 0.5) * seconds / N_BINS


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about the neurons and burst learning with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `PyramidalExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    return check_table(_measure(data), _make_claims(data))


def _measure(data):
    """Return effects of the apical input, angles, and the error in the last quarter."""
    firing = data[["event_rate", "burst_rate"]].sel(basal=data["basal"] > FIRING)
    events, total = firing["event_rate"], firing.sum("basal")
    fraction = total["burst_rate"] / total["event_rate"]
    expected = xr.apply_ufunc(Pyramidal().burst_probabilities, data["apical"])
    off = np.abs(fraction - expected)
    last = data["time"] > data["time"].max() * 0.75
    return xr.Dataset(
        {
            "event_change": np.abs(events - events.sel(apical=0)).max("basal"),
            "fraction_off": off.max("apical"),
            "angle": data["angle"],
            "rmse": np.sqrt((data["rmse"] ** 2).where(last).mean("time")),
        }
    )


def _make_claims(data):
    """Return a table of claims about the neurons, at the coordinates of the data."""
    shortest, *_, longest = data["averaging_time"].values
    last_quarter = {"last quarter": {}}
    return (
        Comparison(
            "Apical input changes the event rate by less than 5 Hz, at any basal input "
            f"above {FIRING:g}",
            ("change (Hz)", "limit"),
            cross("apical input {apical:+g}", apical=data["apical"].values[[0, -1]]),
            "event_change",
            5,
        ),
        Comparison(
            "The fraction of events that are bursts differs from the sigmoid of the "
            "apical input by less than 0.05",
            ("difference", "limit"),
            {"all apical inputs": {}},
            "fraction_off",
            0.05,
        ),
        Comparison(
            "With small feedback weights, the angle between the update by bursts and "
            "the update of eq. 3 falls as more time is averaged (rad)",
            ("longest time", "shortest time"),
            cross("feedback weights {weight:g}", weight=[data["weight"].values.min()]),
            ("angle", {"averaging_time": longest}),
            ("angle", {"averaging_time": shortest}),
        ),
        Comparison(
            "Burst learning ends with a lower error than fixed encoders",
            ("bursts", "fixed"),
            last_quarter,
            ("rmse", {"rule": "burst learning"}),
            ("rmse", {"rule": "fixed encoders"}),
        ),
        Comparison(
            "Feedback alignment ends with a lower error than burst learning",
            ("alignment", "bursts"),
            last_quarter,
            ("rmse", {"rule": "feedback alignment"}),
            ("rmse", {"rule": "burst learning"}),
        ),
    )
