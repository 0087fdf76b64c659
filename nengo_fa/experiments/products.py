"""Products by Nengo's own networks, and by ensembles with fixed and learned encoders."""

import warnings
from dataclasses import dataclass

import nengo
import numpy as np
import xarray as xr
from nengo.builder import Model
from nengo.exceptions import ValidationError

from nengo_fa.experiments.product_tasks import TASKS
from nengo_fa.experiments.sweep.claims import Claim, Comparison, check_table, cross
from nengo_fa.experiments.sweep.experiment import Experiment
from nengo_fa.experiments.sweep.parameter_checks import check_counts
from nengo_fa.experiments.sweep.trials import draw_seed, make_template
from nengo_fa.offline.paths import make_measure, send
from nengo_fa.offline.train import train
from nengo_fa.rules.teach_array import teach_array

#: The directions of `nengo.networks.Product`, in two-dimensional ensembles.
DIAGONAL = {"encoders": nengo.dists.Choice([[1, 1], [1, -1], [-1, 1], [-1, -1]])}

#: Options of an ensemble for each product, and the variant of `.teach_array` by which its
#: encoders learn, or None.
ENCODERS = {
    "random": ({}, None),
    "diagonal": (DIAGONAL, None),
    "learned": ({}, "direct"),
    "learned from diagonal": (DIAGONAL, "direct"),
    "backprop": ({}, "backprop"),
}

#: `nengo.networks.Product` with the default magnitude of inputs for the task, and with a
#: magnitude that fits the inputs.
PRODUCTS = "Product", "fitted Product"

#: The networks that multiply.
KINDS = (*PRODUCTS, *ENCODERS)

#: Whether outputs are computed from rates, or from spikes over some milliseconds; with the
#: ``presentation_time`` of `.predict`, which averages over the second half of this time.
NOISE = {"rates": None, "25 ms": 0.05, "10 ms": 0.02}

#: Tasks in which Nengo's network has the smaller error, and in which learned encoders do.
BY_HAND = "square", "any pointers, 8-D", "any pointers, 16-D"
BY_LEARNING = "correlated", "concentrated", "any pointers, 4-D", "4 pointers, 16-D"

#: Tasks without convolutions, which are slow.
QUICK_TASKS = "square", "correlated", "concentrated"

#: Numbers of training samples and of test samples.
N_SAMPLES = 1000


@dataclass(frozen=True)
class ProductExperiment(Experiment):
    """Errors of products and circular convolutions in networks of the same size.

    Encoders are learned and decoders of ensembles are solved for with rates and with inputs
    of the task; the best epoch for held-out inputs is kept. In each trial, the inputs are the
    same for all networks, and learning begins with the ensembles with random encoders.

    Parameters
    ----------
    n_trials : int
    epochs : int
    n_neurons : int
        Number of neurons for each product.
    tasks : tuple of str
        Names of ``TASKS``. Claims are about all of them, the default.
    seed : int

    Raises
    ------
    nengo.exceptions.ValidationError
        If counts are not above zero, or a task is not known.
    """

    n_trials: int = 8
    epochs: int = 40
    n_neurons: int = 50
    tasks: tuple = tuple(TASKS)
    seed: int = 0

    name = "products"

    def __post_init__(self):
        check_counts(self, "n_trials", "epochs", "n_neurons")
        if not self.tasks or not set(self.tasks) <= set(TASKS):
            raise ValidationError(
                f"Must be names out of {list(TASKS)} (got {self.tasks!r})", attr="tasks"
            )

    @property
    def chunks(self) -> dict[str, int]:
        """A task in a trial is a part."""
        return {"task": 1, "trial": 1}

    def make_template(self) -> xr.Dataset:
        """Make a dataset for the results of all trials, full of NaN."""
        coordinates = {
            "task": list(self.tasks),
            "kind": list(KINDS),
            "noise": list(NOISE),
            "trial": range(self.n_trials),
        }
        attributes = {
            "long_name": "root mean square error over the root mean square of the output",
        }
        return make_template(
            coordinates, {"error": (list(coordinates), attributes)}, "Products"
        )

    def run(self, task: range, trial: range) -> dict[str, np.ndarray]:
        """Run some tasks, by their numbers, in some trials."""
        errors = [
            [self._run_task(TASKS[self.tasks[i]], number) for number in trial]
            for i in task
        ]
        return {"error": np.moveaxis(np.array(errors), 1, -1)}

    def _run_task(self, task, trial):
        """Return the errors of one task in one trial, (n_kinds, n_noises)."""
        seed, rng = draw_seed(self.seed, trial)
        samples, test = np.split(task.draw(2 * N_SAMPLES, rng), 2)
        return [self._find_errors(task, kind, samples, test, seed) for kind in KINDS]

    def _find_errors(self, task, kind, samples, test, seed):
        """Return the errors of one network, as a list over noise."""
        with nengo.Network(seed=seed) as network:
            if kind in ENCODERS:
                decodes = self._make_array(network, samples, *ENCODERS[kind])
                multiply = multiply_pairs
            else:
                fitted = find_magnitude(samples)
                magnitude = task.input_magnitude if kind == "Product" else fitted
                decodes = self._make_product(samples, magnitude)
                multiply = multiply_squares
        model = Model()
        model.build(network)
        wanted = test.prod(axis=-1) @ task.transform.T
        errors = []
        for seconds in NOISE.values():
            found = multiply(model, decodes, test, seconds) @ task.transform.T
            errors.append(np.sqrt(np.mean((found - wanted) ** 2) / np.mean(wanted**2)))
        return errors

    def _make_product(self, samples, magnitude):
        """Return the connections from the squares of `nengo.networks.Product`."""
        product = nengo.networks.Product(self.n_neurons, samples.shape[1], magnitude)
        squares = product.sq1.square, product.sq2.square
        return [other for other in product.all_connections if other.post_obj in squares]

    def _make_array(self, network, samples, encoders, variant):
        """Return the connections from ensembles that multiply, after optional learning."""
        array = nengo.networks.EnsembleArray(
            self.n_neurons,
            n_ensembles=samples.shape[1],
            ens_dimensions=2,
            radius=np.quantile(np.linalg.norm(samples, axis=-1), 0.99),
            **encoders,
        )
        products = array.add_output("products", np.prod)
        decodes = teach_array(array, products, variant=variant or "direct")
        with warnings.catch_warnings():
            # Nengo's circular convolution has three products that are always zero
            warnings.filterwarnings("ignore", "The encoders of .* will not change")
            train(
                decodes,
                samples.reshape(len(samples), -1),
                samples.prod(axis=-1),
                epochs=0 if variant is None else self.epochs,
                validation=None if variant is None else 0.2,
                progress_bar=False,
                network=network,
            )
        return decodes


