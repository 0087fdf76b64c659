"""Feedback alignment compared with Hebbian rules, with the same two-dimensional inputs."""

from dataclasses import dataclass, replace

import nengo
import numpy as np
import xarray as xr

from nengo_fa.experiments.fixed_points import (
    WEIGHTS,
    find_fixed_points,
    find_principal_angle,
    get_distance,
)
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.in_seconds import InSeconds
from nengo_fa.experiments.sweep.trials import make_template
from nengo_fa.rules.derivatives import Derivative, Step
from nengo_fa.rules.learning_rules import FeedbackAlignment

#: Factors on the learning rate, so that rules learn directions at similar speeds.
SPEED = {
    "constant error": 1.0,
    "activity as gate": 4.0,
    "Oja": 4.0,
    "Voja": 4.0,
    "feedback alignment": 10.0,
}

#: Largest number of directions at which a rule may come to rest.
N_POINTS = 8

DT = 0.001


def draw_gaussian(n_samples, rng):
    """Draw inputs with zero mean and different variances in two directions."""
    turn = _rotate(np.deg2rad(30))
    return (rng.randn(n_samples, 2) * [0.6, 0.25]) @ turn.T


def draw_clusters(n_samples, rng):
    """Draw inputs with zero mean in three clusters, two of which are small and far away."""
    centers = np.array([[1.2, 0.3], [-0.3, 1.0], [-0.37, -0.43]])
    cluster = rng.choice(3, size=n_samples, p=[0.2, 0.2, 0.6])
    return (
        centers[cluster] + 0.12 * rng.randn(n_samples, 2) - [0.2 * 0.9 - 0.222, 0.002]
    )


INPUTS = {"Gaussian": draw_gaussian, "clusters": draw_clusters}


class Activity(Derivative):
    """The output of the neuron, instead of its derivative."""

    signal = "output"

    def make_step(self, neuron_type, signal, out):
        def step():
            out[...] = signal

        return step


class Linear(nengo.RectifiedLinear):
    """Neurons whose output is their current, to pass on inputs of either sign."""

    negative = True

    def step(self, dt, J, output):
        output[...] = self.amplitude * J


#: For rules with a normalization of this package: the derivative, the normalization, and
#: the error as a function of the input.
TEACHERS = {
    "constant error": (Step(), "homeostatic", lambda t, x: -1.0),
    "activity as gate": (Activity(), "homeostatic", lambda t, x: -1.0),
    # the error of an output of zero is minus the target
    "feedback alignment": (Step(), "stabilized", lambda t, x: -x[0] * x[1]),
}


