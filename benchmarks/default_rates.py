"""How rules learn with their default learning rates, in all combinations.

A spiking `nengo_fa.networks.Multiplication` network learns with each rule, derivative,
normalization and amplitude of the neurons. The learning rate of its decoders, by
`nengo.PES`, is 2e-4 divided by the squared amplitude. For each combination, the script writes
the largest and the smallest length of an encoder divided by its initial length, over all
neurons, times and seeds; and for each seed, the root mean square error in the last 3 of 10
seconds, divided by the error of a network whose encoders do not learn.
"""

import argparse
import csv
import itertools
import sys

import nengo
import numpy as np

import nengo_fa

SECONDS, LAST, N_NEURONS = 10.0, 3.0, 30
RULES = nengo_fa.FeedbackAlignment, nengo_fa.Backprop
DERIVATIVES = nengo_fa.Step, nengo_fa.Rate
NORMALIZATIONS = None, "forced", "augmented", "homeostatic", "stabilized"
AMPLITUDES = 1.0, 1 / 100, 1 / 300


def make_network(seed, amplitude, rule=None, **kwargs):
    """Return a network that learns a product, with its probes."""
    with nengo.Network(seed=seed) as network:
        signal = nengo.processes.WhiteSignal(100.0, high=2, rms=0.5, seed=seed)
        stimulus = nengo.Node(signal, size_out=2)
        product = nengo_fa.networks.Multiplication(
            N_NEURONS,
            nengo.LIF(amplitude=amplitude),
            encoder_rule=None,
            decoder_rule=nengo.PES(2e-4 / amplitude**2),
            seed=seed,
        )
        nengo.Connection(stimulus, product.input, synapse=None)
        probes = [nengo.Probe(product.error)]
        if rule is not None:
            taught = product.decode if rule is nengo_fa.Backprop else 1
            product.encode.learning_rule_type = rule(taught, **kwargs)
            target = product.encode.learning_rule
            nengo.Connection(product.gated_error, target, synapse=None)
            probes.append(nengo.Probe(target, "scaled_encoders", sample_every=0.1))
    return network, probes


def run(*args, **kwargs):
    """Return the error, and the lengths of encoders divided by their initial lengths."""
    network, (error, *encoders) = make_network(*args, **kwargs)
    try:
        with nengo.Simulator(network, progress_bar=False, optimize=False) as sim:
            sim.run(SECONDS)
    except FloatingPointError:  # the simulator raises this if encoders run away
        return np.inf, [np.inf]
    last = sim.data[error][sim.trange() > SECONDS - LAST]
    lengths = [np.linalg.norm(sim.data[probe], axis=2) for probe in encoders]
    return np.sqrt(np.mean(last**2)), [length / length[0] for length in lengths]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    rows = csv.writer(sys.stdout, lineterminator="\n")
    names = ["rule", "derivative", "normalization", "amplitude", "longest", "shortest"]
    rows.writerow([*names, *(f"error, seed {seed}" for seed in options.seeds)])
    for amplitude in AMPLITUDES:
        fixed = [run(seed, amplitude)[0] for seed in options.seeds]
        for kinds in itertools.product(RULES, DERIVATIVES, NORMALIZATIONS):
            rule, derivative, normalization = kinds
            kwargs = {"derivative": derivative(), "normalization": normalization}
            found = [run(seed, amplitude, rule, **kwargs) for seed in options.seeds]
            errors, lengths = zip(*found)
            names = [rule.__name__, derivative.__name__, normalization]
            lengths = np.concatenate([np.ravel(length) for length in lengths])
            numbers = [amplitude, np.max(lengths), np.min(lengths)]
            numbers += list(np.divide(errors, fixed))
            rows.writerow([*map(str, names), *(f"{number:.3g}" for number in numbers)])
            sys.stdout.flush()


if __name__ == "__main__":
    main()
