"""How well networks learn with the default turn, compared with the best of seven rates.

For each task and rule, trains networks with the learning rate that `nengo_fa.train` finds
itself, and with this rate times factors from 0.03 to 30. Prints medians, over several networks
and samples, of the error for held-out samples divided by the error before learning: for each
factor, for the rate that was found, and for this rate with ``validation=0.2``, which keeps the
best epoch. The last column is the excess of the error with the found rate over the error with
the best of the seven rates, in percent. The output is a table in CSV.
"""

import argparse
import csv
import sys
import warnings

import nengo
import numpy as np
from nengo.exceptions import ConvergenceError, NengoWarning
from sklearn import datasets

import nengo_fa

FACTORS = 10 ** np.linspace(-1.5, 1.5, 7)

#: The variant of `nengo_fa.teach_chain` for each rule.
VARIANTS = {"FA": "direct", "BP": "backprop"}


def product(n, rng, scale=1):
    x = nengo.dists.UniformHypersphere().sample(n, 2, rng=rng)
    return x, scale * x.prod(axis=1, keepdims=True)


def product_on_square(n, rng):
    x = rng.uniform(-1, 1, (n, 2))
    return x, x.prod(axis=1, keepdims=True)


def sine(n, rng):
    x = nengo.dists.UniformHypersphere().sample(n, 3, rng=rng)
    return x, np.stack([np.sin(3 * x[:, 0] * x[:, 1]), x[:, 1] * x[:, 2]], axis=1)


def identity(n, rng):
    x = nengo.dists.UniformHypersphere().sample(n, 4, rng=rng)
    return x, x


def bumps(n, rng):
    x = nengo.dists.UniformHypersphere().sample(n, 2, rng=rng)
    return x, np.exp(-8 * ((x - [0.4, -0.3]) ** 2).sum(axis=1, keepdims=True))


def standardize(x, y):
    """Return inputs with mean zero and length one (root mean square), unit-variance targets."""
    x, y = x - x.mean(axis=0), np.reshape(y, (len(x), -1))
    spread = x.std(axis=0)
    x = x[:, spread > 0] / spread[spread > 0]
    return x / np.sqrt(x.shape[1]), (y - y.mean(axis=0)) / y.std(axis=0)


def friedman(make, **kwargs):
    return lambda n, rng: standardize(*make(n, random_state=rng, **kwargs))


def real(load, is_classes=False):
    """Return a function that draws samples of a dataset of scikit-learn in random order."""

    def draw(n, rng):
        x, y = load(return_X_y=True)
        y = np.eye(y.max() + 1)[y] if is_classes else y
        x, y = standardize(x, y)
        order = rng.permutation(len(x))[:n]
        return x[order], y[order]

    return draw


#: The samples of each task, the number of neurons, and other options.
TASKS = {
    "product": (product, 20, {}),
    "amplitude 1": (product, 20, {"amplitude": 1}),
    "targets x 100": (lambda n, rng: product(n, rng, 100), 20, {}),
    "on the square": (product_on_square, 20, {"radius": 1.4}),
    "sine, 3-D": (sine, 50, {}),
    "Friedman 1": (friedman(datasets.make_friedman1, noise=1), 100, {}),
    "Friedman 2": (friedman(datasets.make_friedman2), 50, {}),
    "identity, 4-D": (identity, 50, {}),
    "a bump": (bumps, 30, {}),
    "spikes": (product, 20, {"presentation_time": 0.1}),
    "batches of 50": (product, 20, {"batch_size": 50}),
    "diabetes": (real(datasets.load_diabetes), 50, {}),
    "wine": (real(datasets.load_wine, True), 30, {}),
    "breast cancer": (real(datasets.load_breast_cancer, True), 50, {}),
    "digits": (real(datasets.load_digits, True), 100, {}),
    "digits, radius 0.3": (real(datasets.load_digits, True), 100, {"radius": 0.3}),
    "digits, batches": (real(datasets.load_digits, True), 100, {"batch_size": 50}),
    "product, 2 layers": (product, 50, {"n_layers": 2}),
    "sine, 2 layers": (sine, 50, {"n_layers": 2}),
    "Friedman 1, 2 layers": (
        friedman(datasets.make_friedman1, noise=1),
        100,
        {"n_layers": 2},
    ),
}


def train(task, rule, seed, factor=1, epochs=100, **kwargs):
    """Return the test error relative to before learning, with found rates times a factor.

    Layers are connected by decoders for the identity, Nengo's default.
    """
    draw, n_neurons, options = TASKS[task]
    options = dict(options)
    x, y = draw(2000, np.random.RandomState(seed))
    with nengo.Network(seed=seed) as network:
        stimulus, output = (
            nengo.Node(size_in=x.shape[1]),
            nengo.Node(size_in=y.shape[1]),
        )
        parameters = {
            "radius": options.pop("radius", 1),
            "neuron_type": nengo.LIF(amplitude=options.pop("amplitude", 1 / 75)),
            "max_rates": nengo.dists.Uniform(50, 100),
        }
        layers = [
            nengo.Ensemble(n_neurons, x.shape[1], **parameters)
            for _ in range(options.pop("n_layers", 1))
        ]
        decode = nengo.Connection(
            layers[-1], output, function=lambda x: np.zeros(y.shape[1])
        )
        encodes = [
            nengo.Connection(pre, post, synapse=None)
            for pre, post in zip([stimulus, *layers], layers)
        ]
        nengo_fa.teach_chain(
            encodes, decode, variant=VARIANTS[rule], derivative=nengo_fa.Rate()
        )
    half = len(x) // 2
    options.update(network=network, progress_bar=False, schedule=lambda epoch: factor)
    test = x[half:], y[half:]
    try:
        history = nengo_fa.train(
            decode, x[:half], y[:half], epochs, test=test, **options, **kwargs
        )
    except ConvergenceError:
        return np.inf
    last = -1 if history.best_epoch is None else history.best_epoch
    return history.test_rmse[last] / history.test_rmse[0]


def measure(task, rule, seeds):
    """Return median relative errors: for each factor, the found rate, and with validation."""
    errors = []
    for seed in seeds:
        found = train(task, rule, seed)
        validated = train(task, rule, seed, validation=0.2)
        others = [train(task, rule, seed, factor) for factor in FACTORS]
        errors.append([*others, found, validated])
    return np.median(errors, axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    options = parser.parse_args()
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rates = [f"{factor:.2g}" for factor in FACTORS]
    rows.writerow(["task", "rule", *rates, "found", "validated", "excess"])
    warnings.simplefilter("ignore", NengoWarning)
    for task in options.tasks:
        for rule in VARIANTS:
            errors = measure(task, rule, options.seeds)
            excess = 100 * (errors[-2] / errors[:-2].min() - 1)
            columns = [f"{error:.2f}" for error in errors]
            rows.writerow([task, rule, *columns, f"{excess:.0f}"])
            sys.stdout.flush()


if __name__ == "__main__":
    main()