@dataclass(frozen=True)
class HebbianExperiment(InSeconds):
    """Preferred directions over time, with five rules and two distributions of inputs.

    Rectified linear neurons with a gain of one and a threshold of zero receive a new input in
    each time step. In each trial, inputs and initial directions are the same for all rules.

    Parameters
    ----------
    n_trials : int
    seconds : int
        Simulated time.
    learning_rate : float
        Per second; see ``SPEED``.
    n_neurons : int
        Number of neurons for each rule.
    seed : int
    """

    n_trials: int = 7
    seconds: int = 8
    learning_rate: float = 4.0
    n_neurons: int = 16
    seed: int = 0

    name = "hebbian"

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results, full of NaN."""
        coordinates = {
            "inputs": list(INPUTS),
            "rule": list(WEIGHTS),
            "trial": range(self.n_trials),
            "time": np.arange(10 * self.seconds + 1) / 10,  # in seconds
            "neuron": range(self.n_neurons),
            "point": range(N_POINTS),
        }
        variables = {
            "angle": (
                ("inputs", "rule", "trial", "time", "neuron"),
                {"long_name": "angle of the preferred direction"},
            ),
            "fixed_point": (
                ("inputs", "rule", "trial", "point"),
                {
                    "long_name": "angle at which a rule comes to rest; infinite if there "
                    "are no more"
                },
            ),
            "principal": (
                ("inputs", "trial"),
                {
                    "long_name": "angle of the principal eigenvector of the second "
                    "moments of x"
                },
            ),
        }
        for _, attributes in variables.values():
            attributes["units"] = "rad"
        title = "Feedback alignment and Hebbian rules on the same inputs"
        return make_template(coordinates, variables, title)

    def run(self, trial: range) -> dict:
        """Run some trials, by their numbers."""
        template = replace(self, n_trials=len(trial)).make_template()
        for name, draw in INPUTS.items():
            for k, number in enumerate(trial):
                place = {"inputs": name, "trial": k}
                rng = np.random.RandomState([self.seed, number])
                x = draw(round(self.seconds / DT), rng)
                start = rng.uniform(-np.pi, np.pi, size=self.n_neurons)
                template["principal"].loc[place] = find_principal_angle(x)
                for rule, angles in self._simulate(x, start).items():
                    template["angle"].loc[{**place, "rule": rule}] = angles
                    points = np.full(N_POINTS, np.inf)
                    found = find_fixed_points(rule, x)[:N_POINTS]
                    points[: len(found)] = found
                    template["fixed_point"].loc[{**place, "rule": rule}] = points
        return {name: data.values for name, data in template.data_vars.items()}

    def _simulate(self, x, start):
        """Return the angles of directions over time, (n_times, n_neurons), by rule."""
        encoders = np.stack([np.cos(start), np.sin(start)], axis=1)
        with nengo.Network(seed=0) as model:
            stimulus = nengo.Node(nengo.processes.PresentInput(x, DT))
            ensembles = {name: self._make_ensemble(encoders) for name in SPEED}
            sources = {}
            for name in TEACHERS:
                sources[name] = self._teach(name, stimulus, ensembles[name])
            sources["Voja"] = self._connect_voja(stimulus, ensembles["Voja"])
            sources["Oja"] = self._connect_oja(stimulus, ensembles["Oja"])
            probes = {
                name: nengo.Probe(*source, sample_every=0.1)
                for name, source in sources.items()
            }
        with nengo.Simulator(model, DT, optimize=False, progress_bar=False) as sim:
            sim.run(self.seconds)
        angles = {}
        for name, probe in probes.items():
            directions = np.concatenate([encoders[np.newaxis], sim.data[probe]])
            angles[name] = np.arctan2(directions[..., 1], directions[..., 0])
        return angles

    def _teach(self, name, stimulus, ensemble):
        """Teach an ensemble by a rule; return the object to probe for its encoders."""
        derivative, normalization, error = TEACHERS[name]
        rule = FeedbackAlignment(
            1,
            self._get_rate(name),
            feedback=np.ones((self.n_neurons, 1)),
            derivative=derivative,
            normalization=normalization,
        )
        encode = nengo.Connection(
            stimulus, ensemble, synapse=None, learning_rule_type=rule
        )
        teacher = nengo.Node(error, size_in=2)
        nengo.Connection(stimulus, teacher, synapse=None)
        nengo.Connection(teacher, encode.learning_rule, synapse=None)
        return encode.learning_rule, "scaled_encoders"

    def _connect_voja(self, stimulus, ensemble):
        voja = nengo.Voja(learning_rate=self._get_rate("Voja"), post_synapse=None)
        encode = nengo.Connection(
            stimulus, ensemble, synapse=None, learning_rule_type=voja
        )
        return encode.learning_rule, "scaled_encoders"

    def _connect_oja(self, stimulus, ensemble):
        # Oja's rule applies to synapses between neurons
        before = self._make_ensemble(np.eye(2), neuron_type=Linear())
        nengo.Connection(stimulus, before.neurons, synapse=None)
        synapses = nengo.Connection(
            before.neurons,
            ensemble.neurons,
            transform=ensemble.encoders,
            synapse=None,
            learning_rule_type=nengo.Oja(self._get_rate("Oja"), pre_synapse=None),
        )
        return synapses, "weights"

    def _get_rate(self, name):
        return SPEED[name] * self.learning_rate

    def _make_ensemble(self, encoders, neuron_type=nengo.RectifiedLinear()):
        n_neurons = len(encoders)
        return nengo.Ensemble(
            n_neurons,
            2,
            encoders=encoders,
            gain=np.ones(n_neurons),
            bias=np.zeros(n_neurons),
            neuron_type=neuron_type,
        )


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about where directions come to rest with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `HebbianExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    inputs, rules = data["inputs"].values, data["rule"].values
    return check_table(_measure(data), _make_claims(inputs, rules))


def _measure(data):
    """Return mean distances of initial and final directions from points."""
    start, end = (data["angle"].isel(time=i, drop=True) for i in (0, -1))
    points = data["fixed_point"]
    return xr.Dataset(
        {
            "start": _find_distance(start, points),
            "end": _find_distance(end, points),
            "from_other": _find_distance(end, points.rename(rule="other")),
            "from_principal": _find_distance(
                end, data["principal"].expand_dims("point", axis=-1), np.pi
            ),
        }
    )


def _find_distance(angle, points, period=2 * np.pi):
    """Return the mean distance, over neurons, to the nearest of several points."""
    distance = xr.apply_ufunc(
        get_distance,
        angle,
        points,
        period,
        input_core_dims=[["neuron"], ["point"], []],
        output_core_dims=[["neuron"]],
    )
    return distance.reduce(np.mean, "neuron")


def _make_claims(inputs, rules):
    """Return a table of claims about these inputs and rules."""
    everywhere = cross("{inputs}, {rule}", inputs=inputs, rule=rules)
    gate, constant = "activity as gate", "constant error"
    return (
        Comparison(
            "Preferred directions end within 0.1 rad of the predicted directions: "
            "mean distance (rad)",
            ("distance", "limit"),
            everywhere,
            "end",
            0.1,
        ),
        Comparison(
            "Preferred directions are closer to the predicted directions at the end "
            "than at the start: mean distance (rad)",
            ("end", "start"),
            everywhere,
            "end",
            "start",
        ),
        Comparison(
            "With Gaussian inputs, preferred directions end within 0.1 rad of the "
            "principal component of the inputs",
            ("distance", "limit"),
            cross("{rule}", inputs=["Gaussian"], rule=rules[:4]),
            "from_principal",
            0.1,
        ),
        Comparison(
            "With clusters, preferred directions end more than 0.1 rad away from the "
            "principal component of the inputs",
            ("limit", "distance"),
            cross("{rule}", inputs=["clusters"], rule=rules[:4]),
            0.1,
            "from_principal",
        ),
        Comparison(
            "With clusters, a constant error leads to other directions than the "
            "activity as a gate: distance from the predicted directions of each rule "
            "(rad)",
            ("own rule", "other rule"),
            {
                f"{rule}, not {other}": {
                    "inputs": "clusters",
                    "rule": rule,
                    "other": other,
                }
                for rule, other in ((constant, gate), (gate, constant))
            },
            "end",
            "from_other",
        ),
    )


def _rotate(angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])
