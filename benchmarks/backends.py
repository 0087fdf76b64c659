"""What of nengo_fa runs on which simulator: the table of docs/backends.rst.

Each cell is one run. Where a network learns for one second, the cell is the largest
difference of an encoder from what nengo.Simulator learns, relative to how far the encoders
move. Elsewhere it is whether what is said works, or the error that is raised.

    pip install ".[test]" nengo-torch==0.1.0 torch
    python benchmarks/backends.py docs/backends.csv
"""

import argparse
import csv
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path

import nengo
import nengo_torch
import numpy as np
import torch

import nengo_fa
from nengo_fa.learned import get_live_signals
from nengo_fa.rules.normalizations import NORMALIZATIONS
from nengo_fa.rules.teach_chain import VARIANTS

SIMULATORS = {
    f"nengo {version('nengo')}": nengo.Simulator,
    f"nengo-torch {version('nengo-torch')}, 64 bits": partial(
        nengo_torch.Simulator, dtype=torch.float64
    ),
    f"nengo-torch {version('nengo-torch')}, 32 bits": nengo_torch.Simulator,
}


def make_chain(neuron_type=None, **kwargs):
    """Two layers that learn to multiply two numbers, with the error of the product."""
    with nengo.Network(seed=1) as network:
        network.config[nengo.Ensemble].neuron_type = neuron_type or nengo.LIF(
            amplitude=0.01
        )
        stimulus = nengo.Node(lambda t: [np.sin(7 * t), np.cos(5 * t)])
        layers = nengo.Ensemble(50, 2), nengo.Ensemble(50, 2)
        output, error = nengo.Node(size_in=1), nengo.Node(size_in=1)
        encodes = [
            nengo.Connection(stimulus, layers[0]),
            nengo.Connection(*layers),
        ]
        decode = nengo.Connection(layers[1], output, function=np.prod)
        nengo.Connection(output, error)
        nengo.Connection(stimulus, error, function=np.prod, transform=-1)
        decode.learning_rule_type = nengo.PES()
        nengo.Connection(error, decode.learning_rule)
        nengo_fa.teach_chain(encodes, decode, error, **kwargs)
    return network


def make_bursting():
    """Pyramidal neurons that learn from bursts."""
    with nengo.Network(seed=1) as network:
        stimulus, error = nengo.Node([0.5, -0.5]), nengo.Node([1.0])
        hidden = nengo.Ensemble(50, 2, neuron_type=nengo_fa.Pyramidal())
        apical = nengo_fa.ApicalDendrites(hidden)
        nengo.Connection(error, apical, transform=np.full((50, 1), 2.0))
        rule = nengo_fa.BurstLearning()
        nengo.Connection(stimulus, hidden, learning_rule_type=rule)
    return network


def find_networks():
    """What makes each network, by what is learned there."""
    networks = {}
    for variant in VARIANTS:
        rule = "Backprop" if "backprop" in variant else "FeedbackAlignment"
        name = f"``{rule}``, two layers, ``variant={variant!r}``"
        networks[name] = partial(make_chain, variant=variant)
    for normalization in NORMALIZATIONS:
        name = f"``FeedbackAlignment``, ``normalization={normalization!r}``"
        networks[name] = partial(make_chain, normalization=normalization)
    for kind in nengo_fa.feedback.SignSymmetric, nengo_fa.feedback.KolenPollack:
        networks[f"``feedback={kind.__name__}``"] = partial(
            make_chain, variant="global", feedback=kind
        )
    for neuron_type in nengo.LIFRate(amplitude=0.01), nengo.AdaptiveLIF(amplitude=0.01):
        name = f"neurons of type ``{type(neuron_type).__name__}``"
        networks[name] = partial(make_chain, neuron_type)
    networks["``BurstLearning`` of ``Pyramidal`` neurons"] = make_bursting
    return networks


def read_encoders(sim, network):
    signals, model = get_live_signals(sim)
    encoders = [signals[model.sig[e]["encoders"]] for e in network.all_ensembles]
    return np.concatenate(encoders).astype(float)


def learn(make_simulator, make_network, n_steps=1000):
    """The encoders before and after one second."""
    network = make_network()
    with make_simulator(network, progress_bar=False) as sim:
        before = read_encoders(sim, network)
        sim.run_steps(n_steps)
        return before, read_encoders(sim, network)


def compare(make_simulator, make_network):
    """The difference from what nengo.Simulator learns, as text."""
    before, expected = learn(nengo.Simulator, make_network)
    _, learned = learn(make_simulator, make_network)
    moved = np.max(np.abs(expected - before))
    return f"{np.max(np.abs(learned - expected)) / moved:.0e}"


def freeze(sim, network):
    nengo_fa.freeze_params(sim, network)
    sim.step()  # which adds the change of the step before, as freezing does
    learned = read_encoders(sim, network)
    with nengo.Simulator(network, progress_bar=False) as frozen:
        return np.allclose(read_encoders(frozen, network), learned, rtol=1e-6)


def save(sim, network):
    other = make_chain()
    with tempfile.TemporaryDirectory() as folder:
        nengo_fa.save(sim, network, Path(folder, "learned.npz"))
        nengo_fa.load(other, Path(folder, "learned.npz"))
    sim.step()
    learned = read_encoders(sim, network)
    with nengo.Simulator(other, progress_bar=False) as loaded:
        return np.allclose(read_encoders(loaded, other), learned, rtol=1e-6)


def geometry(sim, network):
    ensemble, inputs = network.all_ensembles[0], np.eye(2)
    directions = nengo_fa.geometry.preferred_directions(sim, ensemble)
    curves = nengo_fa.geometry.tuning_curves(sim, ensemble, inputs)
    return directions.shape == (50, 2) and curves.shape == (2, 50)


def reset(sim, network):
    learned = read_encoders(sim, network)
    sim.reset()
    sim.run_steps(100)
    return np.array_equal(read_encoders(sim, network), learned)


FEATURES = {
    "`.freeze_params`": freeze,
    ":func:`nengo_fa.save` and :func:`nengo_fa.load`": save,
    ":func:`~nengo_fa.geometry.preferred_directions` and "
    ":func:`~nengo_fa.geometry.tuning_curves`": geometry,
    "``reset`` and the same again": reset,
}


def check(make_simulator, feature):
    network = make_chain()
    with make_simulator(network, progress_bar=False) as sim:
        sim.run_steps(100)
        return "yes" if feature(sim, network) else "differs"


def run(cell):
    """The text of a cell, which is an error if there is one."""
    try:
        return cell()
    except Exception as error:
        return f"``{type(error).__name__}``: {error}"


def make_rows():
    yield ["", *SIMULATORS]
    for cells, names in (compare, find_networks()), (check, FEATURES):
        for name, what in names.items():
            yield [name, *(run(partial(cells, s, what)) for s in SIMULATORS.values())]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", help="file to write, such as docs/backends.csv")
    with open(parser.parse_args().path, "w", newline="") as file:
        for row in make_rows():
            print(*row, sep=" | ", flush=True)
            csv.writer(file, lineterminator="\n").writerow(row)


if __name__ == "__main__":
    main()
