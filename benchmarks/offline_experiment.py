"""The time of the multiplication experiment, compared with a loop written with Nengo.

One training is 100 epochs of one rule, with 20 neurons and 1000 samples; decoders are solved
for, and errors, angles and lengths are recorded, after each epoch. Measured in turn, on one
core:

- the direct way: a simulator for the parameters, and for each epoch ``rates``, ``LstsqL2``,
  the derivative of neurons that fire, and the update;
- nengo_fa's experiment, divided by its six rules;
- the parts that no implementation can omit, alone, each in the fastest way that is known:
  Nengo's network, built once for six rules; the products; for each neuron and sample a
  logarithm, two divisions, the threshold and the bound of the derivative; the decoders, and
  the error that is recorded.

Then measures an epoch with spikes compared with rates, and the whole experiment with its store,
in one process and in two. The time of the whole experiment is wall time; all other times are
processor times.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import nengo
import numpy as np
from nengo.builder import Model
from scipy.linalg import get_lapack_funcs
from threadpoolctl import threadpool_info, threadpool_limits

from nengo_fa.experiments.multiplication import (
    NORMALIZATIONS,
    RULES,
    MultiplicationExperiment,
)
from nengo_fa.experiments.sweep import open_executor, run_trials
from nengo_fa.offline.trainer import Trainer
from nengo_fa.offline.walk_back import find_path
from nengo_fa.rules.arrays import empty


def train_by_hand(trial, rule, normalization, epochs, learning_rate):
    """Run a training that is written only with Nengo and NumPy."""
    (encode, decode) = trial.network.all_connections
    ensemble = encode.post_obj
    with nengo.Simulator(trial.network, progress_bar=False) as sim:
        built = sim.data[ensemble]
    neuron_type, solver = ensemble.neuron_type, nengo.solvers.LstsqL2()
    encoders, gain, bias = built.encoders.copy(), built.gain, built.bias
    feedback = np.random.RandomState(0).choice([-1.0, 1.0], size=(len(gain), 1))
    diagonals = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    record = []
    for _ in range(epochs + 1):
        projected = trial.x @ encoders.T
        activities = neuron_type.rates(projected, gain, bias)
        decoders, _ = solver(activities, trial.y)
        error = activities @ decoders - trial.y

        lengths = np.linalg.norm(encoders, axis=1)
        cosine = np.abs(encoders @ diagonals.T).max(axis=1) / lengths
        angle = np.arccos(np.clip(cosine, 0, 1))
        record.append((np.sqrt(np.mean(error**2)), angle.mean(), lengths.mean()))

        current = gain * projected + bias
        firing = current > 1
        j = np.maximum(current[firing], 1.01)
        slope = np.zeros_like(current)
        slope[firing] = (
            neuron_type.tau_rc
            * activities[firing] ** 2
            / (neuron_type.amplitude * j * (j - 1))
        )
        direction = decoders if rule == "Backprop" else feedback
        delta = slope * (error @ direction.T)
        gradient = gain[:, np.newaxis] * (delta.T @ trial.x) / len(trial.x)
        if normalization == "augmented":
            along = np.sum(gradient * encoders, axis=1) / lengths**2
            gradient -= along[:, np.newaxis] * encoders
        encoders = encoders - learning_rate * gradient
        if normalization == "forced":
            encoders /= np.linalg.norm(encoders, axis=1, keepdims=True)
    return record


def make_parts(experiment):
    """Return the unavoidable parts of an epoch, functions by name."""
    rng = np.random.RandomState(0)
    n_samples, n_neurons = experiment.n_samples, experiment.n_neurons
    x, y = rng.randn(n_samples, 3), rng.randn(n_samples, 1)
    weights, decoders = rng.randn(3, n_neurons), rng.randn(n_neurons, 1)
    gain = rng.rand(n_neurons)
    a, other, out = (empty((n_samples, n_neurons), float) for _ in range(3))
    a[...] = other[...] = rng.rand(n_samples, n_neurons) + 1
    output = np.empty_like(y)
    one = np.array(1.0)
    gram = a.T @ a
    right = a.T @ y
    posv = get_lapack_funcs("posv", (gram, right))
    return {
        "currents": lambda: np.matmul(x, weights, out=out),
        # a neuron whose current is not above 1 is silent: its rate is exactly zero
        "threshold": lambda: np.maximum(a, one, out=out),
        "logarithm": lambda: np.log(a, out=out),
        "rates": lambda: np.divide(1, a, out=out),
        "derivative": lambda: np.divide(a, a, out=out),
        # f' grows without bound as the current falls to the threshold, and is limited
        "bound": lambda: np.minimum(a, one, out=out),
        # LstsqL2 is regularized in proportion to it
        "largest activity": lambda: a.max(),
        # the product of two matrices is faster than that of a matrix with itself
        "Gram matrix": lambda: a.T @ other,
        "right-hand side": lambda: a.T @ y,
        "decoders": lambda: posv(gram, right),
        "output": lambda: np.matmul(a, decoders, out=output),
        "error": lambda: np.subtract(y, y, out=output),
        "RMSE": lambda: y[:, 0] @ y[:, 0],
        "projected error": lambda: np.dot(y, decoders.T, out=out),
        "gated error": lambda: np.multiply(a, a, out=out),
        "gradient": lambda: a.T @ x[:, :2],
        "weights": lambda: np.multiply(weights, gain),
    }


def build_network(experiment, trial):
    """Declare a trial and build its network, whose neurons all six rules share."""
    Model().build(experiment.declare(trial).network)


def run_epochs(parts, epochs):
    for _ in range(epochs + 1):
        for run in parts.values():
            run()


def make_training(neurons, epochs=20):
    """Make the training of one network, with rates or with spikes."""
    experiment = MultiplicationExperiment(neurons)
    trial = experiment.declare(0)
    trainer = Trainer(
        [find_path(trial.decode, trial.network)],
        [trial.x],
        [trial.y],
        presentation_time=experiment.measured_for,
        rng=np.random.RandomState(0),
    )
    return lambda: [epoch for epoch, _ in trainer.run(epochs)]


def compare_spikes(rounds, epochs=20):
    trainings = {name: make_training(name, epochs) for name in ("rate", "spiking")}
    times = {name: [] for name in trainings}
    for _ in range(rounds + 1):
        for name, train in trainings.items():
            times[name].append(measure(train) / epochs)
    rate, spiking = (np.median(seconds[1:]) for seconds in times.values())
    print("\nOne epoch on one core")
    print(f"rates {rate * 1e3:10.2f} ms")
    print(f"spikes{spiking * 1e3:10.2f} ms, {spiking / rate:.1f} times as long")


def measure(function):
    """Return the processor time in seconds, which other processes do not change."""
    start = time.process_time()
    function()
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--trials", type=int, default=200)
    options = parser.parse_args()

    experiment = MultiplicationExperiment(n_trials=options.trials)
    conditions = [(rule, other) for rule in RULES for other in NORMALIZATIONS]
    chunk = range(experiment.chunk_size)
    parts = make_parts(experiment)
    by_hand, ours, unavoidable = [], [], []
    with threadpool_limits(1):
        for k in range(options.rounds + 1):
            trial = experiment.declare(k)
            size = experiment.epochs, experiment.learning_rate
            times = [
                measure(partial(train_by_hand, trial, *condition, *size))
                for condition in conditions
            ]
            by_hand.append(np.mean(times))
            n_trainings = len(chunk) * len(conditions)
            ours.append(measure(lambda: experiment.run(trial=chunk)) / n_trainings)
            build = measure(partial(build_network, experiment, k))
            learn = measure(lambda: run_epochs(parts, experiment.epochs))
            unavoidable.append(build / len(conditions) + learn)

    # the first measurement warms up
    rows = {
        "by hand, with Nengo": np.median(by_hand[1:]),
        "nengo_fa": np.median(ours[1:]),
        "unavoidable parts": np.median(unavoidable[1:]),
    }
    kernels = {info.get("architecture") for info in threadpool_info()} - {None}
    print(f"One training on one core ({', '.join(sorted(kernels))})")
    for name, seconds in rows.items():
        ratio = seconds / rows["by hand, with Nengo"]
        print(f"{name:24}{seconds * 1e3:8.1f} ms{ratio:8.2f}")
    over_parts = np.median(np.divide(ours[1:], unavoidable[1:]))
    print(f"nengo_fa over the unavoidable parts: {over_parts:.2f}")

    with threadpool_limits(1):
        compare_spikes(options.rounds)

    print(f"\nThe whole experiment, {options.trials} trials")
    times = {1: [], 2: []}
    for _ in range(3):
        for workers, seconds in times.items():
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                with open_executor(workers) as executor:
                    path = Path(folder, "figure5.zarr")
                    run_trials(experiment, path, executor, progress_bar=False)
                seconds.append(time.perf_counter() - start)
    one, two = (np.median(seconds) for seconds in times.values())
    print(f"one process   {one:8.1f} s")
    print(f"two processes {two:8.1f} s, {one / two:.2f} times as fast")


if __name__ == "__main__":
    main()
