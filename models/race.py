"""A race between feedback alignment, backprop and fixed encoders, with the same input.

Three networks learn to multiply two numbers. They differ only in the rule for their encoders:
they have the same neurons, and decoders that learn by PES from each network's own error. In
Nengo GUI, press play. Feedback alignment is the first to turn preferred directions to the
diagonals. Backprop begins slowly, because it sends the error back through the decoders, which
are zero at first; its error becomes small before its encoders reach the diagonals. Which of the
two rules is ahead depends on the input, and on the learning rate, which has a slider. Both have
a smaller error than the network with fixed encoders. ``python models/race.py [seconds]`` prints
the errors and saves a figure.
"""

import nengo
import numpy as np

import nengo_fa
from nengo_fa import gui, palette
from nengo_fa.networks import Multiplication

# titles and colours of the networks
TITLES = "Feedback alignment", "Backprop", "Fixed encoders"
COLOURS = palette.LEARNED, palette.BACKPROP, palette.FIXED

with nengo.Network(seed=1) as model:
    process = nengo.processes.WhiteSignal(100, high=2, rms=0.5, seed=1)
    stimulus = nengo.Node(process, size_out=2, label="input")
    with nengo.Network(label="sliders") as sliders:
        learning = nengo.Node([1], label="learning")
        learning_rate = nengo.Node([1], label="rate \N{MULTIPLICATION SIGN}")
        neuron = nengo.Node([1], label="neuron")

    def enter(label, make_rule):
        """Make a network whose encoders learn by a rule."""
        net = Multiplication(50, encoder_rule=None, learning=None, seed=1, label=label)
        nengo.Connection(stimulus, net.input, synapse=None)
        nengo.Connection(learning, net.learning, synapse=None)

        net.error.label = f"error, {label}"
        net.encode.learning_rule_type = make_rule(net)
        with net:
            # only for the encoders; the learning rate of decoders does not change
            error = nengo.Node(
                lambda t, x: x[0] * x[1],
                size_in=2,
                label="error \N{MULTIPLICATION SIGN} rate",
            )
            nengo.Connection(net.gated_error, error[0], synapse=None)
            nengo.Connection(error, net.encode.learning_rule, synapse=None)
        nengo.Connection(learning_rate, error[1], synapse=None)
        return net

    alignment = enter("alignment", lambda net: nengo_fa.FeedbackAlignment(1))
    # The exact gradient uses f' of the rates in hertz, and decoders of rates are small, so
    # this rate is not comparable with the rate of feedback alignment, whose f' is a step.
    exact = dict(learning_rate=300, derivative=nengo_fa.Rate())
    backprop = enter("backprop", lambda net: nengo_fa.Backprop(net.decode, **exact))
    no_rate = nengo_fa.FeedbackAlignment(1, learning_rate=0)
    fixed = enter("fixed", lambda net: no_rate)

    networks = {"alignment": alignment, "backprop": backprop, "fixed": fixed}
    with nengo.Network(label="views") as views:
        note = gui.Note(
            "Press play: feedback alignment (blue) reaches the diagonals first. Its error "
            "and that of backprop (green) fall below that of fixed encoders (orange)."
        )
        directions_alignment, directions_backprop, directions_fixed = (
            gui.PreferredDirections(network.encode, neuron, title, colour=colour)
            for network, title, colour in zip(networks.values(), TITLES, COLOURS)
        )
        errors = gui.ErrorHistory(
            {name: network.error for name, network in networks.items()},
            title="Error of the product",
            colours=COLOURS,
        )
        angles = gui.AngleHistory(
            {name: network.hidden for name, network in networks.items()},
            colours=COLOURS,
        )

if __name__ == "__main__":
    from matplotlib.figure import Figure

    from nengo_fa import plots
    from nengo_fa.cli.shared import read_seconds

    seconds = read_seconds(60)
    with model:
        probes = [nengo.Probe(net.error, synapse=0.02) for net in networks.values()]
    figure = Figure(figsize=(14, 3.6), layout="constrained")
    axes, *planes = figure.subplots(1, 4)
    with nengo.Simulator(model) as sim:
        sim.run(seconds)
        for (name, net), probe, plane, colour in zip(
            networks.items(), probes, planes, COLOURS
        ):
            parts = np.array_split(sim.data[probe], 20)
            rmse = [np.sqrt(np.mean(part**2)) for part in parts]
            print(
                f"{name:12} RMSE {rmse[0]:.3f} at the start, {rmse[-1]:.3f} at the end"
            )
            axes.plot(
                sim.time * (np.arange(20) + 0.5) / 20, rmse, label=name, color=colour
            )
            start = sim.data[net.hidden].encoders
            end = nengo_fa.geometry.preferred_directions(sim, net.hidden)
            plots.draw_encoders(plane, start, end)
            plane.lines[-1].set_color(colour)
            plane.set_title(f"{name}: encoders")
    axes.set(xlabel="Time (s)", ylabel="RMSE of the product", ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig("race.png", dpi=150)
    print("Figure: race.png")
