"""How well fixed encoders classify digits: the baseline for learned encoders.

The rates of 200 LIF neurons encode MNIST, and ``nengo.solvers.LstsqL2`` finds decoders from
all training digits. Prints the test error in percent (medians over several draws) for each kind
of encoders, in three settings of intercepts, radius and regularization.
"""

import argparse

import nengo
import numpy as np
from nengo.builder.ensemble import get_activities
from nengo.utils.progress import Progress, ProgressTracker

from nengo_fa import datasets
from nengo_fa.networks import receptive_fields

N_NEURONS = 200

SETTINGS = [
    ("±0.95, 1, 0.1", {"intercepts": 0.95, "radius": 1.0, "reg": 0.1}),
    ("±0.95, 1, 0.01", {"intercepts": 0.95, "radius": 1.0, "reg": 0.01}),
    ("±0.5, 0.1, 0.01", {"intercepts": 0.5, "radius": 0.1, "reg": 0.01}),
]


def make_kinds(data):
    """Return functions that draw encoders with a random state, by name."""
    n, shape, x, labels = N_NEURONS, data.image_shape, data.x_train, data.labels_train
    sphere = nengo.dists.UniformHypersphere(surface=True)
    fields = receptive_fields
    return {
        "Nengo's own": lambda rng: sphere.sample(n, x.shape[1], rng=rng),
        "patches, size 9": lambda rng: fields.patches(n, shape, rng, size=9),
        "differences": lambda rng: fields.differences(n, x, labels, rng),
        "differences, size 11": lambda rng: fields.differences(
            n, x, labels, rng, size=11, image_shape=shape
        ),
        "gabor, size 9": lambda rng: fields.gabor(n, shape, rng, size=9),
        "gabor, size 13": lambda rng: fields.gabor(n, shape, rng, size=13),
    }


def find_test_error(data, encoders, seed, intercepts, radius, reg):
    """Return the percentage of the test samples that are misclassified."""
    with nengo.Network(seed=seed) as network:
        hidden = nengo.Ensemble(
            N_NEURONS,
            data.x_train.shape[1],
            neuron_type=nengo.LIFRate(),
            max_rates=nengo.dists.Uniform(50, 100),
            intercepts=nengo.dists.Uniform(-intercepts, intercepts),
            radius=radius,
            encoders=encoders,
        )
    with nengo.Simulator(network, progress_bar=False) as sim:
        built = sim.data[hidden]
    y_train, _ = data.one_hot()
    solver = nengo.solvers.LstsqL2(reg=reg)
    decoders, _ = solver(get_activities(built, hidden, data.x_train), y_train)
    outputs = get_activities(built, hidden, data.x_test) @ decoders
    return 100 * np.mean(outputs.argmax(axis=1) != data.labels_test)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=3, metavar="N")
    options = parser.parse_args()
    data = datasets.mnist().centered()
    kinds = make_kinds(data)
    table = np.empty((len(kinds), len(SETTINGS), options.draws))
    progress = Progress("Solving", "Solving", max_steps=table.size)
    with ProgressTracker(True, progress):
        for i, draw in enumerate(kinds.values()):
            for seed in range(options.draws):
                encoders = draw(np.random.RandomState(seed))
                for j, (_, setting) in enumerate(SETTINGS):
                    table[i, j, seed] = find_test_error(data, encoders, seed, **setting)
                    progress.step()
    heading = "intercepts, radius, reg:"
    print(f"{heading:26}" + "".join(f"{name:>18}" for name, _ in SETTINGS))
    for kind, errors in zip(kinds, np.median(table, axis=-1)):
        print(f"{kind:26}" + "".join(f"{error:18.1f}" for error in errors))


if __name__ == "__main__":
    main()
