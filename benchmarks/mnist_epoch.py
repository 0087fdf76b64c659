"""The time of one epoch on MNIST, compared with PyTorch and with unavoidable operations.

One or three hidden layers of 200 LIF neurons learn from 60000 samples of 784 numbers, with 10
outputs and batches of 5000, on one thread. All layers learn by direct feedback alignment. The
samples are random, because the time does not depend on them. Measured in turn:

- the floor: in NumPy, for each batch and layer, the product for the currents, the rates, and
  the product for the gradient, with preallocated arrays;
- nengo_fa: forward, derivatives, update of the encoders, Gram matrix, decoders, error;
- nengo_fa from spikes, measured for a tenth of a second;
- PyTorch by hand: forward, derivatives, direct feedback alignment of the encoders, and the
  delta rule for the decoders instead of a solver.

Prints also the memory that nengo_fa allocates, as a multiple of the samples.
"""

import argparse
import time
import tracemalloc

import nengo
import numpy as np
from nengo.rc import rc
from threadpoolctl import threadpool_info, threadpool_limits

import nengo_fa
from nengo_fa.offline.layers import Chain, Layer
from nengo_fa.offline.samples import Samples
from nengo_fa.offline.solving import make_solve

SIZE = {"n_samples": 60000, "dimensions": 784, "n_neurons": 200, "size_out": 10}
BATCH_SIZE = 5000
NEURONS = nengo.LIFRate(amplitude=1 / 300)


def make_problem(n_layers, n_samples, dimensions, n_neurons, size_out):
    """Return samples, and encoders, scale, bias and feedback weights of each layer.

    All arrays are in single precision.
    """
    rng = np.random.default_rng(0)

    def sample(*shape):
        values = rng.standard_normal(shape, dtype=np.float32)
        return values / np.linalg.norm(values, axis=1, keepdims=True)

    x = sample(n_samples, dimensions)
    y = np.eye(size_out, dtype=np.float32)[rng.integers(size_out, size=n_samples)]
    layers = []
    for _ in range(n_layers):
        encoders = sample(n_neurons, dimensions)
        scale = rng.uniform(10, 20, size=n_neurons).astype(np.float32)
        bias = rng.uniform(0.5, 1.5, size=n_neurons).astype(np.float32)
        layers.append((encoders, scale, bias, sample(n_neurons, size_out)))
        dimensions = n_neurons
    return x, y, layers


def make_floor(x, y, layers):
    weights = [
        np.ascontiguousarray((encoders * scale[:, None]).T)
        for encoders, scale, *_ in layers
    ]
    n_neurons = SIZE["n_neurons"]
    currents = [np.empty((BATCH_SIZE, n_neurons), dtype=x.dtype) for _ in layers]
    rates, work = [np.empty_like(c) for c in currents], np.empty_like(currents[0])
    gradients = [np.empty_like(encoders) for encoders, *_ in layers]
    threshold = np.full_like(work, 1.0001)

    def run():
        for start in range(0, len(x), BATCH_SIZE):
            inputs = x[start : start + BATCH_SIZE]
            for k, (_, _, bias, _) in enumerate(layers):
                current = currents[k]
                np.matmul(inputs, weights[k], out=current)
                np.add(current, bias, out=current)
                np.maximum(current, threshold, out=current)
                np.subtract(current, 1, out=work)
                np.divide(1, work, out=work)
                np.log1p(work, out=work)
                np.multiply(work, NEURONS.tau_rc, out=work)
                np.add(work, NEURONS.tau_ref, out=work)
                np.divide(NEURONS.amplitude, work, out=rates[k])
                np.matmul(rates[k].T, inputs, out=gradients[k])
                inputs = rates[k]

    return run


def make_ours(x, y, layers, spiking=False):
    rule = nengo_fa.FeedbackAlignment(
        y.shape[1], learning_rate=1, derivative=nengo_fa.Rate()
    )
    eye = np.eye(SIZE["n_neurons"])
    chain = Chain(
        Layer(
            rule,
            nengo.LIF(amplitude=NEURONS.amplitude) if spiking else NEURONS,
            *(values[np.newaxis] for values in parameters),
            incoming=[eye] if k > 0 else None,
        )
        for k, parameters in enumerate(layers)
    )
    rng = np.random.RandomState(0)
    measure = {"synapse": nengo.Lowpass(0.005), "presentation_time": 0.1, "rng": rng}
    measures = [measure for _ in layers] if spiking else None
    samples = Samples(chain, [x], [y], BATCH_SIZE, rng=rng, measures=measures)
    solve = make_solve(nengo.solvers.LstsqL2(), None)
    samples.solve(solve)
    return lambda: samples.learn(solve)


def make_torch(x, y, layers):
    import torch

    torch.set_num_threads(1)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    layers = [
        [torch.from_numpy(values).clone() for values in layer] for layer in layers
    ]
    decoders = torch.zeros(SIZE["n_neurons"], y.shape[1])
    tau_rc, tau_ref, amplitude = NEURONS.tau_rc, NEURONS.tau_ref, NEURONS.amplitude

    def run():
        for batch, target in zip(x.split(BATCH_SIZE), y.split(BATCH_SIZE)):
            inputs, slopes, rates = [], [], batch
            for encoders, scale, bias, _ in layers:
                inputs.append(rates)
                current = torch.addmm(bias, rates, (encoders * scale[:, None]).T)
                firing = current > 1
                above = torch.clamp(current - 1, min=0.01)
                rates = firing * amplitude / (tau_ref + tau_rc * torch.log1p(1 / above))
                slopes.append(tau_rc / amplitude * rates**2 / (above * (above + 1)))
            error = rates @ decoders - target
            for (encoders, scale, _, feedback), x_in, slope in zip(
                layers, inputs, slopes
            ):
                delta = slope * (error @ feedback.T)
                encoders.sub_(scale[:, None] * (delta.T @ x_in) / len(batch))
            decoders.sub_(1e-3 * rates.T @ error / len(batch))

    return run


def measure(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(n_layers, rounds):
    problem = make_problem(n_layers, **SIZE)
    ways = {
        "floor": make_floor(*problem),
        "nengo_fa": make_ours(*problem),
        "nengo_fa from spikes": make_ours(*problem, spiking=True),
    }
    try:
        ways["PyTorch by hand"] = make_torch(*problem)
    except ImportError:
        print(
            "PyTorch is not compared, because it is not installed (pip install torch)."
        )
    times = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, run in ways.items():
            times[name].append(measure(run))

    tracemalloc.start()
    run = make_ours(*problem)
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    layers = "1 hidden layer" if n_layers == 1 else f"{n_layers} hidden layers"
    kernels = {info.get("architecture") for info in threadpool_info()} - {None}
    print(f"{layers}: one epoch on one thread ({', '.join(sorted(kernels))})")
    floor = np.median(times["floor"][1:])
    for name, seconds in times.items():  # the first measurement warms up
        median = np.median(seconds[1:])
        print(f"{name:20}{median:8.3f} s{median / floor:8.2f}")
    spiking, rate = times["nengo_fa from spikes"][1:], times["nengo_fa"][1:]
    print(f"Spikes over rates: {np.median(spiking) / np.median(rate):.1f}")
    data = problem[0].nbytes + problem[1].nbytes
    print(f"Memory, including the samples: {1 + peak / data:.2f} times the samples\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    rc.set("precision", "bits", "32")
    with threadpool_limits(1):
        for n_layers in (1, 3):
            compare(n_layers, options.rounds)


if __name__ == "__main__":
    main()
