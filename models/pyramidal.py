"""Pyramidal neurons learn to multiply: the error turns their single spikes into bursts.

In Nengo GUI, open this file and press play: the error falls below that of the same neurons
with fixed encoders, and preferred directions come closer to the diagonals. The error reaches the
neurons through their apical dendrites alone: all that the rule knows are inputs, events and
bursts. Follow one neuron, which the slider chooses. While its apical potential is above zero
(+), most of its events are bursts, and turn it away from the input (the cross); below zero (-)
most are single spikes, and turn it to the input. The arrow is where it is on its way to.
As a script, ``python models/pyramidal.py [SECONDS]`` simulates 40 seconds, prints the errors
and saves a figure of one neuron's events and bursts.
"""

import nengo
import numpy as np

from nengo_fa import gui
from nengo_fa.networks import BurstMultiplication, Multiplication

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(
        nengo.processes.WhiteSignal(100, high=2, rms=0.5, seed=1), size_out=2
    )
    learned = BurstMultiplication(seed=1, label="learned from bursts")
    fixed = Multiplication(
        50,
        neuron_type=learned.hidden.neuron_type,
        encoder_rule=None,
        seed=1,
        label="fixed encoders",
    )
    for network in (learned, fixed):
        nengo.Connection(stimulus, network.input, synapse=None)
    # an array, for Nengo GUI to make it a slider
    neuron = nengo.Node([1], label="neuron")

    with nengo.Network(label="views") as views:
        directions = gui.PreferredDirections(learned.encode, neuron)
        errors = gui.ErrorHistory(
            {"from bursts": learned.error, "fixed": fixed.error},
            title="Error of the product",
        )
        angles = gui.AngleHistory(
            {"from bursts": learned.hidden, "fixed": fixed.hidden}
        )

if __name__ == "__main__":
    from matplotlib.figure import Figure

    from nengo_fa.cli.shared import read_seconds
    from nengo_fa.plots import FIXED, LEARNED

    seconds = read_seconds(40)
    with model:
        probes = {
            name: nengo.Probe(network.error, synapse=0.02)
            for name, network in (("learned", learned), ("fixed", fixed))
        }
        state = [
            nengo.Probe(learned.hidden.neurons, name)
            for name in ("output", "bursts", "apical")
        ]
    with nengo.Simulator(model) as sim:
        sim.run(seconds)
    for name, probe in probes.items():
        last = sim.data[probe][-len(sim.data[probe]) // 4 :]
        print(f"{name:8} RMSE in the last quarter: {np.sqrt(np.mean(last**2)):.4f}")

    # the last second of the neuron that fires most
    time = sim.trange()[-1000:]
    state = [sim.data[probe][-1000:] for probe in state]
    neuron = np.argmax(state[0].sum(axis=0))
    events, bursts, apical = (values[:, neuron] for values in state)
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(time, apical, color=FIXED, label="apical potential (logits)")
    low, high = apical.min() - 2, apical.min() - 1
    axes.vlines(time[events > 0], low, high, color="0.7", label="single spikes")
    axes.vlines(time[bursts > 0], low, high, color=LEARNED, label="bursts")
    axes.set(
        xlabel="Time (s)", title="One neuron: the apical potential decides on bursts"
    )
    axes.legend(frameon=False)
    figure.savefig("pyramidal.png", dpi=150)
    print("Figure: pyramidal.png")
