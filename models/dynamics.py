"""Two networks learn to oscillate, one with learned encoders and one with fixed encoders.

A teacher moves around a circle in two seconds. Both networks have the same 50 spiking neurons.
Their decoders learn by PES to maintain this movement through the synapse of a loop; in one of
the networks, the same error also teaches the encoders. In each round, the teacher forces the
state for some time. Then it stops, and each network continues on its own, without learning. In
Nengo GUI, press play: at first, both networks leave the circle when they are on their own.
Within a minute, the network with learned encoders stays closer to the circle than the other
network. Switch the teacher off with its slider to see how long they continue.
``python models/dynamics.py [seconds]`` prints the errors of the networks on their own and saves
a figure.
"""

import nengo
import numpy as np

import nengo_fa
from nengo_fa import gui
from nengo_fa.gui import svg
from nengo_fa.gui.nodes import View
from nengo_fa.gui.sessions import SessionView

TAU = 0.1  # time constant of the synapse of the loop, in seconds
TAUGHT, ALONE = 2.5, 1.0  # durations of both parts of a round, in seconds
ROUNDS = 4  # this many rounds begin at different places of the circle
SHOWN = 40  # length of a trace, in drawings of 50 ms


def teach(t):
    """Return the state of the oscillator."""
    return np.array([np.cos(np.pi * t), np.sin(np.pi * t)])


def close(t, x):
    """Return the input of the neurons, the error that teaches, and whether they are alone.

    The argument contains the output of the neurons, the state of the teacher, whether they
    learn, and whether there is a teacher.
    """
    output, state, learning, teacher = x[:2], x[2:4], x[4], x[5]
    if teacher < 0.5 or t % (TAUGHT + ALONE) > TAUGHT:
        return np.concatenate([output, np.zeros(2), [1]])
    return np.concatenate([state, learning * (output - state), [0]])


class Plane(View):
    """Shows the position of the teacher, and the outputs in the last seconds."""

    def make_state(self):
        return {"latest": np.zeros((SHOWN, 2, 2))}

    def make_step(self, model, arrays, dt):
        (latest,) = arrays

        def step(x, is_due):
            if not is_due:
                return None
            latest[1:] = latest[:-1].copy()
            latest[0] = np.clip(x[2:6].reshape(2, 2), -1.5, 1.5)
            return draw_plane(x[:2], latest, x[6] > 0)

        return step


def draw_plane(teacher, latest, is_alone):
    """Draw traces (SHOWN, 2, 2), latest first, with learned and with fixed encoders."""
    panel = svg.Panel(40, 50, 220, 220, (-1.5, 1.5), (-1.5, 1.5))
    ring = panel.place([teacher])
    parts = [
        svg.draw_circle(panel, stroke=svg.FAINT, stroke_width=3),
        panel.draw_axes(
            (-1, 0, 1), (-1, 0, 1), "x\N{SUBSCRIPT ONE}", "x\N{SUBSCRIPT TWO}", 20
        ),
        svg.draw_text(70, 36, "learned", fill=svg.LEARNED),
        svg.draw_text(132, 36, "fixed", fill=svg.FIXED),
        svg.draw_text(180, 36, "\N{WHITE CIRCLE} teacher", fill=svg.GREY),
        svg.draw_dots(ring, 18, stroke=svg.GREY),
        svg.draw_dots(ring, 13, stroke="#fff"),
    ]
    for i, colour in ((1, svg.FIXED), (0, svg.LEARNED)):
        trace = panel.place(latest[:, i])
        parts.append(svg.draw_line(trace, stroke=colour, stroke_width=1.8))
        parts.append(svg.draw_dots(trace[:1], 10, stroke=colour))
    title = "Output on their own" if is_alone else "Output with the teacher"
    return svg.draw_view("plane", title, 300, parts, {"alone": int(is_alone)})


class ErrorsAlone(SessionView):
    """Shows the errors in the latest rounds while the networks were on their own."""

    def make_state(self):
        # for each round, latest first: sums of both squared errors, and number of steps
        return {"sums": np.zeros((ROUNDS, 3)), **super().make_state()}

    def make_measure(self, model, arrays, dt):
        (sums,) = arrays

        def measure(x, is_due):
            errors = x[2:6].reshape(2, 2) - x[:2]
            sums[0] += x[6] * np.append(np.sum(errors**2, axis=1), 1)
            if is_due:
                *squares, n_steps = sums.sum(axis=0)
                sums[...] = np.vstack([np.zeros(3), sums[:-1]])
                return np.sqrt(np.divide(squares, n_steps)) if n_steps else [np.nan] * 2

        return measure


