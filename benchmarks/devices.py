"""The time of one epoch on MNIST's size, compared between devices.

Trains the same network with `nengo_fa.train` on each device that is named, in 32 bits: the
second experiment, with 200 neurons and batches of 5000, and 1000 neurons with batches of 200.
The samples are random, because the time does not depend on them. Prints the median time of an
epoch, and by how much the training error differs from that on the first device. ::

    python benchmarks/devices.py cpu cuda
"""

import argparse
import time

import nengo
import numpy as np
from nengo.rc import rc

import nengo_fa
from nengo_fa.networks import Classifier

N_SAMPLES, N_PIXELS, N_CLASSES = 60000, 784, 10
CASES = {
    "200 neurons, batches of 5000": (200, 5000),
    "1000 neurons, batches of 200": (1000, 200),
}


def make_samples():
    """Return inputs of length one, and targets, in single precision."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N_SAMPLES, N_PIXELS), dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    labels = rng.integers(N_CLASSES, size=N_SAMPLES)
    return x, np.eye(N_CLASSES, dtype=np.float32)[labels]


def train(device, x, y, n_neurons, batch_size, epochs):
    """Return the median time of an epoch in seconds, and the errors after each epoch."""
    network = Classifier(
        N_PIXELS,
        N_CLASSES,
        n_neurons=n_neurons,
        neuron_type=nengo.LIFRate(amplitude=1 / 300),
        seed=0,
    )
    network.encode.learning_rule_type = nengo_fa.FeedbackAlignment(
        N_CLASSES, derivative=nengo_fa.Rate(), normalization=None
    )
    times = []
    history = nengo_fa.train(
        network.decode,
        x,
        y,
        epochs=epochs,
        batch_size=batch_size,
        device=device,
        network=network,
        progress_bar=False,
        callback=lambda *_: times.append(time.perf_counter()),
    )
    # the first epoch warms up; the last one only tests
    return np.median(np.diff(times)[1:]), history.rmse


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("devices", nargs="*", default=["cpu"])
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    rc.set("precision", "bits", "32")
    x, y = make_samples()
    for name, (n_neurons, batch_size) in CASES.items():
        results = {
            device: train(device, x, y, n_neurons, batch_size, options.epochs)
            for device in options.devices
        }
        first, expected = results[options.devices[0]]
        print(f"\n{name}")
        print(f"{'device':12}{'seconds':>9}{'relative':>10}{'difference of error':>21}")
        for device, (seconds, errors) in results.items():
            difference = np.max(np.abs(np.subtract(errors, expected) / expected))
            print(f"{device:12}{seconds:9.3f}{seconds / first:10.2f}{difference:21.1e}")


if __name__ == "__main__":
    main()
