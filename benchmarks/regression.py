"""Friedman's first regression, compared with scikit-learn.

Friedman's first function has five relevant and five irrelevant inputs, and noise of variance
one. All learners learn from the same standardized samples, and are tested with the same new
samples. They are ensembles of 100 LIF neurons with fixed encoders, and with encoders learned by
feedback alignment and by backpropagation, all with default learning rates, solvers and epochs,
and all in rates and in spikes (each sample for a fifth of a second); scikit-learn's perceptron
with one hidden layer of 100 neurons, with two of its solvers; and linear regression. Prints a
table in CSV with the median, lowest and highest R2 over seeds, and the median processor time of
learning in seconds.
"""

import argparse
import csv
import sys
import time
import warnings

import nengo
import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor

import nengo_fa
from nengo_fa.datasets import Scaling

N_NEURONS, N_TRAIN, N_TEST = 100, 1000, 1000
NETWORKS = ("fixed encoders", "feedback alignment", "backpropagation")


class Network:
    """An ensemble whose encoders are fixed or learn by one of two rules."""

    def __init__(self, name, seed):
        self._options = {"epochs": 0} if name == "fixed encoders" else {}
        with nengo.Network(seed=seed) as self._model:
            stimulus, output = nengo.Node(size_in=10), nengo.Node(size_in=1)
            hidden = nengo.Ensemble(
                N_NEURONS,
                10,
                neuron_type=nengo.LIF(amplitude=1 / 75),
                max_rates=nengo.dists.Uniform(50, 100),
            )
            self._decode = nengo.Connection(hidden, output, function=lambda x: 0)
            if name == "backpropagation":
                rule = nengo_fa.Backprop(self._decode, derivative=nengo_fa.Rate())
            else:
                rule = nengo_fa.FeedbackAlignment(1, derivative=nengo_fa.Rate())
            nengo.Connection(stimulus, hidden, learning_rule_type=rule)

    def fit(self, x, y):
        # scaled to a length of one (root mean square), the radius of the ensemble
        self._length = np.linalg.norm(x, axis=1).mean()
        nengo_fa.train(
            self._decode,
            x / self._length,
            y[:, np.newaxis],
            network=self._model,
            progress_bar=False,
            **self._options,
        )

    def predict(self, x, **options):
        x = x / self._length
        return nengo_fa.predict(self._decode, x, network=self._model, **options)[:, 0]


def make_learners(seed):
    """Return all learners, by name."""
    size = {"hidden_layer_sizes": (N_NEURONS,), "random_state": seed}
    return {
        **{name: Network(name, seed) for name in NETWORKS},
        "perceptron, Adam": MLPRegressor(max_iter=2000, **size),
        "perceptron, L-BFGS": MLPRegressor(solver="lbfgs", max_iter=200, **size),
        "linear regression": Ridge(),
    }


def measure(seed):
    """Return R2, and the time of learning in seconds, for each learner."""
    x, y = make_friedman1(N_TRAIN + N_TEST, noise=1.0, random_state=seed)
    x = Scaling.fit(x[:N_TRAIN])(x)
    y = (y - y[:N_TRAIN].mean()) / y[:N_TRAIN].std()
    results = {}
    for name, learner in make_learners(seed).items():
        start = time.process_time()
        learner.fit(x[:N_TRAIN], y[:N_TRAIN])
        seconds = time.process_time() - start
        test, wanted = x[N_TRAIN:], y[N_TRAIN:]
        results[name] = r2_score(wanted, learner.predict(test)), seconds
        if isinstance(learner, Network):
            in_spikes = learner.predict(test, presentation_time=0.2)
            results[f"{name}, in spikes"] = r2_score(wanted, in_spikes), seconds
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=9)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    results = [measure(seed) for seed in range(options.seeds)]
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["learner", "R2", "lowest", "highest", "seconds"])
    for name in results[0]:
        r2, seconds = np.transpose([result[name] for result in results])
        found = [np.median(r2), r2.min(), r2.max(), np.median(seconds)]
        rows.writerow([name, *(f"{number:.2f}" for number in found)])


if __name__ == "__main__":
    main()
