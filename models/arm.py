"""Two arms learn to carry a load, one with learned encoders and one with fixed encoders.

Both arms follow the same movement, the grey ring. They have the same feedback control and the
same 50 spiking neurons. These neurons learn to compensate for gravity, friction and the load,
which feedback control does not know. Decoders learn by PES from the signal of feedback control;
in one of the arms, the same error also teaches the encoders. In Nengo GUI, press play: the
hands first fall behind the ring, and then stay with it. Give them a load with the slider, in
kilograms: they sag, and learn again. ``python models/arm.py [seconds]`` prints the tracking
errors and saves a figure.
"""

import nengo
import numpy as np

from nengo_fa import gui
from nengo_fa.gui import svg
from nengo_fa.gui.nodes import View
from nengo_fa.networks import ControlledArm, TwoJointArm

LOAD = 1.0  # kg, from the beginning; the slider adds to it
LENGTHS = np.array([0.3, 0.3])
OMEGA = 2 * np.pi * np.array([0.5, 0.75])  # rad/s


def move(t):
    """Return the desired angles and velocities of both joints."""
    angles = [0.0, 1.2] + 0.8 * np.sin(OMEGA * t)
    return np.concatenate([angles, 0.8 * OMEGA * np.cos(OMEGA * t)])


def find_joints(angles):
    """Return the positions of shoulder, elbow and hand in the plane, (3, 2)."""
    directions = np.cumsum(angles)
    links = LENGTHS * [np.cos(directions), np.sin(directions)]
    return np.vstack([[0, 0], np.cumsum(links.T, axis=0)])


class Arms(View):
    """Shows the arms, and the target position of their hands."""

    def make_step(self, model, arrays, dt):
        panel = svg.Panel(50, 20, 200, 200, (-0.35, 0.65), (-0.45, 0.55))

        def step(x, is_due):
            if not is_due:
                return None
            target, *arms = (panel.place(find_joints(q)) for q in x.reshape(3, 2))
            parts = [svg.draw_dots(target[-1:], 18, stroke=svg.GREY)]
            parts.append(svg.draw_dots(target[-1:], 13, stroke="#fff"))
            for joints, colour in zip(arms[::-1], (svg.FIXED, svg.LEARNED)):
                parts.append(svg.draw_line(joints, stroke=colour, stroke_width=5))
                parts.append(svg.draw_dots(joints, 9, stroke=colour))
            parts.append(svg.draw_text(8, 210, "learned", fill=svg.LEARNED))
            parts.append(svg.draw_text(8, 195, "fixed", fill=svg.FIXED))
            distances = [np.linalg.norm(x[:2] - q) for q in (x[2:4], x[4:])]
            data = {"errors": " ".join(f"{d:.4f}" for d in distances)}
            return svg.draw_view("arms", "Two arms, one target", 222, parts, data)

        return step


with nengo.Network(seed=1) as model:
    target = nengo.Node(move, label="target")
    with nengo.Network(label="sliders") as sliders:
        learning = nengo.Node([1], label="learning")
        load = nengo.Node([0], label="load (kg)")

    def make_arm(label, **rules):
        """Make an arm with a controller."""
        body = TwoJointArm(LOAD, lengths=LENGTHS, start=move(0)[:2])
        arm = ControlledArm(body, learning=None, seed=1, label=label, **rules)
        arm.error.label = f"error, {label} (rad)"
        nengo.Connection(target, arm.target, synapse=None)
        nengo.Connection(learning, arm.controller.learning, synapse=None)
        nengo.Connection(load, arm.arm[2], synapse=None)
        return arm

    learned = make_arm("learned")
    fixed = make_arm("fixed", encoder_rule=None)
    learned.controller.population.label = "spikes, learned encoders"

    with nengo.Network(label="views") as views:
        note = gui.Note(
            "Press play: both hands fall behind the grey ring, then stay with it. "
            "Give them a load with the slider: they sag, and learn again."
        )
        arms = Arms("arms", size_in=6)
        for i, angles in enumerate((target, learned.arm, fixed.arm)):
            nengo.Connection(angles[:2], arms[2 * i : 2 * i + 2], synapse=None)
        errors = gui.ErrorHistory(
            {"learned": learned.error, "fixed": fixed.error},
            title="Tracking error (rad)",
        )

if __name__ == "__main__":
    from matplotlib.figure import Figure

    from nengo_fa.cli.shared import read_seconds
    from nengo_fa.plots import FIXED, LEARNED

    seconds = read_seconds(30)
    with model:
        probes = [nengo.Probe(arm.error) for arm in (learned, fixed)]
    with nengo.Simulator(model) as sim:
        sim.run(seconds)
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    for probe, name, colour in zip(probes, ("learned", "fixed"), (LEARNED, FIXED)):
        squares = np.sum(sim.data[probe] ** 2, axis=1)
        rmse = [np.sqrt(part.mean()) for part in np.array_split(squares, 30)]
        last = np.sqrt(squares[2 * len(squares) // 3 :].mean())
        print(f"{name:8} tracking error {last:.4f} rad in the last third")
        axes.plot(seconds * (np.arange(30) + 0.5) / 30, rmse, color=colour, label=name)
    axes.set(xlabel="Time (s)", ylabel="Tracking error (rad)", yscale="log")
    axes.legend(title="Encoders", frameon=False)
    figure.savefig("arm.png", dpi=150)
    print("Figure: arm.png")
