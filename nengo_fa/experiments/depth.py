"""How variants of feedback alignment perform in networks with increasing depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import nengo
import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_number

from nengo_fa.checks import check_count
from nengo_fa.experiments.classification import load_centered
from nengo_fa.experiments.sweep.claims import (
    Claim,
    Comparison,
    check_table,
    count_epochs_to,
)
from nengo_fa.experiments.sweep.experiment import Experiment
from nengo_fa.experiments.sweep.parameter_checks import check_choice, check_counts
from nengo_fa.experiments.sweep.trials import draw_seed, make_template
from nengo_fa.networks import DeepClassifier
from nengo_fa.offline.devices import Device, to_numpy
from nengo_fa.offline.metrics import N_SAMPLES
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules import teach_chain as chains
from nengo_fa.rules.derivatives import Rate

#: The variants of `nengo_fa.teach_chain`, and a variant that teaches only the last layer.
VARIANTS = (*chains.VARIANTS, "last layer")
FEEDBACK_ALIGNMENT = "global", "local", "direct"

NEURONS = {"rate": nengo.LIFRate, "relu": nengo.RectifiedLinear}

#: Added to the seed of an experiment, to choose its learning rates in other trials.
OTHER_SEED = 10**6

VARIABLES = {
    "rmse": {"long_name": "root mean square error of the outputs", "units": "1"},
    "test_error": {
        "long_name": "fraction of the test samples that are misclassified",
        "units": "1",
    },
    "alignment": {
        "long_name": "angle between the last update of the first layer and the one of "
        "backpropagation; a right angle where there is no update",
        "units": "rad",
    },
    "untaught_error": {
        "long_name": "fraction of the test samples that are misclassified before any "
        "layer learns",
        "units": "1",
    },
}


@dataclass(frozen=True)
class DepthExperiment(Experiment):
    """Networks with one to many hidden layers learn to classify, by each variant.

    In each trial, the samples, the neurons and their batches are the same for all variants,
    and differ between trials. There are two baselines: the network before it learns, and
    the network in which only the last hidden layer learns. A variant that is not better
    than the second baseline has not taught the earlier layers.

    Parameters
    ----------
    dataset : str
        As for `nengo_fa.datasets.load`.
    neurons : {"rate", "relu"}
        Rates of LIF neurons, or rectified linear neurons.
    n_trials : int
        Results of a trial do not depend on this number.
    epochs : int
    learning_rate : float or dict
        The fraction of their length by which the first update of each layer would change
        the encoders, with the first thousand samples as one batch; the learning rate of
        each layer follows from it. (The errors of layers may differ by many orders of
        magnitude.) A dictionary has one value for each variant and number of layers,
        ``learning_rate[variant][depth]``.
    depths : tuple of int
        Numbers of hidden layers.
    n_neurons : int
        Number of neurons in each layer.
    n_samples : int
        Number of training samples, chosen at random in each trial; all samples if there are
        fewer. All test samples are used.
    batch_size : int
    device : str
        Device to compute on, as for `nengo_fa.train`.
    seed : int
    """

    dataset: str = "mnist"
    neurons: str = "rate"
    n_trials: int = 8
    epochs: int = 10
    learning_rate: object = 0.01
    depths: tuple = (1, 2, 3, 5, 8)
    n_neurons: int = 100
    n_samples: int = 5000
    batch_size: int = 100
    device: str = "cpu"
    seed: int = 0

    name = "depth"

    def __post_init__(self):
        check_choice("neurons", self.neurons, NEURONS)
        counts = ("n_trials", "epochs", "n_neurons", "n_samples", "batch_size")
        check_counts(self, *counts)
        for depth in self.depths:
            check_count("depths", depth)
        check_counts(self, "n_neurons", low=2)
        if len(self.depths) == 0 or list(self.depths) != sorted(set(self.depths)):
            raise ValidationError(
                f"Must be increasing numbers of layers (got {self.depths!r})",
                attr="depths",
            )
        load_centered(self.dataset)
        Device(self.device)

    @property
    def chunks(self) -> dict[str, int]:
        """A part is one variant in one trial, with all depths; parts take equally long."""
        return {"trial": 1, "variant": 1}

    @property
    def configuration(self) -> dict[str, Any]:
        """All parameters of a trial, for the attributes of the results."""
        data = load_centered(self.dataset)
        # for a file, its content instead of its path
        identity = {"dataset": data.name, "digest": data.digest}
        return {**super().configuration, **identity}

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results of all trials, full of NaN."""
        coordinates = {
            "variant": VARIANTS,
            "depth": self.depths,
            "trial": range(self.n_trials),
            "epoch": range(self.epochs + 1),
        }
        every = "variant", "depth", "trial"
        dims = {"rmse": (*every, "epoch"), "untaught_error": ("depth", "trial")}
        variables = {
            name: (dims.get(name, every), its) for name, its in VARIABLES.items()
        }
        title = f"Classification of {self.dataset}, by number of hidden layers"
        template = make_template(coordinates, variables, title)
        template["depth"].attrs["long_name"] = "number of hidden layers"
        return template

    def run(self, variant: range, trial: range) -> dict:
        """Run some variants, by their numbers, in some trials.

        If learning diverges, the errors of the outputs are infinite, and the chosen class is
        always the same.
        """
        template = self.make_template().isel(variant=variant, trial=trial)
        results = {name: np.empty(data.shape) for name, data in template.items()}
        for i, j, k in np.ndindex(template.test_error.shape):
            found = self._train(VARIANTS[variant[i]], self.depths[j], trial[k])
            results["untaught_error"][j, k] = found.pop("untaught_error")
            for name, value in found.items():
                results[name][i, j, k] = value
        return results

    def declare(
        self,
        variant: str,
        depth: int,
        seed: int,
        learning_rate: Sequence[float] | float = 1.0,
    ) -> nengo.Network:
        """Declare a network, with its rules.

        Parameters
        ----------
        variant : str
            One of `VARIANTS`.
        depth : int
            Number of hidden layers.
        seed : int
        learning_rate : float or sequence of float, optional
            As for `nengo_fa.teach_chain`.

        Returns
        -------
        model : nengo.Network
        classifier : nengo_fa.networks.DeepClassifier
            The classifier in the model, which is the same for all variants.
        """
        data = load_centered(self.dataset)
        # error nodes are outside the classifier, because its objects determine its seeds
        with nengo.Network() as model:
            # decoders are not solved for at build time, because this would take long
            model.config[nengo.Ensemble].eval_points = nengo.dists.UniformHypersphere()
            model.config[nengo.Ensemble].n_eval_points = 1
            classifier = DeepClassifier(
                data.x_train.shape[1],
                data.n_classes,
                [self.n_neurons] * depth,
                neuron_type=NEURONS[self.neurons](amplitude=1 / 300),
                seed=seed,
            )
            chains.teach_chain(
                classifier.encodes,
                classifier.decode,
                variant="direct" if variant == "last layer" else variant,
                learning_rate=learning_rate,
                derivative=Rate(),
            )
        return model, classifier

    def _train(self, variant, depth, trial):
        """Return the results of one network, by the names of variables."""
        data = load_centered(self.dataset)
        seed, rng = draw_seed(self.seed, trial)
        chosen = rng.permutation(len(data.x_train))[: self.n_samples]
        y_train, y_test = data.one_hot()
        x, y = data.x_train[chosen], y_train[chosen]

        def make_trainer(x, y, learning_rate=1.0, batch_size=None, turn=None):
            model, classifier = self.declare(variant, depth, seed, learning_rate)
            return Trainer(
                [find_path(classifier.decode, model)],
                [x],
                [y],
                batch_size,
                rng=np.random.RandomState(seed),
                device=Device(self.device),
                turn=turn,
            )

        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            turn = self._get_turn(variant, depth)
            first = make_trainer(x[:N_SAMPLES], y[:N_SAMPLES], turn=turn)
            rates = _find_rates(first, variant)
            trainer = make_trainer(x, y, rates, self.batch_size)
            test = trainer.make_test([data.x_test], [y_test])

            def find_test_error():
                answers = to_numpy(test.decode(0)).argmax(axis=1)
                return np.mean(answers != data.labels_test)

            rmse = np.full(self.epochs + 1, np.inf)
            for epoch, (found,) in trainer.run(self.epochs):
                if epoch == 0:
                    untaught_error = find_test_error()
                elif not np.isfinite(found):
                    break
                rmse[epoch] = found
            metrics = trainer.make_metrics(np.random.RandomState(seed)).measure()
        return {
            "rmse": rmse,
            "test_error": find_test_error(),
            "alignment": np.nan_to_num(metrics[0].alignment, nan=np.pi / 2),
            "untaught_error": untaught_error,
        }

    def _get_turn(self, variant, depth):
        if is_number(self.learning_rate):
            return self.learning_rate
        return self.learning_rate[variant][depth]


