"""Products by Nengo and by ensembles: the measured errors, and the claims about them."""

import nengo
import numpy as np
import pytest
from nengo.builder import Model
from nengo.exceptions import ValidationError
from nengo.networks.circularconvolution import transform_in

from nengo_fa.experiments import products
from nengo_fa.experiments.product_tasks import TASKS, make_convolution
from nengo_fa.experiments.products import (
    BY_HAND,
    BY_LEARNING,
    ProductExperiment,
    check_claims,
    find_magnitude,
    multiply_pairs,
    multiply_squares,
    report,
)


@pytest.mark.parametrize("n_pointers", [None, 3])
@pytest.mark.parametrize("dimensions", [4, 5])
def test_products_make_a_circular_convolution(rng, allclose, dimensions, n_pointers):
    task = make_convolution(dimensions, n_pointers)
    pairs = task.draw(200, rng)
    left, right = (
        pairs[..., k] @ np.linalg.pinv(transform_in(dimensions, align, False)).T
        for k, align in enumerate("AB")
    )
    spectrum = np.fft.rfft(left) * np.fft.rfft(right)
    found = pairs.prod(axis=-1) @ task.transform.T
    assert allclose(found, np.fft.irfft(spectrum, n=dimensions))
    # vectors of length one, but for the noise of pointers that are known
    noise = 1e-9 if n_pointers is None else 0.5
    assert allclose(np.linalg.norm([left, right], axis=-1), 1, atol=noise)
    is_near = np.linalg.norm(left[:, np.newaxis] - left, axis=-1) < 0.5
    assert (np.mean(is_near) > 0.2) == (n_pointers is not None)


@pytest.mark.parametrize("kind", ["Product", "pairs"])
def test_outputs_are_those_of_a_simulator(Simulator, rng, allclose, kind):
    """With rates, that is a network in which the filters have settled."""
    pairs = rng.uniform(-1, 1, size=(1, 3, 2))
    with nengo.Network(seed=1) as model:
        model.config[nengo.Ensemble].neuron_type = nengo.LIFRate()
        inputs = [nengo.Node(pairs[0, :, k]) for k in (0, 1)]
        if kind == "Product":
            network = nengo.networks.Product(20, 3)
            squares = network.sq1.square, network.sq2.square
            for node, end in zip(inputs, (network.input_a, network.input_b)):
                nengo.Connection(node, end, synapse=None)
            output, multiply = network.output, multiply_squares
        else:
            network = nengo.networks.EnsembleArray(20, 3, ens_dimensions=2)
            for k, node in enumerate(inputs):
                nengo.Connection(node, network.input[k::2], synapse=None)
            output, multiply = network.add_output("products", np.prod), multiply_pairs
            squares = (output,)
        decodes = [o for o in network.all_connections if o.post_obj in squares]
        probe = nengo.Probe(output)
    built = Model()
    built.build(model)
    with Simulator(model) as sim:
        sim.run(0.002)
    assert allclose(multiply(built, decodes, pairs, None)[0], sim.data[probe][-1])


def test_magnitude_fits_sums_and_differences():
    pairs = np.zeros((1000, 1, 2))
    pairs[:, 0] = np.linspace(0, 2, 1000)[:, np.newaxis]
    assert 1.9 < find_magnitude(pairs) < 2


def test_trials_are_the_same_whichever_run_with_them(monkeypatch):
    monkeypatch.setattr(products, "N_SAMPLES", 60)
    experiment = ProductExperiment(2, 1, 10, tasks=("square", "concentrated"))
    data = experiment.run_here()
    assert np.isfinite(data["error"]).all()
    again = experiment.run(task=[1], trial=[1])["error"][0, ..., 0]
    one = data["error"].sel(task="concentrated", trial=1)
    assert np.array_equal(again, one.transpose("kind", "noise"))
    assert not np.allclose(one, data["error"].sel(task="concentrated", trial=0))


@pytest.mark.parametrize(
    "parameters",
    [{"n_trials": 0}, {"epochs": 0}, {"tasks": ()}, {"tasks": ("circle",)}],
)
def test_refuses(parameters):
    with pytest.raises(ValidationError, match=next(iter(parameters))):
        ProductExperiment(**parameters)


@pytest.fixture
def data(rng):
    """Data in which each network is better in the tasks of the claims."""
    template = ProductExperiment(n_trials=9).make_template()
    error = template["error"].copy(data=rng.uniform(0.3, 0.31, template["error"].shape))
    error.loc[{"kind": "learned"}] -= 0.05
    error.loc[{"kind": "diagonal"}] -= 0.05
    error.loc[{"kind": list(products.PRODUCTS), "task": list(BY_HAND)}] -= 0.2
    error.loc[{"kind": "learned from diagonal"}] -= 0.1
    return template.assign(error=error)


def test_claims(data):
    assert {*BY_HAND, *BY_LEARNING} == set(TASKS)
    claims = check_claims(data)
    assert [claim.verdict for claim in claims] == ["held"] * 4
    assert [len(claim.findings) for claim in claims] == [9, 12, 12, 21]
    opposite = check_claims(data.assign(error=1 - data["error"]))
    assert "held" not in [claim.verdict for claim in opposite]
    assert [c.verdict for c in check_claims(data.transpose())] == ["held"] * 4


def test_report(data):
    data.error.loc[{"noise": "10 ms", "kind": "random", "task": "correlated"}] = 0.125
    lines = report(data).splitlines()
    assert len(lines) == 1 + 3 * (1 + len(products.KINDS))
    assert sum("0.125" in line and "random" in line for line in lines) == 1
