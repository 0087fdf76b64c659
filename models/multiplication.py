"""Multiplication, learned online, with and without learning of the encoders.

In Nengo GUI, open this file and press play: the error of both networks falls, and that of
the one with learned encoders falls further. The slider turns learning off (0) and on (1).
As a script, ``python models/multiplication.py [spiking|rate]`` simulates 100 seconds,
prints the errors and saves a figure.
"""

import sys

import nengo

from nengo_fa.networks import MultiplicationComparison

# Spikes, or their rates: the same rule learns from both.
neuron_type = nengo.LIFRate() if "rate" in sys.argv[1:] else nengo.LIF()

# Two networks on one random input. Both learn decoders with PES; `learned` also learns
# encoders, by feedback alignment from the same error.
model = MultiplicationComparison(n_neurons=20, neuron_type=neuron_type, seed=1)
stimulus, learning = model.stimulus, model.learning
learned, fixed = model.learned, model.fixed

with model:
    # What both networks make of the product, and what it is.
    outputs = nengo.Node(size_in=3, label="learned, fixed, target")
    nengo.Connection(learned.output, outputs[0], synapse=0.02)
    nengo.Connection(fixed.output, outputs[1], synapse=0.02)
    nengo.Connection(learned.target, outputs[2], synapse=0.025)

    # The size of their errors, over the last two seconds.
    size = nengo.Node(lambda t, error: abs(error), size_in=2, label="size of errors")
    nengo.Connection(learned.error, size[0], synapse=0.02)
    nengo.Connection(fixed.error, size[1], synapse=0.02)
    errors = nengo.Node(size_in=2, label="error: learned, fixed")
    nengo.Connection(size, errors, synapse=2)

if __name__ == "__main__":
    from nengo_fa import plots
    from nengo_fa.experiments import online

    if sys.argv[1:] not in ([], ["spiking"], ["rate"]):
        raise SystemExit("usage: python models/multiplication.py [spiking|rate]")
    result = online.run(model, seconds=100)
    print(result)
    plots.online(result).savefig("multiplication.png", dpi=150)
    print("Figure: multiplication.png")