def _find_rates(trainer, variant):
    """Return the learning rates of the layers that cause a turn, a list."""
    trainer.solve()
    # there is one network; the rate of a layer that no error reaches is zero
    rates = [float(np.squeeze(layer.learning_rate)) for layer in trainer.chain.layers]
    if variant == "last layer":
        rates[:-1] = [0.0] * (len(rates) - 1)
    return rates


def choose_rates(data: xr.Dataset) -> dict:
    """Return the learning rates with the lowest training error, for `DepthExperiment`.

    Parameters
    ----------
    data : xarray.Dataset
        Results of a `.LearningRateExperiment` with a `DepthExperiment`.

    Returns
    -------
    learning_rate : dict
        By variant and number of layers.
    """
    # errors after divergence are infinite, so that medians of few trials may be NaN
    best = data.rmse.median("trial").fillna(np.inf).idxmin("learning_rate")
    return {
        str(variant): {
            int(depth): float(best.sel(variant=variant, depth=depth))
            for depth in data["depth"].values
        }
        for variant in data["variant"].values
    }


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Find where each variant stops learning.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `DepthExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    rmse = data["rmse"]
    # nine tenths of what backpropagation gains in all epochs
    first, last = (rmse.sel(variant="backprop").isel(epoch=end) for end in (0, -1))
    level = first - 0.9 * (first - last)
    epochs = xr.apply_ufunc(
        count_epochs_to, rmse, level, input_core_dims=[["epoch"], []]
    )
    depths = [int(depth) for depth in data["depth"].values]
    return check_table(data.assign(epochs=epochs), _make_claims(depths))


def _make_claims(depths):
    """Return a table of claims about networks with these numbers of hidden layers."""
    taught = chains.VARIANTS
    return (
        Comparison(
            "The network learns: the test error is lower after learning than before",
            ("after", "before"),
            _cross(taught, depths),
            "test_error",
            "untaught_error",
        ),
        Comparison(
            "The layers before the last learn: the test error is lower than if only "
            "the last layer learns",
            ("all layers", "last layer"),
            _cross(taught, [depth for depth in depths if depth > 1]),
            "test_error",
            ("test_error", {"variant": "last layer"}),
        ),
        Comparison(
            "Backpropagation needs fewer epochs than feedback alignment to reach nine "
            "tenths of the gain of backpropagation",
            ("backprop", "alignment"),
            _cross(FEEDBACK_ALIGNMENT, depths),
            ("epochs", {"variant": "backprop"}),
            "epochs",
        ),
    )


def _cross(variants, depths):
    """Return conditions of a `.Comparison`: each variant with each number of layers."""
    return {
        name_condition(variant, depth): {"variant": variant, "depth": depth}
        for variant, depth in product(variants, depths)
    }


def report(data: xr.Dataset) -> str:
    """Return the data of `check_claims` as text, in two tables of medians over trials.

    The tables show test errors, and angles of the first layer, by variant and number of
    hidden layers. If only the last layer learns, the first of several layers has no update,
    which counts as a right angle.
    """
    header = f"{'':20}" + "".join(f"{depth:>8}" for depth in data["depth"].values)
    lines = ["Misclassified test samples (%), by number of hidden layers", header]
    median = data.median("trial")
    errors = {str(name): median.test_error.sel(variant=name) for name in VARIANTS}
    errors["before learning"] = median.untaught_error
    for name, values in errors.items():
        lines.append(f"{name:20}" + "".join(f"{100 * x:8.1f}" for x in values.values))
    lines += [
        "",
        "Angle of the first layer's update to backpropagation's (rad)",
        header,
    ]
    for name in VARIANTS:
        angles = median.alignment.sel(variant=name).values
        lines.append(f"{name:20}" + "".join(f"{x:8.2f}" for x in angles))
    return "\n".join(lines)


def name_condition(variant: str, depth: int) -> str:
    """Return a variant and a number of hidden layers in words."""
    return f"{variant}, {depth} layer{'s' * (depth > 1)}"
