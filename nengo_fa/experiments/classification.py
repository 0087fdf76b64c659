"""The paper's second experiment: MNIST, or other labelled samples, with six rules."""

from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import nengo
import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError
from nengo.rc import rc

from nengo_fa import datasets
from nengo_fa.datasets.dataset import Dataset
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.conditions import (
    EACH_NORMALIZATION,
    NORMALIZATIONS,
    NORMALIZED,
    RULES,
    make_coordinates,
    make_rule,
)
from nengo_fa.experiments.sweep.first_turn import SixConditions, split_samples
from nengo_fa.experiments.sweep.parameter_checks import check_choice, check_counts
from nengo_fa.experiments.sweep.trials import draw_seed, hide_diverged, make_template
from nengo_fa.networks import Classifier, receptive_fields
from nengo_fa.offline.devices import Device, to_numpy
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.learning_rules import FeedbackAlignment

NEURONS = {
    "rate": nengo.LIFRate,
    "spiking": nengo.LIF,
    "relu": nengo.RectifiedLinear,
}

VARIABLES = {
    "rmse": {"long_name": "root mean square error of the outputs", "units": "1"},
    "test_error": {
        "long_name": "fraction of the test samples that are misclassified",
        "units": "1",
    },
    "encoder_length": {"long_name": "mean length of the encoders", "units": "1"},
}

BASELINES = {
    "baseline_rmse": {
        "long_name": "root mean square error with well-chosen encoders that do not learn",
        "units": "1",
    },
    "baseline_error": {
        "long_name": "fraction of the test samples that are misclassified with "
        "well-chosen encoders that do not learn",
        "units": "1",
    },
}


