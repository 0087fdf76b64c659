"""Multiplication, learned online: watch encoders swing to the diagonals.

In Nengo GUI, open this file and press play; the slider ``learning`` turns learning off
(0) and on (1). As a script, ``python models/multiplication.py [spiking|rate]`` simulates
100 seconds, prints the errors and saves a figure.
"""

import sys

import nengo

from nengo_fa.networks import MultiplicationComparison

# Spikes, or their rates: the same rule learns from both.
neuron_type = nengo.LIFRate() if "rate" in sys.argv[1:] else nengo.LIF()

model = nengo.Network(label="Multiplication", seed=1)
with model:
    # Two networks on one random input. Both learn decoders with PES; `learned` also
    # learns encoders, by feedback alignment from the same error.
    comparison = MultiplicationComparison(n_neurons=20, neuron_type=neuron_type, seed=1)
    learned, fixed = comparison.learned, comparison.fixed

    # The error of each network over the last 20 ms, in one plot.
    errors = nengo.Node(size_in=2, label="errors: learned, fixed encoders")
    nengo.Connection(learned.error, errors[0], synapse=0.02)
    nengo.Connection(fixed.error, errors[1], synapse=0.02)

if __name__ == "__main__":
    from nengo_fa import plots
    from nengo_fa.experiments import online

    result = online.run(comparison, seconds=100)
    print(result)
    plots.online(result).savefig("multiplication.png", dpi=150)
    print("Figure: multiplication.png")
