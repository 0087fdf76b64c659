"""Pyramidal neurons learn to multiply: the error turns their single spikes into bursts.

In Nengo GUI, open this file and press play: the error falls below the error of the same neurons
with fixed encoders, and preferred directions come closer to the diagonals. The error reaches the
neurons only through their apical dendrites; the rule uses nothing but inputs, events and bursts.
The slider chooses one neuron to follow. While its apical potential is above zero (+), most of
its events are bursts, which turn its encoder away from the input (the cross). While the
potential is below zero (-), most events are single spikes, which turn the encoder towards the
input. The arrow shows where the encoder is moving. As a script,
``python models/pyramidal.py [SECONDS]`` simulates 40 seconds, prints the errors and saves a
figure of one neuron's events and bursts.
"""

import nengo
import numpy as np

import nengo_fa
from nengo_fa import gui
from nengo_fa.gui import svg
from nengo_fa.gui.nodes import View
from nengo_fa.networks import BurstMultiplication, Multiplication

SHOWN = 100  # length of the view of bursts, in drawings of 10 ms


class Bursts(View):
    """Shows the apical potential of a neuron, its single spikes and its bursts."""

    def __init__(self, neurons, neuron):
        super().__init__("Spikes and bursts of the neuron", size_in=1, period=0.01)
        self.neurons = neurons
        nengo.Connection(neuron, self, synapse=None)

    def get_signals(self, model):
        signals = model.sig[self.neurons]
        return [signals[name] for name in ("out", "bursts", "apical")]

    def make_state(self):
        # latest first: the potential, whether there was a spike, whether there was a burst
        return {"latest": np.zeros((SHOWN, 3)), "seen": np.zeros(2)}

    def make_step(self, model, arrays, dt):
        spikes, bursts, apical, latest, seen = arrays

        def step(x, is_due):
            i = min(max(round(x.item()), 0), len(spikes) - 1)
            np.maximum(seen, [spikes[i] > 0, bursts[i] > 0], out=seen)
            if is_due:
                latest[1:] = latest[:-1].copy()
                latest[0] = apical[i], *seen
                seen[...] = 0
                return draw_bursts(i, latest)

        return step


def draw_bursts(neuron, latest):
    """Draw the last second of a neuron; ``latest`` has shape (SHOWN, 3)."""
    potential, spikes, bursts = latest.T
    # potentials are large at first, and become smaller as the error falls
    limit = svg.get_ticks(0, max(5, np.abs(potential).max()), 1)[-1]
    plane = svg.Panel(48, 40, 240, 146, (-1, 0), (-limit, limit))
    ticks, ylabel = (-limit, 0, limit), "Apical potential (logits)"
    time = -0.01 * np.arange(SHOWN)
    parts = [plane.draw_axes((-1, -0.5, 0), ticks, "Time (s)", ylabel, 12)]
    rows = (
        (spikes > bursts, 46, svg.GREY, "single spikes"),
        (bursts > 0, 53, svg.OTHER, "bursts"),
    )
    points = np.transpose([time, potential])
    parts.append(svg.draw_line(plane.place(points), stroke=svg.HIGHLIGHT))
    for i, (row, y, colour, name) in enumerate(rows):
        at = plane.place(np.transpose([time[row], np.full(row.sum(), 0)]))
        at[:, 1] = y
        parts.append(svg.draw_dots(at, 4, stroke=colour))
        parts.append(svg.draw_text(60 + 100 * i, 32, name, fill=colour))
    parts.append(svg.draw_text(200, 32, "apical potential", fill=svg.HIGHLIGHT))
    data = {"bursts": int(bursts.sum())}
    return svg.draw_view(
        "bursts", f"Spikes and bursts of neuron {neuron}", 220, parts, data
    )


with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(
        nengo.processes.WhiteSignal(100, high=2, rms=0.5, seed=1), size_out=2
    )
    learned = BurstMultiplication(seed=1, learning=None, label="learned")
    fixed = Multiplication(
        50,
        neuron_type=learned.hidden.neuron_type,
        encoder_rule=None,
        learning=None,
        seed=1,
        label="fixed",
    )
    for network in (learned, fixed):
        nengo.Connection(stimulus, network.input, synapse=None)
    learned.hidden.label = "spikes, learned encoders"
    with nengo.Network(label="switch") as switch:
        learning = nengo.Node([1], label="learning")
        # without an error, encoders would diffuse, because bursts are random
        signal = nengo_fa.LearningSignal(learned.encode.learning_rule)
        nengo.Connection(nengo.Node(-1), signal, synapse=None)
        nengo.Connection(learning, signal, synapse=None)
    for network in (learned, fixed):
        nengo.Connection(learning, network.learning, synapse=None)
    # an array, so that Nengo GUI shows a slider
    neuron = nengo.Node([1], label="neuron")

    with nengo.Network(label="views") as views:
        note = gui.Note(
            "Press play: the error turns single spikes into bursts, and bursts turn "
            "preferred directions to the diagonals."
        )
        directions = gui.PreferredDirections(
            learned.encode, neuron, label="Learned: preferred directions"
        )
        bursts = Bursts(learned.hidden.neurons, neuron)
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
    from nengo_fa.palette import HIGHLIGHT, OTHER

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

    # show the last second of the neuron that fires most
    time = sim.trange()[-1000:]
    state = [sim.data[probe][-1000:] for probe in state]
    neuron = np.argmax(state[0].sum(axis=0))
    events, bursts, apical = (values[:, neuron] for values in state)
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(time, apical, color=HIGHLIGHT, label="apical potential (logits)")
    low, high = apical.min() - 2, apical.min() - 1
    axes.vlines(time[events > 0], low, high, color="0.7", label="single spikes")
    axes.vlines(time[bursts > 0], low, high, color=OTHER, label="bursts")
    axes.set(
        xlabel="Time (s)", title="One neuron: the apical potential decides on bursts"
    )
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig("pyramidal.png", dpi=150)
    print("Figure: pyramidal.png")
