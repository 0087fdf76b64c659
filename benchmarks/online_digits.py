"""The test error of spiking neurons that learn digits online, compared between rules.

Networks of the same neurons see the same digits at the same time, one after the other, in one
or several passes. In each network, `nengo.PES` teaches the decoders. Encoders are fixed, or
learn by `FeedbackAlignment`; encoders of ``Pyramidal`` neurons also learn by `BurstLearning`,
with the rate at which its expected update is the same. Then learning ends, and test images are
shown, in spikes. ``--output`` adds the results to a JSON file, with the parameters, the versions
of the software, the machine and the time. With ``--held-out 0.2``, a fifth of the training
samples replaces the test images, so that parameters can be chosen. With ``--passes 1 3 10``, the
networks are tested after each of these numbers of passes, and then continue to learn.
"""

import argparse
import time
from pathlib import Path

import nengo
import numpy as np
from records import record
from threadpoolctl import threadpool_limits

import nengo_fa
from nengo_fa import datasets
from nengo_fa.experiments.classification import hold_out
from nengo_fa.networks import Classifier

#: Seconds for which a digit is shown before it teaches, while it teaches, and in a test.
SHOWN, TAUGHT, TESTED = 0.02, 0.01, 0.1

NEURONS = {"LIF": nengo.LIF(), "Pyramidal": nengo_fa.Pyramidal()}
RULES = {
    "LIF": ("fixed encoders", "feedback alignment"),
    "Pyramidal": ("fixed encoders", "feedback alignment", "burst learning"),
}

#: Feedback weights to apical dendrites, in logits for each unit of error.
LOGITS = 30


def make_order(n_samples, options):
    """Return the order of the digits, which is random in each pass."""
    rng = np.random.RandomState(options.seed)
    return [
        rng.permutation(n_samples)[: options.digits] for _ in range(max(options.passes))
    ]


def make_model(data, order, options):
    """Return the networks, and the model that shows them digits."""
    y, _ = data.one_hot()

    def show(values):
        return lambda t: values[order[min(int(t / (SHOWN + TAUGHT)), len(order) - 1)]]

    def gate(t, error):
        return error * ((t - 0.0005) % (SHOWN + TAUGHT) > SHOWN)

    with nengo.Network(seed=options.seed) as model:
        target = nengo.Node(show(y))
        for rule in RULES[options.neurons]:
            network = Classifier(
                data.x_train.shape[1],
                data.n_classes,
                n_neurons=options.n_neurons,
                neuron_type=NEURONS[options.neurons],
                seed=options.seed,
                label=rule,
            )
            network.stimulus.output = show(data.x_train)
            network.decode.learning_rule_type = nengo.PES(options.decoder_rate)
            error = nengo.Node(gate, size_in=data.n_classes)
            nengo.Connection(network.output, error, synapse=None)
            nengo.Connection(target, error, transform=-1, synapse=None)
            nengo.Connection(error, network.decode.learning_rule, synapse=None)
            teach(network, rule, error, options)
    return model


def teach(network, rule, error, options):
    """Connect a rule that teaches the encoders of a network."""
    size, rate = error.size_out, options.learning_rate
    rng = np.random.RandomState([options.seed, 1])
    weights = nengo.dists.UniformHypersphere(surface=True).sample(
        options.n_neurons, size, rng=rng
    )
    if rule == "feedback alignment":
        network.encode.learning_rule_type = nengo_fa.FeedbackAlignment(
            size,
            rate,
            feedback=weights,
            derivative=nengo_fa.Rate(),
            normalization="forced",
        )
        nengo.Connection(error, network.encode.learning_rule, synapse=None)
    elif rule == "burst learning":
        probability = network.hidden.neuron_type.burst_probability
        slope = probability * (1 - probability) * LOGITS
        network.encode.learning_rule_type = nengo_fa.BurstLearning(rate / slope)
        with network:
            apical = nengo_fa.ApicalDendrites(network.hidden)
        nengo.Connection(error, apical, transform=LOGITS * weights, synapse=None)


def measure(options):
    """Yield the errors on test images, in percent, and the time, after each number of passes."""
    start = time.perf_counter()
    data = hold_out(datasets.load(options.dataset).centered(), options.held_out)
    order = make_order(len(data.x_train), options)
    model = make_model(data, np.concatenate(order), options)
    with nengo.Simulator(model, optimize=False) as sim:
        for n_passes, shown in enumerate(order, start=1):
            sim.run_steps(round(len(shown) * (SHOWN + TAUGHT) / sim.dt))
            if n_passes in options.passes:
                errors = test(sim, model, data)
                seconds = round(time.perf_counter() - start)
                yield n_passes, {"errors": errors, "seconds": seconds}


def test(sim, model, data):
    """Return the error of each network on test images, in percent."""
    nengo_fa.freeze_params(sim, model)
    errors = {}
    for network in model.networks:
        answers = nengo_fa.predict(network.decode, data.x_test, TESTED, network=network)
        wrong = answers.argmax(axis=1) != data.labels_test
        errors[network.label] = round(100 * float(np.mean(wrong)), 3)
    return errors


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--neurons", choices=NEURONS, default="Pyramidal")
    parser.add_argument("--n-neurons", type=int, default=200)
    parser.add_argument("--passes", type=int, nargs="+", default=[3])
    parser.add_argument(
        "--digits", type=int, help="number of digits in a pass (default: all)"
    )
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--decoder-rate", type=float, default=1e-3)
    parser.add_argument("--bits", type=int, choices=(32, 64), default=64)
    parser.add_argument("--held-out", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    return parser.parse_args(arguments)


def get_configuration(options, n_passes):
    """Return the parameters of a run with this number of passes, a dictionary."""
    configuration = {**vars(options), "passes": n_passes}
    del configuration["output"]
    return configuration


def main():
    options = parse_options()
    nengo.rc.set("precision", "bits", str(options.bits))
    with threadpool_limits(1):
        for n_passes, results in measure(options):
            record(get_configuration(options, n_passes), results, options.output)


if __name__ == "__main__":
    main()
