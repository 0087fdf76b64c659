"""A stream of handwritten digits teaches spiking neurons, one digit after the other.

``python models/mnist_stream.py`` prints the error during the stream, compared with the error
of the same neurons with fixed encoders, and saves a figure. The network first answers each
digit, while the error signal is zero, and then learns from it. No digit is shown twice, so
that all answers are for digits that are new to the network. Ctrl-C ends the stream early;
``--help`` lists the options.
"""

import argparse

import nengo
import numpy as np
import xarray as xr

import nengo_fa
from nengo_fa import datasets, plots
from nengo_fa.cli.shared import add_seed, load_digits, number

ASKED, TAUGHT = 0.02, 0.01  # seconds for each digit


def load(name):
    """Return the dataset of this name, or by default MNIST or the small digits."""
    try:
        data = datasets.load(name) if name else load_digits(datasets.load)
    except FileNotFoundError as error:
        raise SystemExit(error) from error
    return data.centered()


def make_model(images, targets, seed):
    """Make two networks of the same neurons, which see the same images at the same time."""
    presented = nengo.processes.PresentInput(images, ASKED + TAUGHT)
    size_in, n_classes = images.shape[1], targets.shape[1]
    # without normalization, steps that teach are faster; growing encoders do no harm here
    encoder_rule = nengo_fa.FeedbackAlignment(
        n_classes, learning_rate=0.1, derivative=nengo_fa.Rate(), normalization=None
    )

    def gate(t, error):
        return error * ((t - 0.0005) % (ASKED + TAUGHT) > ASKED)

    with nengo.Network(seed=seed) as model:
        target = nengo.Node(nengo.processes.PresentInput(targets, ASKED + TAUGHT))
        for label, rule in (("learned", encoder_rule), ("fixed", None)):
            network = nengo_fa.networks.Classifier(
                size_in, n_classes, neuron_type=nengo.LIF(), seed=seed, label=label
            )
            network.stimulus.output = presented
            network.encode.learning_rule_type = rule
            network.decode.learning_rule_type = nengo.PES(1e-3)
            error = nengo.Node(gate, size_in=n_classes, label="error")
            nengo.Connection(network.output, error, synapse=None)
            nengo.Connection(target, error, transform=-1, synapse=None)
            nengo.Connection(error, network.decode.learning_rule, synapse=None)
            if rule is not None:
                nengo.Connection(error, network.encode.learning_rule, synapse=None)
    return model


def learn(model, labels, window):
    """Run the stream; return whether the two networks were wrong, (n_digits, 2)."""
    wrong = []
    with model:
        probes = [nengo.Probe(network.output) for network in model.networks]
    try:
        # Nengo's optimizer adds numbers in an order that changes from run to run.
        with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
            asked = round(ASKED / sim.dt)
            for label in labels:
                sim.run_steps(asked + round(TAUGHT / sim.dt))
                # in the first half, outputs still depend on the previous digit
                answers = [sim.data[p][asked // 2 : asked].mean(axis=0) for p in probes]
                wrong.append([answer.argmax() != label for answer in answers])
                sim.clear_probes()  # so that they do not fill the memory
                if len(wrong) % window == 0:
                    report(f"to digit {len(wrong)}", wrong[-window:])
    except KeyboardInterrupt:
        print(f"Interrupted after {len(wrong)} digits")
    return np.array(wrong)


def report(name, wrong):
    learned, fixed = np.mean(wrong, axis=0)
    print(f"{name:20}{learned:20.1%}{fixed:20.1%}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "dataset",
        nargs="?",
        choices=("mnist", "digits"),
        help="default: mnist, or the small digits of scikit-learn if MNIST is not found",
    )
    parser.add_argument(
        "--digits",
        type=number(int, 100, 60000),
        default=20000,
        metavar="N",
        help="largest number of digits to show (default: %(default)s)",
    )
    add_seed(parser, "the order of the digits, the neurons and the feedback weights")
    options = parser.parse_args()

    data = load(options.dataset)
    order = np.random.RandomState(options.seed).permutation(len(data.x_train))
    order = order[: options.digits]
    window = len(order) // 20
    print(f"{len(order)} of the dataset {data.name}, seed {options.seed}")
    print(f"{'misclassified':20}{'learned encoders':>20}{'fixed encoders':>20}")
    model = make_model(data.x_train[order], data.one_hot()[0][order], options.seed)
    wrong = learn(model, data.labels_train[order], window)
    if len(wrong) < window:
        raise SystemExit("There is nothing to report yet.")
    for k, fifth in enumerate(np.array_split(wrong, 5), start=1):
        report(f"fifth {k} of 5", fifth)

    time = np.arange(1, len(wrong) + 1) * (ASKED + TAUGHT)
    wrong = xr.DataArray(wrong * 1.0, {"time": time}, ("time", "network"))
    latest = wrong.rolling(time=window).mean()
    figure = plots.stream(
        xr.Dataset({"error": latest[:, 0], "error_fixed": latest[:, 1]})
    )
    figure.savefig("mnist_stream.png", dpi=150)
    print("Figure: mnist_stream.png")
