"""Which parts of nengo_fa run on which simulator: the table of docs/backends.rst.

Each cell is one run. If a network learns for one second, the cell is the largest difference
between its encoders and those learned in nengo.Simulator, relative to the movement of the
encoders. In other rows, the cell says whether the feature works, or contains the error.

    pip install ".[test]" nengo-torch==0.1.0 torch nengo-ocl==3.0.0 pyopencl
    python benchmarks/backends.py docs/backends.csv

The script fills the columns of the installed simulators and does not change other columns:
nengo-dl and nengo-loihi need their own environments, with older versions of Python.
"""

import argparse
import csv
import importlib
import tempfile
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path

import nengo
import numpy as np
from nengo.exceptions import BuildError
from nengo.rc import rc

import nengo_fa
from nengo_fa.learned import get_live_signals
from nengo_fa.rules.normalizations import NORMALIZATIONS
from nengo_fa.rules.teach_chain import VARIANTS


class SinglePrecision(nengo.Simulator):
    """The reference with rounding errors, for comparison with backends of 32 bits."""

    def __init__(self, network, **kwargs):
        rc["precision"]["bits"] = "32"
        try:
            super().__init__(network, **kwargs)
        finally:
            rc["precision"]["bits"] = "64"


def find_simulators():
    """Yield the installed simulators with the headings of their columns."""
    yield f"nengo {version('nengo')}", nengo.Simulator
    yield f"nengo {version('nengo')}, 32 bits", SinglePrecision
    with suppress(ImportError):
        import nengo_torch
        import torch

        name = f"nengo-torch {version('nengo-torch')}"
        yield f"{name}, 64 bits", partial(nengo_torch.Simulator, dtype=torch.float64)
        yield f"{name}, 32 bits", nengo_torch.Simulator
    with suppress(ImportError):
        from nengo_fa.backends import ocl

        yield f"nengo-ocl {version('nengo-ocl')}", ocl.Simulator
    for name in "nengo-dl", "nengo-loihi":
        with suppress(ImportError):
            module = importlib.import_module(name.replace("-", "_"))
            yield f"{name} {version(name)}", module.Simulator


def make_stimulus():
    return nengo.Node(lambda t: [np.sin(7 * t), np.cos(5 * t)])


def make_product(neuron_type=None):
    """Make two layers that multiply two numbers."""
    with nengo.Network(seed=1) as product:
        product.config[nengo.Ensemble].neuron_type = neuron_type or nengo.LIF(
            amplitude=0.01
        )
        product.input, product.output = nengo.Node(size_in=2), nengo.Node(size_in=1)
        layers = nengo.Ensemble(50, 2), nengo.Ensemble(50, 2)
        product.encodes = [
            nengo.Connection(product.input, layers[0]),
            nengo.Connection(*layers),
        ]
        product.decode = nengo.Connection(layers[1], product.output, function=np.prod)
    return product


def make_chain(neuron_type=None, **kwargs):
    """Make two layers that learn from the error of the product."""
    with nengo.Network(seed=1) as network:
        stimulus, error = make_stimulus(), nengo.Node(size_in=1)
        product = network.product = make_product(neuron_type)
        nengo.Connection(stimulus, product.input, synapse=None)
        nengo.Connection(product.output, error)
        nengo.Connection(stimulus, error, function=np.prod, transform=-1)
        product.decode.learning_rule_type = nengo.PES()
        nengo.Connection(error, product.decode.learning_rule)
        nengo_fa.teach_chain(product.encodes, product.decode, error, **kwargs)
    return network


def make_bursting():
    """Make pyramidal neurons that learn from bursts."""
    with nengo.Network(seed=1) as network:
        stimulus, error = nengo.Node([0.5, -0.5]), nengo.Node([1.0])
        hidden = nengo.Ensemble(50, 2, neuron_type=nengo_fa.Pyramidal())
        apical = nengo_fa.ApicalDendrites(hidden)
        nengo.Connection(error, apical, transform=np.full((50, 1), 2.0))
        rule = nengo_fa.BurstLearning()
        nengo.Connection(stimulus, hidden, learning_rule_type=rule)
    return network


def make_scaled():
    """Make a product with the derivative of rates, and a learning rate from a signal."""
    neuron_type = nengo.LIFRate(amplitude=0.01)
    network = make_chain(neuron_type, derivative=nengo_fa.Rate(), learning_rate=0.1)
    with network:
        factor = nengo_fa.LearningSignal(network.product.encodes[0].learning_rule)
        nengo.Connection(make_stimulus()[0], factor, synapse=None)
    return network


