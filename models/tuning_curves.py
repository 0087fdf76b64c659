"""Tuning curves of two neurons, and the parameters that shape them (Figure 2 of the paper).

The drive of a neuron, which is its input current, is gain * <p, x> + bias. The more the input x
points along the preferred direction p, the more the neuron fires; below a drive of 1, it is
silent. In Nengo GUI, press play: x moves on its own until you move its sliders. Each spike
leaves a dot at the current x. If you change a direction, the map turns. A larger gain makes its
slope steeper, and the bias shifts it along p. Of two sliders side by side, the left slider
belongs to neuron 0. ``python models/tuning_curves.py [seconds]`` saves a figure.
"""

from collections import deque

import nengo
import numpy as np

from nengo_fa import gui, palette
from nengo_fa.geometry import disc
from nengo_fa.gui import colours, svg
from nengo_fa.gui.nodes import View


def get_drive(x, direction, gain, bias):
    """Return the current into neurons at inputs (..., 2), for directions in degrees."""
    p = np.array([np.cos(np.radians(direction)), np.sin(np.radians(direction))])
    return gain * (x @ p) + bias


def draw(neuron, x, spikes, *shape):
    """Draw a map of firing rates, with p, x, and the inputs x at the latest spikes."""
    grid, _ = disc(24)
    rates = nengo.LIF().rates(get_drive(grid, *shape).ravel(), 1, 0).reshape(24, 24)
    limits = 0, svg.get_ticks(0, rates.max(), 2)[-1]
    plane = svg.Panel(50, 40, 225, 225, (-1.04, 1.04), (-1.04, 1.04))
    bar = svg.Panel(85, 303, 155, 8, limits, (0, 1))
    p = plane.place([(0, 0), get_drive(np.eye(2), shape[0], 1, 0)])
    at = plane.place(np.clip([x, *spikes], -1, 1))
    parts = [
        svg.draw_text(162, 32, "line: p, large dot: x, small dots: spikes", "middle"),
        colours.draw_field(rates, limits, palette.RATES, plane),
        plane.draw_axes(
            (-1, 0, 1), (-1, 0, 1), "x\N{SUBSCRIPT ONE}", "x\N{SUBSCRIPT TWO}", 24
        ),
        svg.draw_dots(at[1:], 5, stroke=svg.OTHER),
        svg.draw_line(p, stroke="#fff", stroke_width=6),
        svg.draw_line(p, stroke=svg.INK, stroke_width=3),
        svg.draw_dots(at[:1], 14, stroke="#fff"),
        svg.draw_dots(at[:1], 10, stroke=svg.CHOSEN),
        colours.draw_field(np.linspace(*limits, 32)[None], limits, palette.RATES, bar),
        bar.draw_axes((0, limits[1] / 2, limits[1]), (), "Firing rate (Hz)"),
    ]
    data = {"spikes": len(spikes)}
    return svg.draw_view("tuning_curve", f"Tuning curve of {neuron}", 338, parts, data)


class TuningCurve(View):
    """Shows one neuron; the input contains x, spikes, direction, gain and bias."""

    def make_step(self, model, arrays, dt):
        spikes = deque(maxlen=60)

        def step(x, is_due):
            if x[2] > 0:
                spikes.append(x[:2].copy())
            return draw(self.label, x[:2], spikes, *x[3:]) if is_due else None

        return step


with nengo.Network(seed=1) as model:
    x = nengo.Node(nengo.processes.WhiteSignal(60, 1, rms=0.5, seed=1), size_out=2)
    shape = {
        "direction (\N{DEGREE SIGN})": [-45, 53.13],
        "gain": [1.41, 5],
        "bias": [1, -1],
    }
    with nengo.Network(label="sliders") as controls:
        sliders = direction, gain, bias = [
            nengo.Node(v, label=k) for k, v in shape.items()
        ]
        chosen = nengo.Node(size_in=6, label="chosen")
        for i, slider in enumerate(sliders):
            nengo.Connection(slider, chosen[2 * i : 2 * i + 2], synapse=None)
    drive = nengo.Node(lambda t, x: get_drive(x[:2], *x[2:].reshape(3, 2)), size_in=8)
    drive.label = "drive, neurons 0 and 1"
    nengo.Connection(x, drive[:2], synapse=None)
    nengo.Connection(chosen, drive[2:], synapse=None)
    # half of the drive, because neurons have a gain; Nengo warns of gains of 1 or less
    neurons = nengo.Ensemble(2, 1, gain=[2, 2], bias=[0, 0])
    neurons.label = "spikes, neurons 0 and 1"
    nengo.Connection(drive, neurons.neurons, transform=0.5, synapse=None)
    with nengo.Network(label="views") as views:
        first, second = (TuningCurve(f"neuron {i}", size_in=6) for i in range(2))
        note = gui.Note(
            "Press play: each spike leaves a dot at the current input. The sliders "
            "turn, steepen and shift the maps of firing rates."
        )
    for i, view in enumerate((first, second)):
        nengo.Connection(x, view[:2], synapse=None)
        for j, source in enumerate((neurons.neurons, *sliders), 2):
            nengo.Connection(source[i], view[j], synapse=None)

if __name__ == "__main__":
    from nengo_fa import plots
    from nengo_fa.cli.shared import read_seconds
    from nengo_fa.experiments.illustrations import make_tuning_curves

    seconds = read_seconds(20)
    with model:
        points, spikes = nengo.Probe(x), nengo.Probe(neurons.neurons)
    with nengo.Simulator(model) as sim:
        sim.run(seconds)
    figure = plots.tuning_curves(make_tuning_curves())
    for axes, fired in zip(figure.axes, sim.data[spikes].T > 0):
        axes.plot(*sim.data[points][fired].T, ".", color=palette.OTHER, markersize=2)
    figure.savefig("tuning_curves.png", dpi=150)
    print("Figure: tuning_curves.png")
