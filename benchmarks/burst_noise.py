"""Why burst learning has a larger error than feedback alignment, removing cause by cause.

Prints the error of multiplication in the last quarter of the time, divided by the error with
fixed encoders (medians over trials). Takes some minutes.
"""

import argparse

import nengo
import numpy as np
from nengo.builder import Builder

import nengo_fa
from nengo_fa.experiments.sweep.trials import draw_seed
from nengo_fa.networks import BurstMultiplication, Multiplication
from nengo_fa.pyramidal.builder import build_pyramidal


class Certain(nengo_fa.Pyramidal):
    """Neurons in which the probability of a burst replaces random bursts."""

    def step(self, dt, J, output, *, apical, bursts, **state):
        super().step(dt, J, output, apical=apical, bursts=bursts, **state)
        np.multiply(output, self.burst_probabilities(apical), out=bursts)


Builder.register(Certain)(build_pyramidal)


class Events(nengo_fa.Derivative):
    """The spikes of a neuron, scaled so that their mean is one at 100 Hz."""

    signal = "output"

    def make_step(self, neuron_type, signal, out):
        return lambda: np.multiply(signal, 0.01, out=out)


def make_networks(signs, seed):
    options = {"n_neurons": len(signs), "neuron_type": nengo_fa.Pyramidal()}

    def aligned(**kwargs):
        rule = nengo_fa.FeedbackAlignment(1, 3.0, feedback=signs, **kwargs)
        return Multiplication(encoder_rule=rule, seed=seed, **options)

    def bursting(neuron_type, weight):
        return BurstMultiplication(
            len(signs),
            neuron_type=neuron_type,
            encoder_rule=nengo_fa.BurstLearning(0.12 / weight),
            feedback=weight * signs,
            seed=seed,
        )

    return {
        "fixed encoders": Multiplication(encoder_rule=None, seed=seed, **options),
        "random bursts, weights of 30": bursting(nengo_fa.Pyramidal(), 30),
        "by probability": bursting(Certain(), 30),
        "... and weights of 3": bursting(Certain(), 3),
        "... and 1 ms": bursting(Certain(tau_apical=0.001), 3),
        "feedback alignment, events": aligned(
            derivative=Events(), normalization="forced"
        ),
        "feedback alignment": aligned(),
    }


def measure(seed, seconds):
    rng = np.random.RandomState([seed, 1])
    signs = rng.choice([-1.0, 1.0], size=(50, 1))
    with nengo.Network(seed=seed) as model:
        x = nengo.Node(
            nengo.processes.WhiteSignal(seconds, high=2, rms=0.5, seed=seed), size_out=2
        )
        networks = make_networks(signs, seed)
        for network in networks.values():
            nengo.Connection(x, network.input, synapse=None)
        probes = {
            name: nengo.Probe(network.error, synapse=0.02)
            for name, network in networks.items()
        }
    with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
        sim.run(seconds)
    last = round(seconds / 4 / sim.dt)
    rmse = {
        name: np.sqrt(np.mean(sim.data[probe][-last:] ** 2))
        for name, probe in probes.items()
    }
    return {name: value / rmse["fixed encoders"] for name, value in rmse.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=40.0)
    arguments = parser.parse_args()
    # the default values of nengo-fa pyramidal
    seeds = [draw_seed(0, trial)[0] for trial in range(arguments.trials)]
    ratios = [measure(seed, arguments.seconds) for seed in seeds]
    for name in ratios[0]:
        values = [ratio[name] for ratio in ratios]
        print(f"{name:32}{np.median(values):6.2f}", np.round(values, 2))
