"""Which signal best tells a synapse that its neuron fires, in networks of spiking neurons.

The multiplication network learns with `nengo_fa.Step` of the input current and of the
output, with and without filters, and with `nengo_fa.Rate`. For each derivative, prints the
final error divided by the error of the same network with fixed encoders (median and quartiles
over seeds), and the angle of the encoders to the nearest diagonal. Takes about ten minutes on
two cores; ``--seeds 4`` is quicker.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor

import nengo
import numpy as np

from nengo_fa import FeedbackAlignment, Rate, Step
from nengo_fa.experiments import online
from nengo_fa.networks import MultiplicationComparison

nengo.rc["decoder_cache"]["enabled"] = "false"  # processes would wait for each other

#: Derivatives and learning rates. Rate is in hertz, about fifty times as large as Step. A
#: gate that is open only at spikes is open in about one of ten time steps.
VARIANTS = [
    (Step("current"), 1.0),
    (Step("current", synapse=0.005), 1.0),
    (Step("current", synapse=0.02), 1.0),
    (Step("output"), 10.0),
    (Step("output", synapse=0.005), 1.0),
    (Step("output", synapse=0.005, threshold=20), 1.0),
    (Step("output", synapse=0.02), 1.0),
    (Step("output", synapse=0.02, threshold=10), 1.0),
    (Rate(), 0.02),
]


def measure(arguments):
    derivative, learning_rate, seed, seconds = arguments
    rule = FeedbackAlignment(1, learning_rate, derivative=derivative)
    model = MultiplicationComparison(
        neuron_type=nengo.LIF(), encoder_rule=rule, period=seconds, seed=seed
    )
    result = online.run(model, seconds, progress_bar=False)
    return result.ratio, result.final_angle


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=100.0)
    options = parser.parse_args()

    print(f"{'':64}{'learned / fixed error':>27}{'angle':>9}")
    with ProcessPoolExecutor(os.cpu_count()) as executor:
        for derivative, learning_rate in VARIANTS:
            tasks = [
                (derivative, learning_rate, seed, options.seconds)
                for seed in range(options.seeds)
            ]
            ratio, angle = np.array(list(executor.map(measure, tasks))).T
            low, median, high = np.percentile(ratio, [25, 50, 75])
            print(
                f"{derivative!s:64}{median:10.2f} ({low:.2f} to {high:.2f}) "
                f"{np.median(angle):8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