def find_magnitude(samples: np.ndarray) -> float:
    """Return the ``input_magnitude`` of `nengo.networks.Product` that fits its inputs.

    Parameters
    ----------
    samples : (n_samples, n_products, 2) ndarray

    Returns
    -------
    magnitude : float
        With it, 99 % of the sums and differences are within the radius of the ensembles.
    """
    return np.quantile(np.abs(samples @ [[0.5, 0.5], [0.5, -0.5]]), 0.99)


def multiply_pairs(model, decodes, pairs, seconds):
    """Return the products of pairs by two-dimensional ensembles, (n_samples, n_products)."""
    return _decode(model, decodes, pairs.swapaxes(0, 1), seconds)


def multiply_squares(model, decodes, pairs, seconds):
    """Return the products of pairs by ensembles for squares of sums and differences."""
    along = pairs @ (np.array([[1, 1], [1, -1]]) / np.sqrt(2))
    inputs = along.T.reshape(-1, len(pairs), 1)
    first, second = np.split(_decode(model, decodes, inputs, seconds), 2, axis=1)
    return (first - second) / 2


def _decode(model, decodes, inputs, seconds):
    rng = np.random.RandomState(0)
    outputs = [
        send(model, decode, values, make_measure(decode, seconds, 0.001, rng))
        for decode, values in zip(decodes, inputs)
    ]
    return np.concatenate(outputs, axis=1)


def check_claims(data: xr.Dataset) -> list[Claim]:
    """Test claims about hand-made and learned encoders with the data.

    Parameters
    ----------
    data : xarray.Dataset
        Results of `ProductExperiment`.

    Returns
    -------
    claims : list of nengo_fa.experiments.sweep.claims.Claim
    """
    product = data["error"].sel(kind=list(PRODUCTS)).min("kind")
    data = data.assign(product=product)

    def each(tasks):
        tasks = [task for task in tasks if task in data["task"]]
        return cross("{task}, {noise}", task=tasks, noise=data["noise"].values)

    def of(kind):
        return "error", {"kind": kind}

    rows = (
        (
            "Nengo's Product, with the better of two input magnitudes, has a smaller "
            "error than learned encoders that start on the diagonals",
            ("Product", "learned"),
            each(BY_HAND),
            "product",
            of("learned from diagonal"),
        ),
        (
            "Learned encoders that start on the diagonals have a smaller error than "
            "Nengo's Product with the better of two input magnitudes",
            ("learned", "Product"),
            each(BY_LEARNING),
            of("learned from diagonal"),
            "product",
        ),
        (
            "Learned encoders that start on the diagonals have a smaller error than "
            "fixed encoders on the diagonals",
            ("learned", "diagonal"),
            each(BY_LEARNING),
            of("learned from diagonal"),
            of("diagonal"),
        ),
        (
            "Learned encoders that start in random directions have a smaller error "
            "than fixed encoders in random directions",
            ("learned", "random"),
            each((*BY_HAND, *BY_LEARNING)),
            of("learned"),
            of("random"),
        ),
    )
    return check_table(data, [Comparison(*row) for row in rows])


def report(data: xr.Dataset) -> str:
    """Return the median errors as text, in a table for each level of noise."""
    median = data["error"].median("trial").transpose("noise", "kind", "task")
    tasks = list(data["task"].values)
    wide = [max(len(task), 7) + 2 for task in tasks]
    lines = [
        "Errors relative to the output, from rates or from spikes over a time (medians)"
    ]
    for noise in data["noise"].values:
        head = "".join(f"{task:>{n}}" for task, n in zip(tasks, wide))
        lines.append(f"  {noise:24}{head}")
        for kind in data["kind"].values:
            values = median.sel(noise=noise, kind=kind).values
            row = "".join(f"{value:{n}.3f}" for value, n in zip(values, wide))
            lines.append(f"  {kind:24}{row}")
    return "\n".join(lines)
