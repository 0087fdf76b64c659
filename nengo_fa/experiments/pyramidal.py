"""Pyramidal neurons: what their compartments do, and how they learn from bursts."""

import nengo
import numpy as np
import xarray as xr

from nengo_fa import equations
from nengo_fa.burst_learning import BurstLearning
from nengo_fa.experiments.claims import Claim, find_lower
from nengo_fa.experiments.online import READOUT
from nengo_fa.geometry import alignment_angle
from nengo_fa.learning_rules import FeedbackAlignment
from nengo_fa.networks import BurstMultiplication, Multiplication
from nengo_fa.neurons import Pyramidal
from nengo_fa.pyramidal import ApicalDendrites

#: How the encoders are taught, in `learn`.
RULES = ("fixed encoders", "burst learning", "feedback alignment")

#: Basal input above which neurons are far enough from the threshold of one to fire
#: whatever the apical input is.
FIRING = 1.3


def measure_responses(neuron_type=Pyramidal(), seconds=5.0, seed=0):
    """Events and bursts of neurons at held basal and apical inputs.

    Parameters
    ----------
    neuron_type : Pyramidal or PyramidalRate, optional
    seconds : float, optional
        Simulated time, after the first tenth of a second.
    seed : int, optional

    Returns
    -------
    data : xarray.Dataset
        ``event_rate`` and ``burst_rate`` (apical, basal) in hertz, over the apical input
        in logits and the basal input, the current J.
    """
    basal = np.linspace(0.5, 4, 29)
    apical = np.linspace(-4, 4, 9)
    with nengo.Network(seed=seed) as network:
        probes = []
        for value in apical:
            # the neurons have their currents as bias
            ensemble = nengo.Ensemble(
                len(basal), 1, neuron_type=neuron_type, gain=np.ones(29), bias=basal
            )
            nengo.Connection(
                nengo.Node([value]),
                ApicalDendrites(ensemble),
                transform=np.ones((len(basal), 1)),
                synapse=None,
            )
            probes.append(
                [nengo.Probe(ensemble.neurons, name) for name in ("output", "bursts")]
            )
    with nengo.Simulator(network, progress_bar=False, optimize=False) as sim:
        sim.run(seconds + 0.1)
    start = round(0.1 / sim.dt)
    rates = np.array(
        [[sim.data[probe][start:].mean(axis=0) for probe in pair] for pair in probes]
    )
    dims = "apical", "basal"
    return xr.Dataset(
        {
            "event_rate": (dims, rates[:, 0], {"units": "Hz"}),
            "burst_rate": (dims, rates[:, 1], {"units": "Hz"}),
        },
        coords={"apical": apical, "basal": basal},
    )


def measure_angles(neuron_type=Pyramidal(), n_neurons=50, seconds=40.0, seed=0):
    """Angle between the updates by bursts and by eq. 3, averaged over more and more time.

    Encoders stay as they are, and the error is that of an output of zero that should be
    the product of the inputs. In eq. 3 it is the firing rate that takes the place of f',
    and the same inputs are averaged over.

    Parameters
    ----------
    neuron_type : Pyramidal or PyramidalRate, optional
    n_neurons : int, optional
    seconds : float, optional
        Simulated time; the longest that is averaged over is half of it.
    seed : int, optional

    Returns
    -------
    data : xarray.Dataset
        ``angle`` (weight, averaging_time) in radians, the mean over the stretches of that
        length in seconds, for feedback weights of several sizes.
    """
    weights = np.array([3.0, 30.0])
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
        for weight in weights:
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

    times = seconds / 2 ** np.arange(7, 0, -1)
    angle = np.empty((len(weights), len(times)))
    for j, time in enumerate(times):
        n_steps = round(time / sim.dt)
        n_stretches = len(x) // n_steps
        used = slice(n_stretches * n_steps)

        def average(delta, shape=(n_stretches, n_steps), used=used):
            parts = zip(delta[used].reshape(*shape, -1), x[used].reshape(*shape, 2))
            return np.array([equations.weight_gradient(*part) for part in parts])

        reference = average(expected)
        for i, surprise in enumerate(surprises):
            update = average(sim.data[surprise])
            angle[i, j] = alignment_angle(update, reference).mean()
    return xr.Dataset(
        {"angle": (("weight", "averaging_time"), angle, {"units": "rad"})},
        coords={"weight": weights, "averaging_time": times},
    )