def _get_half(image_shape):
    return max(1, min(image_shape) // 2)


#: Functions for initial encoders by name. Each takes the number of neurons, the dataset and
#: a random state.
ENCODERS = {
    "sphere": lambda n_neurons, data, rng: nengo.dists.UniformHypersphere(
        surface=True
    ).sample(n_neurons, data.x_train.shape[1], rng=rng),
    "gabor": lambda n_neurons, data, rng: receptive_fields.gabor(
        n_neurons, data.image_shape, rng, size=_get_half(data.image_shape)
    ),
    "patches": lambda n_neurons, data, rng: receptive_fields.patches(
        n_neurons, data.image_shape, rng, size=_get_half(data.image_shape)
    ),
    "differences": lambda n_neurons, data, rng: receptive_fields.differences(
        n_neurons, data.x_train, data.labels_train, rng
    ),
}

#: Encoders that need images, and stay within a part of them.
IMAGES_ONLY = ("gabor", "patches")


@dataclass(frozen=True)
class ClassificationExperiment(SixConditions):
    """Encoders of a hidden layer learn to classify, with each of six rules.

    In each trial, the neurons, their feedback weights and the batches are the same for
    all rules, and differ between trials. The samples are always the same. Each trial also
    has a baseline: the same number of neurons with well-chosen encoders that do not learn.

    Parameters
    ----------
    dataset : str
        As for `nengo_fa.datasets.load`.
    neurons : {"rate", "spiking", "relu"}
        Rates of LIF neurons, their spikes, measured in each epoch, or rectified linear
        neurons.
    encoders : {"sphere", "gabor", "patches", "differences"}
        Initial encoders: uniform on the sphere, which is Nengo's default, or those of
        `nengo_fa.receptive_fields`, of which the first two stay sparse during learning.
    baseline : {"sphere", "gabor", "patches", "differences"}
        The encoders of the baseline.
    n_trials : int
        Results of a trial do not depend on this number.
    epochs : int
    learning_rate : float
        Learning rate of both rules with all three normalizations, per update.
    turn : float or dict, optional
        As for `nengo_fa.train`, instead of the learning rate: the same turn for all six
        rules, or one for each rule, ``turn[rule][normalization]``.
    held_out : float
        Fraction of the training samples that is held out. If it is not zero, the held-out
        samples replace the test samples, which are then not used.
    n_neurons : int
    n_batches : int
        Number of batches in an epoch, with as many updates. For MNIST, twelve are the
        paper's batches of 5000.
    presentation_time : float
        Time for which spiking neurons see each sample, in seconds.
    device : str
        Device to compute on, as for `nengo_fa.train`.
    seed : int
    """

    dataset: str = "mnist"
    neurons: str = "rate"
    encoders: str = "sphere"
    baseline: str = "gabor"
    n_trials: int = 16
    epochs: int = 100
    learning_rate: float = 5.0
    turn: object = None
    held_out: float = 0.0
    n_neurons: int = 200
    n_batches: int = 12
    presentation_time: float = 0.1
    device: str = "cpu"
    seed: int = 0

    name = "classification"
    chosen_by = "test_error"

    def __post_init__(self):
        check_choice("neurons", self.neurons, NEURONS)
        check_choice("encoders", self.encoders, ENCODERS)
        check_choice("baseline", self.baseline, ENCODERS)
        check_counts(self, "n_trials", "epochs", "n_neurons", "n_batches")
        self._check_rates()
        data = load_centered(self.dataset)
        for name in ("encoders", "baseline"):
            if getattr(self, name) in IMAGES_ONLY:
                self._check_images(name, data.image_shape)
        n_samples = len(self._data.x_train)
        if n_samples < max(self.n_neurons, self.n_batches):
            raise ValidationError(
                f"There are too few samples, {n_samples}, for {self.n_neurons} neurons "
                f"and {self.n_batches} batches",
                attr="dataset",
            )
        if self.neurons == "spiking" and self.device != "cpu":
            raise ValidationError(
                "Nengo computes spikes with NumPy. Use 'cpu', or rates.",
                attr="device",
            )
        Device(self.device)

    def _check_images(self, name, image_shape):
        """Refuse encoders that need images or nengo_extras, if these are missing."""
        if image_shape is None:
            raise ValidationError(
                f"{getattr(self, name)!r} needs images, but {self.dataset} has none. "
                "Use 'differences'.",
                attr=name,
            )
        if find_spec("nengo_extras") is None:
            raise ValidationError(
                f"{getattr(self, name)!r} needs nengo_extras. Install it with "
                "pip install nengo-extras, or use 'differences'.",
                attr=name,
            )

    @property
    def chunks(self) -> dict[str, int]:
        """One rule and normalization in one trial is a part."""
        return {"trial": 1, "rule": 1, "normalization": 1}

    @property
    def configuration(self) -> dict[str, Any]:
        """All parameters of a trial, for the attributes of the results."""
        data = load_centered(self.dataset)
        # for a file, its content instead of its path
        identity = {"dataset": data.name, "digest": data.digest}
        return {**super().configuration, **identity}

    @property
    def _data(self):
        return _load_split(self.dataset, self.held_out)

    @property
    def batch_size(self) -> int:
        """Number of samples for each update of the encoders; the last has fewer."""
        return -(-len(self._data.x_train) // self.n_batches)

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results of all trials, full of NaN."""
        coordinates = make_coordinates(self.n_trials, self.epochs)
        variables = {
            **{name: (list(coordinates), its) for name, its in VARIABLES.items()},
            **{name: (["trial"], its) for name, its in BASELINES.items()},
        }
        title = f"Classification of {self.dataset}, with encoders learned offline"
        return make_template(coordinates, variables, title)

    def run(
        self, rule: range, normalization: range, trial: range
    ) -> dict[str, np.ndarray]:
        """Run some rules and normalizations, by their numbers, in some trials."""
        shape = len(rule), len(normalization), len(trial)
        results = {name: np.empty((*shape, self.epochs + 1)) for name in VARIABLES}
        for i, j, k in np.ndindex(shape):
            network = self.declare(
                trial[k], RULES[rule[i]], NORMALIZATIONS[normalization[j]]
            )
            turn = self.get_turn(RULES[rule[i]], NORMALIZATIONS[normalization[j]])
            for name, values in self._train(network, turn).items():
                results[name][i, j, k] = values
        baselines = [self._run_baseline(number) for number in trial]
        for name, values in zip(BASELINES, np.transpose(baselines)):
            results[name] = values
        return results

    def declare(
        self,
        trial: int,
        rule: str = "FeedbackAlignment",
        normalization: str = "none",
    ) -> Classifier:
        """Declare the network of a trial, as for `nengo_fa.train`.

        Returns
        -------
        network : nengo_fa.networks.Classifier
        """
        network = self._make_network(trial, self.encoders)
        network.encode.learning_rule_type = make_rule(
            rule,
            normalization,
            network.decode,
            learning_rate=self.learning_rate,
            sparse=self.encoders in IMAGES_ONLY,
        )
        return network

    def _make_network(self, trial, encoders, **kwargs):
        data = self._data
        seed, rng = draw_seed(self.seed, trial)
        return Classifier(
            data.x_train.shape[1],
            data.n_classes,
            self.n_neurons,
            neuron_type=NEURONS[self.neurons](amplitude=1 / 300),
            encoders=ENCODERS[encoders](self.n_neurons, data, rng),
            seed=seed,
            **kwargs,
        )

    def _make_trainer(self, network, solver=None, turn=None):
        """Make the trainer of a network, and the samples to test it with."""
        data = self._data
        y_train, y_test = data.one_hot()
        measure_rng, test_rng = (
            np.random.RandomState([network.seed, i]) for i in range(2)
        )
        trainer = Trainer(
            [find_path(network.decode, network)],
            [data.x_train],
            [y_train],
            self.batch_size,
            solver,
            self.presentation_time if self.neurons == "spiking" else None,
            rng=np.random.RandomState(network.seed),
            measure_rng=measure_rng,
            device=Device(self.device),
            turn=turn,
        )
        return trainer, trainer.make_test([data.x_test], [y_test], test_rng)

    def _train(self, network, turn):
        """Return results after each epoch, (epochs + 1,) each, by variable."""
        trainer, test = self._make_trainer(network, turn=turn)
        results = {name: np.empty(self.epochs + 1) for name in VARIABLES}
        (layer,) = trainer.chain.layers
        with np.errstate(over="ignore", invalid="ignore"):
            for epoch, (rmse,) in trainer.run(self.epochs):
                lengths = np.linalg.norm(to_numpy(layer.encoders[0]), axis=-1)
                results["rmse"][epoch] = rmse
                results["test_error"][epoch] = self._find_test_error(test)
                results["encoder_length"][epoch] = lengths.mean()
        return hide_diverged(results)

    def _find_test_error(self, test):
        labels = self._data.labels_test
        return np.mean(to_numpy(test.decode(0)).argmax(axis=1) != labels)

    def _run_baseline(self, trial):
        """Return the error of fixed encoders: RMSE in training, and of test samples."""
        # cached, because it is the same for all parts of a trial, and takes several epochs
        common = replace(
            self,
            n_trials=1,
            epochs=1,
            learning_rate=0.0,
            turn=None,
            encoders=self.baseline,
        )
        return _find_baseline(common, trial, rc.get("precision", "bits"))

    def find_baseline(self, trial: int) -> tuple[float, float]:
        """Return the error of a network with well-chosen encoders that do not learn.

        Returns
        -------
        rmse : float
            Root mean square error of the outputs for the training samples.
        test_error : float
            Fraction of the test samples that are misclassified.
        """
        # Tuning curves and regularization are also chosen well: neurons that do not learn
        # do better with other tuning curves and with less regularization.
        network = self._make_network(
            trial,
            self.baseline,
            max_rates=nengo.dists.Uniform(50, 100),
            intercepts=nengo.dists.Uniform(-0.5, 0.5),
            radius=0.1,
        )
        network.encode.learning_rule_type = FeedbackAlignment(network.output.size_in)
        trainer, test = self._make_trainer(network, nengo.solvers.LstsqL2(reg=0.01))
        (rmse,) = trainer.solve()
        return rmse, self._find_test_error(test)


@lru_cache(maxsize=1)
def _find_baseline(experiment, trial, bits):
    """Return the baseline of an experiment, and cache the last one with its precision."""
    return experiment.find_baseline(trial)


@lru_cache(maxsize=1)
def load_centered(name):
    """Return a dataset with a mean of zero and a mean length of one, and cache it."""
    return datasets.load(name).centered()


@lru_cache(maxsize=1)
def _load_split(name, held_out):
    return hold_out(load_centered(name), held_out)


def hold_out(data: Dataset, held_out: float | None) -> Dataset:
    """Return a dataset whose test samples are a fraction of the training samples.

    Without a fraction, return the dataset itself.
    """
    if not held_out:
        return data
    chosen, others = split_samples(
        len(data.x_train), held_out, np.random.RandomState(0)
    )
    x, labels = data.x_train, data.labels_train
    return replace(
        data,
        x_train=x[chosen],
        labels_train=labels[chosen],
        x_test=x[others],
        labels_test=labels[others],
    )


_NORMALIZED, _RULES = ("normalized", "unnormalized"), ("backprop", "alignment")

#: Claims of the paper about the end of this experiment.
CLAIMS = (
    Comparison(
        "Normalization changes the training error by less than 10 %",
        _NORMALIZED,
        NORMALIZED,
        "rmse",
        ("rmse", {"normalization": "none"}),
        margin=0.1,
    ),
    Comparison(
        "Normalization changes the test error by less than 10 %",
        _NORMALIZED,
        NORMALIZED,
        "test_error",
        ("test_error", {"normalization": "none"}),
        margin=0.1,
    ),
    Comparison(
        "Backpropagation ends with a lower training error than feedback alignment",
        _RULES,
        EACH_NORMALIZATION,
        ("rmse", {"rule": "Backprop"}),
        ("rmse", {"rule": "FeedbackAlignment"}),
    ),
    Comparison(
        "Backpropagation ends with a lower test error than feedback alignment",
        _RULES,
        EACH_NORMALIZATION,
        ("test_error", {"rule": "Backprop"}),
        ("test_error", {"rule": "FeedbackAlignment"}),
    ),
    Comparison(
        "Learned encoders end with a lower test error than well-chosen fixed encoders",
        ("learned", "fixed"),
        cross("{rule}, {normalization}", rule=RULES, normalization=NORMALIZATIONS),
        "test_error",
        "baseline_error",
    ),
)


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test the claims of the paper about this experiment with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ClassificationExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    return check_table(data.isel(epoch=-1), CLAIMS)