with nengo.Network(seed=1) as model:
    teacher = nengo.Node(teach, label="circle")
    with nengo.Network(label="sliders") as sliders:
        learning = nengo.Node([1], label="learning")
        presence = nengo.Node([1], label="teacher")
        neuron = nengo.Node([1], label="neuron")

    def make_loop(label, rule=None):
        """Make a network that learns to continue on its own."""
        with nengo.Network(label=label) as net:
            net.state = nengo.Ensemble(50, 2, radius=1.2, seed=1)
            net.output = nengo.Node(size_in=2, label=f"output, {label}")
            net.loop = nengo.Node(close, size_in=6, label="loop")
            net.decode = nengo.Connection(
                net.state,
                net.output,
                synapse=TAU,
                function=lambda x: [0, 0],
                learning_rule_type=nengo.PES(1e-4, pre_synapse=TAU),
            )
            nengo.Connection(net.output, net.loop[:2], synapse=None)
            net.encode = nengo.Connection(
                net.loop[:2], net.state, synapse=None, learning_rule_type=rule
            )
            for connection in (net.decode, net.encode):
                if connection.learning_rule is not None:
                    nengo.Connection(
                        net.loop[2:4], connection.learning_rule, synapse=None
                    )
        for source, part in ((teacher, slice(2, 4)), (learning, 4), (presence, 5)):
            nengo.Connection(source, net.loop[part], synapse=None)
        return net

    rule = nengo_fa.FeedbackAlignment(2, learning_rate=0.3, eligibility_synapse=TAU)
    learned, fixed = make_loop("learned", rule), make_loop("fixed")
    learned.state.label = "spikes, learned encoders"

    with nengo.Network(label="views") as views:
        note = gui.Note(
            "Press play: on their own, both networks leave the circle at first. Within a "
            "minute, learned encoders (blue) stay closer to it than fixed ones (orange)."
        )
        plane = Plane("Output in the plane", size_in=7)
        directions = gui.PreferredDirections(
            learned.encode, neuron, label="Learned: preferred directions"
        )
        errors = ErrorsAlone(
            ["learned", "fixed"],
            "Error on their own, last four rounds",
            "RMS error / spread of teacher",
            "Error on their own",
            size_in=7,
            period=TAUGHT + ALONE,
        )
        for view in (plane, errors):
            nengo.Connection(teacher, view[:2], synapse=None)
            nengo.Connection(learned.output, view[2:4], synapse=None)
            nengo.Connection(fixed.output, view[4:6], synapse=None)
            nengo.Connection(learned.loop[4], view[6], synapse=None)

if __name__ == "__main__":
    from matplotlib.figure import Figure

    from nengo_fa.cli.shared import read_seconds
    from nengo_fa.palette import FIXED, LEARNED, REFERENCE

    seconds = read_seconds(60)
    with model:
        alone = nengo.Probe(learned.loop[4])
        probes = [nengo.Probe(net.output) for net in (learned, fixed)]
    with nengo.Simulator(model) as sim:
        sim.run(seconds)
    time, alone = sim.trange(), sim.data[alone][:, 0] > 0
    states, rounds = np.transpose(teach(time)), (time / (TAUGHT + ALONE)).astype(int)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes, plane = figure.subplots(1, 2, width_ratios=(2, 1))
    plane.plot(*states.T, color=REFERENCE, lw=1, label="teacher")
    for probe, net, colour in zip(probes, (learned, fixed), (LEARNED, FIXED)):
        output = sim.data[probe]
        squares = np.sum((output - states) ** 2, axis=1)[alone]
        n_steps = np.bincount(rounds[alone])
        rmse = np.sqrt(np.bincount(rounds[alone], squares) / n_steps)
        words = " ".join(f"{error:.2f}" for error in rmse)
        print(f"{net.label:8} error on its own, round by round: {words}")
        axes.plot((TAUGHT + ALONE) * np.arange(1, 1 + len(rmse)), rmse, color=colour)
        last = alone & (rounds == len(rmse) - 1)
        plane.plot(*output[last].T, color=colour, label=net.label)
    axes.set(xlabel="Time (s)", ylabel="RMS error on its own / spread of teacher")
    plane.set(xlabel="$x_1$", ylabel="$x_2$", title="The last round", aspect="equal")
    plane.legend(frameon=False, fontsize="small")
    figure.savefig("dynamics.png", dpi=150)
    print("Figure: dynamics.png")