def learn(n_neurons=50, seconds=40.0, seed=0, progress_bar=False):
    """Multiplication learned in spikes: encoders fixed, taught by bursts, and by eq. 3.

    Neurons, input and signs of the feedback weights are the same for all rules, and
    decoders are learned by PES.

    Parameters
    ----------
    n_neurons : int, optional
    seconds : float, optional
        Simulated time.
    seed : int, optional
    progress_bar : bool, optional
        Whether to show Nengo's progress bar.

    Returns
    -------
    data : xarray.Dataset
        ``rmse`` (rule, time) in bins of time, in seconds.
    """
    rng = np.random.RandomState([seed, 1])
    signs = rng.choice([-1.0, 1.0], size=(n_neurons, 1))
    with nengo.Network(seed=seed) as network:
        stimulus = nengo.Node(
            nengo.processes.WhiteSignal(seconds, high=2, rms=0.5, seed=seed), size_out=2
        )
        # what the three differ in is the rule alone
        options = {"n_neurons": n_neurons, "neuron_type": Pyramidal(), "seed": seed}
        aligned = FeedbackAlignment(1, learning_rate=3.0, feedback=signs)
        products = [
            Multiplication(encoder_rule=None, **options),
            BurstMultiplication(feedback=30 * signs, **options),
            Multiplication(encoder_rule=aligned, **options),
        ]
        for product in products:
            nengo.Connection(stimulus, product.input, synapse=None)
        probes = [nengo.Probe(product.error, synapse=READOUT) for product in products]
    with nengo.Simulator(network, optimize=False, progress_bar=progress_bar) as sim:
        sim.run(seconds, progress_bar=progress_bar)

    n_bins = 20
    squares = np.array([sim.data[probe][:, 0] ** 2 for probe in probes])
    bins = np.array_split(squares, n_bins, axis=1)
    rmse = np.sqrt([part.mean(axis=1) for part in bins]).T
    return xr.Dataset(
        {"rmse": (("rule", "time"), rmse)},
        coords={
            "rule": list(RULES),
            "time": (np.arange(n_bins) + 0.5) * seconds / n_bins,
        },
    )


def run(n_trials=7, seconds=40.0, seed=0, progress_bar=True):
    """All measurements, in several trials with seeds of their own.

    Parameters
    ----------
    n_trials : int, optional
    seconds : float, optional
        Simulated time to learn in, and to average updates over; 2 at least.
    seed : int, optional
        Of all trials.
    progress_bar : bool, optional
        Whether to show Nengo's progress bar.

    Returns
    -------
    data : xarray.Dataset
        That of `measure_responses`, `measure_angles` and `learn`, with another dimension,
        ``trial``.
    """
    seeds = np.random.RandomState(seed).randint(np.iinfo(np.int32).max, size=n_trials)
    trials = []
    for trial_seed in seeds.tolist():
        parts = [
            measure_responses(seconds=min(seconds, 5.0), seed=trial_seed),
            measure_angles(seconds=seconds, seed=trial_seed),
            learn(seconds=seconds, seed=trial_seed, progress_bar=progress_bar),
        ]
        trials.append(xr.merge(parts))
    return xr.concat(trials, "trial")


def check_claims(data):
    """What is said of the neurons and of burst learning, held against the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `run`.

    Returns
    -------
    claims : list of nengo_fa.experiments.claims.Claim
    """
    firing = data[["event_rate", "burst_rate"]].sel(basal=data["basal"] > FIRING)
    events = firing["event_rate"]
    total = firing.sum("basal")
    fraction = total["burst_rate"] / total["event_rate"]
    off = np.abs(fraction - Pyramidal().burst_probabilities(data["apical"]))
    weight = data["weight"].values.min()
    angle = data["angle"].sel(weight=weight).transpose("trial", ...).values
    ones = np.ones(data.sizes["trial"])

    def get_most(change, dims):
        return np.abs(change).max(dims).transpose("trial").values

    last = data["time"] > data["time"].max() * 0.75
    final = np.sqrt((data["rmse"] ** 2).where(last).mean("time"))
    fixed, bursts, aligned = (
        final.sel(rule=rule).transpose("trial").values for rule in RULES
    )
    return [
        Claim(
            "Apical input changes the event rate by less than 5 Hz, at any basal input "
            f"above {FIRING:g}",
            ("most (Hz)", "limit"),
            tuple(
                find_lower(
                    f"apical input {value:+g}",
                    get_most(events.sel(apical=value) - events.sel(apical=0), "basal"),
                    5 * ones,
                )
                for value in data["apical"].values[[0, -1]]
            ),
        ),
        Claim(
            "The fraction of events that are bursts follows the sigmoid of the apical "
            "input, within 0.05",
            ("most", "limit"),
            (find_lower("all apical inputs", get_most(off, "apical"), 0.05 * ones),),
        ),
        Claim(
            "For small feedback weights, the angle between the update by bursts and that of "
            "eq. 3 falls as more time is averaged: angle (rad)",
            ("longest", "shortest"),
            (find_lower(f"feedback weights {weight:g}", angle[:, -1], angle[:, 0]),),
        ),
        Claim(
            "Burst learning ends with a lower error than fixed encoders",
            ("bursts", "fixed"),
            (find_lower("last quarter", bursts, fixed),),
        ),
        Claim(
            "Feedback alignment ends with a lower error than burst learning",
            ("Feedback al.", "bursts"),
            (find_lower("last quarter", aligned, bursts),),
        ),
    ]
