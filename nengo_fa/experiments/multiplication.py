"""The paper's first experiment: multiplication, with six rules for the encoders."""

from dataclasses import dataclass, replace

import nengo
import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError

from nengo_fa.experiments.sweep.claims import (
    Claim,
    Comparison,
    check_table,
    count_epochs_to,
)
from nengo_fa.experiments.sweep.conditions import (
    EACH_NORMALIZATION,
    EACH_RULE,
    NORMALIZATIONS,
    NORMALIZED,
    RULES,
    make_coordinates,
    make_rule,
)
from nengo_fa.experiments.sweep.first_turn import SixConditions, split_samples
from nengo_fa.experiments.sweep.parameter_checks import check_counts
from nengo_fa.experiments.sweep.trials import draw_seed, hide_nan, make_template
from nengo_fa.geometry import angle_to_axes
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path

NEURONS = {"rate": nengo.LIFRate, "spiking": nengo.LIF}

VARIABLES = {
    "rmse": {"long_name": "root mean square error of the product", "units": "1"},
    "angle": {
        "long_name": "mean angle between an encoder and the nearest diagonal",
        "units": "rad",
    },
    "encoder_length": {"long_name": "mean length of the encoders", "units": "1"},
}


@dataclass(frozen=True)
class MultiplicationExperiment(SixConditions):
    """Encoders of a hidden layer learn to multiply, with each of six rules.

    In each trial, the neurons, their feedback weights and the samples are the same for
    all rules, and differ between trials.

    Parameters
    ----------
    neurons : {"rate", "spiking"}
        Rates of LIF neurons, or their spikes, measured in each epoch.
    n_trials : int
    epochs : int
    learning_rate : float
        Learning rate of both rules with all three normalizations, per update.
    turn : float or dict, optional
        As for `nengo_fa.train`, instead of the learning rate: the same turn for all six
        rules, or one for each rule, ``turn[rule][normalization]``. In each trial, each rule
        has the learning rate with which its first update makes this turn.
    held_out : float
        Fraction of the samples of a trial that is held out. If it is not zero, the error is
        measured with the held-out samples.
    n_neurons : int
    n_samples : int
        Number of inputs, from the disc of radius one.
    presentation_time : float
        Time for which spiking neurons see each sample, in seconds.
    seed : int
    chunk_size : int
        Number of trials that are run and stored together.
    """

    neurons: str = "rate"
    n_trials: int = 200
    epochs: int = 100
    learning_rate: float = 10.0
    turn: object = None
    held_out: float = 0.0
    n_neurons: int = 20
    n_samples: int = 1000
    presentation_time: float = 0.2
    seed: int = 0
    chunk_size: int = 10

    name = "multiplication"
    chosen_by = "rmse"

    def __post_init__(self):
        if self.neurons not in NEURONS:
            raise ValidationError(
                f"Must be 'rate' or 'spiking' (got {self.neurons!r})", attr="neurons"
            )
        check_counts(self, "n_trials", "epochs", "n_neurons", "n_samples", "chunk_size")
        self._check_rates()

    @property
    def measured_for(self) -> float | None:
        """Time for which activities are measured, in seconds; None for rates."""
        return self.presentation_time if self.neurons == "spiking" else None

    @property
    def chunks(self) -> dict[str, int]:
        """Numbers of trials that are run and stored together."""
        return {"trial": self.chunk_size}

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results, full of NaN."""
        coordinates = make_coordinates(self.n_trials, self.epochs)
        variables = {name: (list(coordinates), its) for name, its in VARIABLES.items()}
        title = "Multiplication, with encoders learned offline"
        return make_template(coordinates, variables, title)

    def run(self, trial: range) -> dict[str, np.ndarray]:
        """Run some trials."""
        # Rates of all trials are computed side by side; spikes are computed per trial.
        groups = [trial] if self.neurons == "rate" else [[i] for i in trial]
        parts = [self._run_group([self.declare(i) for i in group]) for group in groups]
        results = {
            name: np.concatenate([part[name] for part in parts], axis=2)
            for name in VARIABLES
        }
        return hide_nan(results)

    def declare(
        self,
        trial: int,
        rule: str = "FeedbackAlignment",
        normalization: str = "none",
    ) -> "Trial":
        """Declare the network and the samples of a trial, as for `nengo_fa.train`.

        Returns
        -------
        trial : Trial
        """
        seed, rng = draw_seed(self.seed, trial)
        x = nengo.dists.UniformHypersphere().sample(self.n_samples, 2, rng=rng)
        with nengo.Network(seed=seed) as network:
            stimulus = nengo.Node(size_in=2)
            hidden = nengo.Ensemble(
                self.n_neurons,
                2,
                # activities are of the order of one, so that the same rate suits both rules
                neuron_type=NEURONS[self.neurons](amplitude=1 / 75),
                max_rates=nengo.dists.Uniform(50, 100),
                intercepts=nengo.dists.Uniform(-0.95, 0.95),
            )
            output = nengo.Node(size_in=1)
            encode = nengo.Connection(stimulus, hidden, synapse=None)
            decode = nengo.Connection(hidden, output, function=lambda x: x[0] * x[1])
            encode.learning_rule_type = make_rule(
                rule, normalization, decode, learning_rate=self.learning_rate
            )
        return Trial(network, decode, x, np.prod(x, axis=1, keepdims=True), seed)

    def _run_group(self, group):
        # networks are built once, because all rules share neurons and feedback weights
        paths = [find_path(trial.decode, trial.network) for trial in group]
        shape = len(RULES), len(NORMALIZATIONS), len(group), self.epochs + 1
        results = {name: np.empty(shape) for name in VARIABLES}
        for index in np.ndindex(shape[:2]):
            names = RULES[index[0]], NORMALIZATIONS[index[1]]
            rule = make_rule(*names, paths[0].decode, learning_rate=self.learning_rate)
            with_rule = []
            for path in paths:
                (stage,) = path.stages
                feedback = None if names[0] == "Backprop" else stage.feedback
                stage = replace(stage, rule=rule, feedback=feedback)
                with_rule.append(replace(path, stages=(stage,)))
            rmse, encoders = self._train(group, with_rule, self.get_turn(*names))
            results["rmse"][index] = rmse.T
            results["angle"][index] = angle_to_axes(encoders).mean(axis=-1).T
            lengths = np.linalg.norm(encoders, axis=-1)
            results["encoder_length"][index] = lengths.mean(axis=-1).T
        return results

    def _train(self, group, paths, turn):
        """Return the error, (epochs + 1, n_trials), and encoders after each epoch."""
        learned, held_out = zip(*(self._split(trial) for trial in group))
        trainer = Trainer(
            paths,
            *zip(*learned),
            presentation_time=self.measured_for,
            rng=np.random.RandomState(group[0].seed),
            turn=turn,
        )
        if self.held_out:
            test_rng = np.random.RandomState([group[0].seed, 1])
            test = trainer.make_test(*zip(*held_out), test_rng)
        (layer,) = trainer.chain.layers
        rmse = np.empty((self.epochs + 1, len(group)))
        encoders = np.empty((self.epochs + 1, *layer.encoders.shape))
        for epoch, errors in trainer.run(self.epochs):
            rmse[epoch] = test.test() if self.held_out else errors
            encoders[epoch] = layer.encoders
        return rmse, encoders

    def _split(self, trial):
        """Return the training samples and the held-out samples."""
        if not self.held_out:
            return (trial.x, trial.y), None
        rng = np.random.RandomState([trial.seed, 2])
        places = split_samples(self.n_samples, self.held_out, rng)
        return tuple((trial.x[chosen], trial.y[chosen]) for chosen in places)


@dataclass(frozen=True)
class Trial:
    """The network and the samples of a trial.

    Attributes
    ----------
    network : nengo.Network
    decode : nengo.Connection
        The connection to be trained.
    x : (n_samples, 2) ndarray
        Pairs of numbers.
    y : (n_samples, 1) ndarray
        Their products.
    seed : int
        Seed of the network and of spikes.
    """

    network: nengo.Network
    decode: nengo.Connection
    x: np.ndarray
    y: np.ndarray
    seed: int


#: Claims of the paper about this experiment, with the variables of ``_measure``.
CLAIMS = (
    Comparison(
        "Backpropagation ends with a lower error than feedback alignment",
        ("backprop", "alignment"),
        EACH_NORMALIZATION,
        ("rmse", {"rule": "Backprop"}),
        ("rmse", {"rule": "FeedbackAlignment"}),
    ),
    Comparison(
        "Learning with normalization ends with a lower error than learning without",
        ("normalized", "unnormalized"),
        NORMALIZED,
        "rmse",
        ("rmse", {"normalization": "none"}),
    ),
    Comparison(
        "Learning with normalization is faster: epochs until half of the largest gain",
        ("normalized", "unnormalized"),
        NORMALIZED,
        "epochs",
        ("epochs", {"normalization": "none"}),
    ),
    Comparison(
        "The augmented gradient and forced normalization end with the same error, "
        "within 1 %",
        ("augmented", "forced"),
        EACH_RULE,
        ("rmse", {"normalization": "augmented"}),
        ("rmse", {"normalization": "forced"}),
        margin=0.01,
    ),
    Comparison(
        "The augmented gradient keeps the mean length of encoders within 5 % of one",
        ("length", "one"),
        EACH_RULE,
        ("encoder_length", {"normalization": "augmented"}),
        1,
        margin=0.05,
    ),
    Comparison(
        "Without normalization, encoders become longer than one",
        ("one", "length"),
        EACH_RULE,
        1,
        ("encoder_length", {"normalization": "none"}),
    ),
    Comparison(
        "Feedback alignment turns encoders to the diagonals faster than "
        "backpropagation: mean angle over all epochs (rad)",
        ("alignment", "backprop"),
        EACH_NORMALIZATION,
        ("mean_angle", {"rule": "FeedbackAlignment"}),
        ("mean_angle", {"rule": "Backprop"}),
    ),
)


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test the claims of the paper about this experiment with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `MultiplicationExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    return check_table(_measure(data), CLAIMS)


def _measure(data):
    """Return the final results, and measures of the course of learning."""
    final = data.isel(epoch=-1)
    # half of the gain with the best of the three normalizations, in the same trial
    start = data["rmse"].isel(epoch=0).sel(normalization="none")
    level = (start + final["rmse"].reduce(np.min, "normalization")) / 2
    epochs = xr.apply_ufunc(
        count_epochs_to, data["rmse"], level, input_core_dims=[["epoch"], []]
    )
    mean_angle = data["angle"].reduce(np.mean, "epoch")
    return final.assign(epochs=epochs, mean_angle=mean_angle)
