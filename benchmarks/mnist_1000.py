"""The test error on MNIST of one hidden layer of LIF neurons, in rates and in spikes.

Trains the encoders of 1000 LIF neurons offline, by feedback alignment or by backpropagation,
with rates and small batches. Prints the percentage of misclassified images, with rates and with
spikes, for which each image is shown for a fifth of a second. By default, these are the test
images. With ``--held-out 6000``, they are training images that are not learned from, so that
parameters can be chosen. ``--output`` adds the results to a JSON file, with the parameters, the
versions of the software, the machine and the time.
"""

import argparse
import time
from pathlib import Path

import nengo
import numpy as np
from records import record
from threadpoolctl import threadpool_limits

import nengo_fa
from nengo_fa import datasets
from nengo_fa.experiments.sweep import precision
from nengo_fa.experiments.sweep.conditions import NORMALIZATIONS, RULES, make_rule
from nengo_fa.networks import Classifier

#: The learning rate of each rule, with batches of 200.
LEARNING_RATES = {"FeedbackAlignment": 5.0, "Backprop": 100.0}
PRESENTATION_TIME = 0.2
HELD_OUT_SEED = 5


def split(data, n_held_out):
    """Return training samples and labels, and samples and labels to test with."""
    if not n_held_out:
        return data.x_train, data.labels_train, data.x_test, data.labels_test
    order = np.random.RandomState(HELD_OUT_SEED).permutation(len(data.x_train))
    held_out, chosen = order[:n_held_out], order[n_held_out:]
    x, labels = data.x_train, data.labels_train
    return x[chosen], labels[chosen], x[held_out], labels[held_out]


def make_network(size_in, options):
    network = Classifier(
        size_in,
        10,
        n_neurons=options.n_neurons,
        neuron_type=nengo.LIF(amplitude=1 / 300),
        seed=options.seed,
    )
    network.encode.learning_rule_type = make_rule(
        options.rule,
        options.normalization,
        network.decode,
        learning_rate=options.learning_rate,
    )
    return network


def measure(options):
    """Train a network; return its errors in percent, and the training time."""
    data = datasets.load(options.dataset).centered()
    x, labels, x_test, labels_test = split(data, options.held_out)
    network = make_network(x.shape[1], options)

    def find_error(presentation_time=None):
        answers = nengo_fa.predict(
            network.decode, x_test, presentation_time, network=network
        )
        return 100 * float(np.mean(answers.argmax(axis=1) != labels_test))

    start = time.perf_counter()
    history = nengo_fa.train(
        network.decode,
        x,
        np.eye(10)[labels],
        epochs=options.epochs,
        batch_size=options.batch_size,
        schedule=lambda epoch: options.decay**epoch,
        solver=nengo.solvers.LstsqL2(reg=options.regularization),
        network=network,
        progress_bar=False,
    )
    return {
        "rmse": float(history.rmse[-1]),
        "seconds": round(time.perf_counter() - start),
        "error_rates": find_error(),
        "error_spikes": find_error(PRESENTATION_TIME),
    }


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--rule", choices=RULES, default=RULES[0])
    parser.add_argument("--normalization", choices=NORMALIZATIONS, default="none")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument(
        "--decay", type=float, default=1.0, help="factor on the rate after each epoch"
    )
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--regularization", type=float, default=0.01)
    parser.add_argument("--n-neurons", type=int, default=1000)
    parser.add_argument("--held-out", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)
    if options.learning_rate is None:
        options.learning_rate = LEARNING_RATES[options.rule]
    return options


def get_configuration(options):
    """Return the parameters of a training, a dictionary."""
    configuration = {**vars(options), "presentation_time": PRESENTATION_TIME}
    del configuration["output"]
    return configuration


def main():
    options = parse_options()
    with threadpool_limits(1), precision("32"):
        results = measure(options)
    record(get_configuration(options), results, options.output)


if __name__ == "__main__":
    main()
