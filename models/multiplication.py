"""Multiplication learned online, with learned and with fixed encoders.

In Nengo GUI, open this file and press play: preferred directions swing to the diagonals, and
the error of the networks with learned encoders falls below the error of the same networks with
fixed encoders. The sliders switch learning on and off, and choose the rule and its parameters.
As a script, ``python models/multiplication.py [spiking|rate]`` simulates 100 seconds with
spiking or rate neurons, prints the errors and saves a figure.
"""

import sys

import nengo
import numpy as np

from nengo_fa import gui, palette
from nengo_fa.networks import MultiplicationComparison

# spiking neurons, or neurons with the same rates; the same rule learns from both
NEURONS = {"spiking": nengo.LIF(), "rate": nengo.LIFRate()}


def compare(neuron_type, **kwargs):
    """Make two networks with the same random input, which differ only in the encoder rule.

    Both learn decoders with PES; `learned` also learns encoders, from the same error.
    """
    return MultiplicationComparison(50, neuron_type=neuron_type, seed=1, **kwargs)


with nengo.Network(seed=1) as model:
    controls = gui.Controls(neuron=1)  # this neuron moves from an axis to a diagonal

    # The sliders control learning.
    spiking = compare(
        NEURONS["spiking"], encoder_rule=None, learning=None, label="spiking"
    )
    rate = compare(NEURONS["rate"], encoder_rule=None, learning=None, label="rate")
    for pair in (spiking, rate):
        nengo.Connection(controls.learning, pair.learning, synapse=None)
        learned = pair.learned
        controls.teach(learned.encode, learned.decode, learned.error)

    spiking.learned.hidden.label = "spikes, learned encoders"

    # Initial encoders are grey. A slider chooses the neuron that all views show.
    with nengo.Network(label="views") as views:
        note = gui.Note(
            "Press play: preferred directions (blue) swing to the diagonals, and "
            "errors with learned encoders fall below those with fixed ones."
        )
        spiking_encoders = gui.PreferredDirections(
            spiking.learned.encode,
            controls.neuron,
            label="Spiking: preferred directions",
        )
        rate_encoders = gui.PreferredDirections(
            rate.learned.encode, controls.neuron, label="Rate: preferred directions"
        )
        learned = spiking.learned
        tuning = gui.TuningCurves(
            learned.encode, controls.neuron, label="Spiking: tuning curves"
        )
        errors = gui.ErrorFields(
            learned.encode,
            learned.decode,
            np.prod,
            controls.neuron,
            label="Spiking: error that teaches",
        )

        # The errors of all networks, and the angles from encoders to the diagonals.
        error_history = gui.ErrorHistory(
            {
                "spiking, learned": spiking.learned.error,
                "spiking, fixed": spiking.fixed.error,
                "rate, learned": rate.learned.error,
                "rate, fixed": rate.fixed.error,
            },
            title="Error of the product",
            colours=[
                palette.LEARNED,
                palette.FIXED,
                palette.LEARNED_LIGHT,
                palette.FIXED_LIGHT,
            ],
        )
        angle_history = gui.AngleHistory(
            {"spiking": spiking.learned.hidden, "rate": rate.learned.hidden},
            colours=[palette.LEARNED, palette.LEARNED_LIGHT],
        )

if __name__ == "__main__":
    from nengo_fa import plots
    from nengo_fa.experiments import online

    if sys.argv[1:] not in ([], ["spiking"], ["rate"]):
        raise SystemExit("usage: python models/multiplication.py [spiking|rate]")
    neuron_type = NEURONS[(*sys.argv[1:], "spiking")[0]]
    result = online.run(compare(neuron_type), seconds=100)
    print(result)
    plots.online(result).savefig("multiplication.png", dpi=150)
    print("Figure: multiplication.png")