def find_networks():
    """Return functions that make networks, by the features that are tested."""
    networks = {}
    nodes = {"backprop": "``BackpropagatedError``, ", "global": "``NeuronError``, "}
    for variant in VARIANTS:
        rule = "Backprop" if "backprop" in variant else "FeedbackAlignment"
        node = nodes.get(variant.removeprefix("local ").replace("local", "global"), "")
        name = f"``{rule}``, {node}two layers, ``variant={variant!r}``"
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
    networks["``derivative=Rate()``, with a ``LearningSignal``"] = make_scaled
    networks["``eligibility_synapse``"] = partial(make_chain, eligibility_synapse=0.01)
    networks["``BurstLearning`` of ``Pyramidal`` neurons"] = make_bursting
    return networks


def read_encoders(sim, network):
    signals, model = get_live_signals(sim)
    encoders = [signals[model.sig[e]["encoders"]] for e in network.all_ensembles]
    return np.concatenate(encoders).astype(float)


def learn(make_simulator, make_network, n_steps=1000):
    """Return the encoders before and after one second."""
    network = make_network()
    with make_simulator(network, progress_bar=False) as sim:
        before = read_encoders(sim, network)
        sim.run(n_steps * sim.dt)
        return before, read_encoders(sim, network)


def compare(make_simulator, make_network):
    """Return the difference from encoders learned in nengo.Simulator, as text."""
    before, expected = learn(nengo.Simulator, make_network)
    _, learned = learn(make_simulator, make_network)
    moved = np.max(np.abs(expected - before))
    return f"{np.max(np.abs(learned - expected)) / moved:.0e}"


def deploy(make_simulator, path):
    """Return the difference of a learned network's output from nengo.Simulator, as text."""
    with nengo.Network(seed=1) as network:
        product = make_product()
        nengo.Connection(make_stimulus(), product.input, synapse=None)
        probe = nengo.Probe(product.output, synapse=0.03)
    nengo_fa.load(product, path)

    def run_there(make_simulator):
        with make_simulator(network, progress_bar=False) as sim:
            sim.run(1)
            return np.array(sim.data[probe]).reshape(-1)[100:]

    found, expected = run_there(make_simulator), run_there(nengo.Simulator)
    return f"{np.std(found - expected) / np.std(expected):.0e}"


def freeze(sim, network):
    nengo_fa.freeze_params(sim, network)
    sim.step()  # adds the change of the previous step, as freezing does
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
    sim.run(0.1)
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
        sim.run(0.1)
        return "yes" if feature(sim, network) else "differs"


def run(cell):
    """Return the text of a cell, or the error if there is one."""
    try:
        return cell()
    except BuildError as error:
        # the first sentence, as cells are narrow
        message = str(error).partition(". ")[0]
        return "refused" if "freeze_params" in str(error) else f"``{message}``"
    except Exception as error:
        return f"``{type(error).__name__}``: {error}"


def make_cells(make_simulator, learned):
    """Return the cells of a column, by the names of their rows."""
    for name, make_network in find_networks().items():
        yield name, partial(compare, make_simulator, make_network)
    for name, feature in FEATURES.items():
        yield name, partial(check, make_simulator, feature)
    yield (
        "output of a network with learned parameters",
        partial(deploy, make_simulator, learned),
    )


def make_columns():
    """Return the texts of each column, a dict, by its heading."""
    with tempfile.TemporaryDirectory() as folder:
        learned, network = Path(folder, "learned.npz"), make_chain()
        with nengo.Simulator(network, progress_bar=False) as sim:
            sim.run(1)
            nengo_fa.save(sim, network.product, learned)
        for heading, make_simulator in find_simulators():
            column = {}
            for name, cell in make_cells(make_simulator, learned):
                column[name] = run(cell)
                print(heading, name, column[name], sep=" | ", flush=True)
            yield heading, column


def read_columns(path):
    """Return the columns in a file, in the form of `make_columns`."""
    if not path.exists():
        return {}
    with open(path, newline="") as file:
        (_, *headings), *rows = csv.reader(file)
    return {
        heading: {row[0]: row[1 + index] for row in rows}
        for index, heading in enumerate(headings)
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path, help="file, such as docs/backends.csv")
    path = parser.parse_args().path
    columns = {**read_columns(path), **dict(make_columns())}
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["", *columns])
        for name, _ in make_cells(None, None):
            writer.writerow([name, *(c.get(name, "") for c in columns.values())])


if __name__ == "__main__":
    main()
