"""A task that feedback alignment does not learn: bands, with limited connectivity."""

from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
import xarray as xr
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_integer

from nengo_fa import datasets
from nengo_fa.datasets.dataset import Dataset
from nengo_fa.experiments.credit import (
    find_alignment,
    find_taught,
    find_visible_part,
    make_partners,
)
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.experiment import Experiment
from nengo_fa.experiments.sweep.parameter_checks import check_counts
from nengo_fa.experiments.sweep.trials import hide_diverged, make_template
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.derivatives import Rate
from nengo_fa.rules.teach_chain import VARIANTS, teach_chain

CONNECTIVITIES = ("full", "limited")

#: Which layers learn: the first and the second, as truth values.
TAUGHT = {"first": (1, 0), "second": (0, 1), "both": (1, 1)}

#: Learning rates of the first and of the second layer for each variant, with full and
#: with limited connectivity. Each is the one of seven rates with the lowest median RMSE in
#: eight other trials, in which only this layer learns.
LEARNING_RATES = {
    "backprop": {"full": (0.1, 0.01), "limited": (0.1, 0.003)},
    "local backprop": {"full": (0.1, 0.01), "limited": (0.03, 0.003)},
    "global": {"full": (0.1, 0.01), "limited": (0.1, 0.01)},
    "local": {"full": (0.1, 0.01), "limited": (0.001, 0.01)},
    "direct": {"full": (0.3, 0.01), "limited": (0.03, 0.01)},
}

VARIABLES = {
    "rmse": {
        "long_name": "root mean square error of the output, in training",
        "units": "1",
    },
    "test_error": {
        "long_name": "fraction of the test samples that are misclassified",
        "units": "1",
    },
    "alignment": {
        "long_name": "cosine between the update of the first layer and the update by "
        "backpropagation",
        "units": "1",
    },
    "visible": {
        "long_name": "part of the mean square error of first-layer neurons that remains "
        "after averaging over the dimensions that they do not see",
        "units": "1",
    },
}

#: For the decoders.
SOLVER = nengo.solvers.LstsqL2(reg=0.01)

#: Number of points for averages over dimensions.
N_POINTS = 1000


