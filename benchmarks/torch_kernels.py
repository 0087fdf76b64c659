"""The time that the kernel of encoder rules saves in nengo-torch: a table of docs/backends.rst.

Measures the processor time of a time step of a network whose encoders learn, in 64 bits and one
thread: with the kernel, with operators that run through NumPy sample by sample, and in
nengo.Simulator, once for each sample. The three are measured in turn, and the table contains
ratios of medians.

    pip install ".[test]" nengo-torch==0.1.0 torch
    python benchmarks/torch_kernels.py docs/torch_kernels.csv
"""

import argparse
import csv
import itertools
import time
from functools import partial

import nengo
import nengo_torch
import numpy as np
import torch
from threadpoolctl import threadpool_limits

import nengo_fa
from nengo_fa.online.torch_kernels import run_through_numpy

HEADER = [
    "neurons",
    "dimensions",
    "samples",
    "ms a step",
    "over NumPy, sample by sample",
    "over ``nengo.Simulator``, sample by sample",
]


def make_network(n_neurons, dimensions):
    """Make a network whose encoders learn from a constant input and error."""
    with nengo.Network(seed=1) as network:
        stimulus = nengo.Node(np.full(dimensions, dimensions**-0.5))
        error = nengo.Node([1.0, -1.0])
        hidden = nengo.Ensemble(n_neurons, dimensions, neuron_type=nengo.LIFRate())
        rule = nengo_fa.FeedbackAlignment(2, 0.01)
        encode = nengo.Connection(stimulus, hidden, learning_rule_type=rule)
        nengo.Connection(error, encode.learning_rule)
    return network


def make_simulators(network, n_samples):
    make_torch = partial(
        nengo_torch.Simulator, network, minibatch_size=n_samples, dtype=torch.float64
    )
    through_numpy = make_torch()
    run_through_numpy(through_numpy)
    return [
        (make_torch(), 1),
        (through_numpy, 1),
        (nengo.Simulator(network, progress_bar=False), n_samples),
    ]


def measure_step(sim, seconds=0.1):
    """Return the mean processor time of a step, over steps that take ``seconds`` together."""
    start, n_steps = time.process_time(), 0
    while time.process_time() - start < seconds:
        sim.step()
        n_steps += 1
    return (time.process_time() - start) / n_steps


def compare(n_neurons, dimensions, n_samples, n_repeats):
    """Return the median time of a step of all samples in the three simulators, in seconds."""
    simulators = make_simulators(make_network(n_neurons, dimensions), n_samples)
    times = [
        [n_times * measure_step(sim) for sim, n_times in simulators]
        for _ in range(n_repeats + 1)
    ]
    for sim, _ in simulators:
        sim.close()
    return np.median(times[1:], axis=0)  # the first measurement warms up


def make_rows(n_repeats):
    yield HEADER
    for sizes in itertools.product([50, 2000], [2, 500], [1, 32]):
        kernel, through_numpy, in_nengo = compare(*sizes, n_repeats)
        ratios = kernel / through_numpy, kernel / in_nengo
        yield [*sizes, f"{1000 * kernel:.2g}", *(f"{ratio:.2g}" for ratio in ratios)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", help="file to write, such as docs/torch_kernels.csv")
    parser.add_argument("--repeats", type=int, default=11)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1), open(args.path, "w", newline="") as file:
        for row in make_rows(args.repeats):
            print(*row, sep=" | ", flush=True)
            csv.writer(file, lineterminator="\n").writerow(row)


if __name__ == "__main__":
    main()