@dataclass(frozen=True)
class BandedExperiment(Experiment):
    """Two hidden layers learn to classify bands; errors reach the first layer in five ways.

    Each neuron of the first layer sees all dimensions of the input or, with limited
    connectivity, one dimension. It also sees a constant, so that its encoder determines
    where it begins to fire, while gains and biases are constant. The second layer sees all
    neurons of the first. Decoders are solved for after each epoch. In each trial, samples,
    neurons and feedback weights are the same for all variants, and differ between trials.

    Parameters
    ----------
    n_bands : int
        Number of bands in each dimension.
    dimensions : int
        Dimensions of the input. Two bands in more than two dimensions are the parity task.
    n_trials : int
        Results of a trial do not depend on this number.
    epochs : int
    learning_rate : float or None
        Learning rate of all layers that learn, per update. None: `LEARNING_RATES`.
    n_first, n_second : int
        Numbers of neurons of the hidden layers.
    n_samples : int
        Number of training samples.
    n_batches : int
        Number of batches in an epoch, with as many updates.
    seed : int
    """

    n_bands: int = 3
    dimensions: int = 2
    n_trials: int = 16
    epochs: int = 100
    learning_rate: float | None = None
    n_first: int = 12
    n_second: int = 20
    n_samples: int = 400
    n_batches: int = 10
    seed: int = 0

    name = "banded"

    def __post_init__(self):
        check_counts(self, "n_bands", "dimensions", low=2)
        counts = ("n_trials", "epochs", "n_first", "n_second", "n_batches")
        check_counts(self, *counts)
        if self.n_first < self.dimensions:
            raise ValidationError(
                f"Must be at least {self.dimensions}, for each dimension to be seen (got "
                f"{self.n_first})",
                attr="n_first",
            )
        low = max(self.n_second, self.n_batches)
        if not is_integer(self.n_samples) or self.n_samples < low:
            raise ValidationError(
                f"Must be an integer, at least {low}, for {self.n_second} neurons and "
                f"{self.n_batches} batches (got {self.n_samples!r})",
                attr="n_samples",
            )

    @property
    def chunks(self) -> dict[str, int]:
        """One variant with one connectivity in one trial is a part."""
        return {"variant": 1, "connectivity": 1, "trial": 1}

    @property
    def configuration(self) -> dict[str, Any]:
        """All parameters of a trial, for the attributes of the results."""
        return {**super().configuration, "default_learning_rates": LEARNING_RATES}

    @property
    def batch_size(self) -> int:
        """Number of samples for each update of the encoders; the last has fewer."""
        return -(-self.n_samples // self.n_batches)

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results of all trials, full of NaN."""
        coordinates = {
            "variant": list(VARIANTS),
            "connectivity": CONNECTIVITIES,
            "taught": list(TAUGHT),
            "trial": range(self.n_trials),
            "epoch": range(self.epochs + 1),
        }
        variables = {name: (list(coordinates), its) for name, its in VARIABLES.items()}
        title = "Bands, learned with full and with limited connectivity"
        return make_template(coordinates, variables, title)

    def run(
        self, variant: range, connectivity: range, trial: range
    ) -> dict[str, np.ndarray]:
        """Run some variants and connectivities, by their numbers, in some trials."""
        shape = len(variant), len(connectivity), len(TAUGHT), len(trial)
        results = {name: np.empty((*shape, self.epochs + 1)) for name in VARIABLES}
        for i, j, k, m in np.ndindex(shape):
            network = self.declare(
                trial[m],
                list(VARIANTS)[variant[i]],
                CONNECTIVITIES[connectivity[j]],
                list(TAUGHT)[k],
            )
            for name, values in self._train(trial[m], network).items():
                results[name][i, j, k, m] = values
        return results

    def make_data(self, trial: int) -> Dataset:
        """Return the samples of a trial, a `.Dataset`."""
        return datasets.banded(
            self.n_bands,
            self.dimensions,
            self.n_samples,
            N_POINTS,
            seed=[self.seed, trial],
        )

    def declare(
        self, trial: int, variant: str, connectivity: str, taught: str = "both"
    ) -> nengo.Network:
        """Declare the network of a trial, as for `nengo_fa.train`.

        Returns
        -------
        network : nengo.Network
            With its connection to the output, ``decode``.
        """
        rng = np.random.RandomState([self.seed, trial, 1])
        encoders = self._draw_encoders(connectivity, rng)
        # separate seeds, because variants have different numbers of objects
        seed, *seeds = (
            int(seed) for seed in rng.randint(np.iinfo(np.int32).max, size=5)
        )
        with nengo.Network(seed=seed) as network:
            encodes, network.decode = self._make_layers(encoders, seeds)
            teach_chain(
                encodes,
                network.decode,
                variant=variant,
                learning_rate=self._get_rates(variant, connectivity, taught),
                derivative=Rate(),
                normalization=None,
                sparse=True,
            )
        return network

    def _draw_encoders(self, connectivity, rng):
        """Return first-layer encoders of length one, for the input and a constant."""
        encoders = rng.randn(self.n_first, self.dimensions + 1)
        if connectivity == "limited":
            encoders[:, : self.dimensions] *= self._get_seen()
        return encoders / np.linalg.norm(encoders, axis=1, keepdims=True)

    def _get_rates(self, variant, connectivity, taught):
        """Return the learning rates of both layers; zero if a layer does not learn."""
        rates = LEARNING_RATES[variant][connectivity]
        if self.learning_rate is not None:
            rates = [self.learning_rate] * 2
        return [float(rate * learns) for rate, learns in zip(rates, TAUGHT[taught])]

    def _make_layers(self, encoders, seeds):
        """Make the connections to both layers, a list, and that to the output."""
        config = nengo.Network.context[-1].config
        config[nengo.Ensemble].neuron_type = nengo.RectifiedLinear()
        config[nengo.Ensemble].max_rates = nengo.dists.Uniform(0.67, 1.33)
        stimulus = nengo.Node(size_in=encoders.shape[1])
        first = nengo.Ensemble(
            self.n_first,
            encoders.shape[1],
            encoders=encoders,
            # most neurons fire for all samples, so that there are no bands before learning
            intercepts=nengo.dists.Uniform(-0.95, -0.7),
            seed=seeds[0],
        )
        second = nengo.Ensemble(
            self.n_second,
            self.n_first,
            intercepts=nengo.dists.Uniform(-0.5, 0.5),
            seed=seeds[1],
        )
        output = nengo.Node(size_in=1)
        encodes = [
            nengo.Connection(stimulus, first, synapse=None, seed=seeds[2]),
            nengo.Connection(
                first.neurons,
                second,
                transform=np.eye(self.n_first),
                synapse=None,
                seed=seeds[3],
            ),
        ]
        return encodes, nengo.Connection(second, output, function=lambda x: 0)

    def _get_seen(self):
        """Return ones for the dimension that each neuron sees if it sees only one."""
        return np.eye(self.dimensions)[np.arange(self.n_first) % self.dimensions]

    def _train(self, trial, network):
        """Return results after each epoch, (epochs + 1,) each, by variable."""
        data = self.make_data(trial)
        x, y = make_inputs(data.x_train), make_targets(data.labels_train)
        x_test, y_test = make_inputs(data.x_test), make_targets(data.labels_test)
        rng = np.random.RandomState(network.seed)
        partners = [
            (make_inputs(partner), make_targets(self.find_classes(partner)))
            for partner in make_partners(data.x_test, rng)
        ]
        path = find_path(network.decode, network)
        trainer = Trainer([path], [x], [y], self.batch_size, SOLVER, rng=rng)
        chain = trainer.chain
        # factors that keep only the dimensions of a gradient that a neuron sees
        scale = path.model.params[path.stages[0].ensemble].gain[:, np.newaxis]
        scale = scale * (chain.layers[0].encoders[0] != 0)
        results = {name: np.full(self.epochs + 1, np.inf) for name in VARIABLES}
        for epoch, (rmse,) in trainer.run(self.epochs):
            results["rmse"][epoch] = rmse
            if not np.isfinite(rmse):
                continue
            _, *taught = find_taught(chain, x, y)
            results["alignment"][epoch] = find_alignment(x, *taught, scale)
            outputs, delta, _ = find_taught(chain, x_test, y_test)
            results["test_error"][epoch] = np.mean((outputs > 0) != (y_test > 0))
            others = [find_taught(chain, *partner)[1] for partner in partners]
            results["visible"][epoch] = find_visible_part(
                delta, others, self._get_seen()
            )
        return hide_diverged(results)

    def find_classes(self, x: np.ndarray) -> np.ndarray:
        """Return the class of each point, (n_points,)."""
        return datasets.find_bands(x, self.n_bands).sum(axis=1) % 2


def make_inputs(x: np.ndarray) -> np.ndarray:
    """Return the inputs of the first layer: samples with a constant of one."""
    return np.column_stack([x, np.ones(len(x))])


def make_targets(labels: np.ndarray) -> np.ndarray:
    """Return the desired outputs, (n_samples, 1): one for class one, else minus one."""
    return np.where(labels == 1, 1.0, -1.0)[:, np.newaxis]


_OTHERS = [variant for variant in VARIANTS if variant != "backprop"]


def _learn(connectivity, taught, variants=_OTHERS):
    """Return the conditions of layers that learn by some variants."""
    words = "{variant}" if len(taught) == 1 else "{variant}, {taught}"
    # layers come before variants, which is the order of the printed rows
    return cross(words, connectivity=[connectivity], taught=taught, variant=variants)


_UNTAUGHT, _BACKPROP = ("end", "start"), ("backprop", "other")

#: Claims about this task, with the variables of ``_measure``.
CLAIMS = (
    Comparison(
        "With full connectivity, the test error falls if only the first layer learns",
        _UNTAUGHT,
        _learn("full", ["first"], VARIANTS),
        "test_error",
        "untaught_error",
    ),
    Comparison(
        "With full connectivity, backpropagation ends with a lower test error than "
        "the other variants",
        _BACKPROP,
        _learn("full", ["first", "both"]),
        ("test_error", {"variant": "backprop"}),
        "test_error",
    ),
    Comparison(
        "With limited connectivity, the test error falls if only the first layer "
        "learns, by backpropagation",
        _UNTAUGHT,
        _learn("limited", ["first"], ["backprop"]),
        "test_error",
        "untaught_error",
    ),
    Comparison(
        "With limited connectivity, the RMSE falls by less than a tenth if only the "
        "first layer learns, by another variant",
        ("90 % of start", "end"),
        _learn("limited", ["first"]),
        "nine_tenths",
        "rmse",
    ),
    Comparison(
        "With limited connectivity, backpropagation ends with a lower test error than "
        "the other variants",
        _BACKPROP,
        _learn("limited", ["first", "both"]),
        ("test_error", {"variant": "backprop"}),
        "test_error",
    ),
    Comparison(
        "With limited connectivity and backpropagation, the test error is lower if "
        "both layers learn than if only the second layer learns",
        ("both", "only second"),
        _learn("limited", ["both"], ["backprop"]),
        "test_error",
        ("test_error", {"taught": "second"}),
    ),
    Comparison(
        "With limited connectivity and the other variants, the test error is lower if "
        "both layers learn than if only the second layer learns",
        ("both", "only second"),
        _learn("limited", ["both"]),
        "test_error",
        ("test_error", {"taught": "second"}),
    ),
    Comparison(
        "With limited connectivity and the other variants, averaging over the "
        "dimensions that a neuron does not see leaves a smaller part of its error than "
        "with backpropagation",
        ("other", "backprop"),
        _learn("limited", ["first"]),
        "visible",
        ("visible", {"variant": "backprop"}),
    ),
    Comparison(
        "The updates of the first layer are less aligned with backpropagation if "
        "connectivity is limited than if it is full",
        ("limited", "full"),
        _learn("limited", ["first"]),
        "alignment",
        ("alignment", {"connectivity": "full"}),
    ),
)


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about this task with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `BandedExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    return check_table(_measure(data), CLAIMS)


def _measure(data):
    """Return errors before and after learning, and means over epochs of the rest."""
    start, final = data.isel(epoch=0), data.isel(epoch=-1)
    return final.assign(
        untaught_error=start["test_error"],
        nine_tenths=0.9 * start["rmse"],
        visible=data["visible"].mean("epoch"),
        alignment=data["alignment"].mean("epoch"),
    )
