"""Rules with default learning rates do no harm, with any other options."""

import itertools

import nengo
import numpy as np
import pytest

import nengo_fa

DERIVATIVES = [nengo_fa.Step(), nengo_fa.Rate()]

# all of them are in benchmarks/default_rates.py
NORMALIZATIONS = [None, "augmented", "homeostatic"]
COMBINATIONS = list(itertools.product(NORMALIZATIONS, DERIVATIVES))


def find_speed(Simulator, radius=1.0, amplitude=1.0, max_rate=400, **kwargs):
    """Return the change of encoders per second, root mean square over neurons."""
    with nengo.Network(seed=1) as network:
        stimulus, error = nengo.Node([radius, 0]), nengo.Node([1.0])
        hidden = nengo.Ensemble(
            50,
            2,
            radius=radius,
            neuron_type=nengo.LIF(amplitude=amplitude),
            max_rates=nengo.dists.Uniform(max_rate / 2, max_rate),
        )
        encode = nengo.Connection(
            stimulus,
            hidden,
            synapse=None,
            learning_rule_type=nengo_fa.FeedbackAlignment(1, **kwargs),
        )
        nengo.Connection(error, encode.learning_rule, synapse=None)
        probe = nengo.Probe(encode.learning_rule, "delta")
    with Simulator(network) as sim:
        sim.run_steps(2)
        scale = sim.data[hidden].gain / radius
    change = sim.data[probe][-1] / scale[:, np.newaxis]
    return np.sqrt(np.mean(np.sum(change**2, axis=1))) / sim.dt


@pytest.mark.parametrize("normalization", [None, "homeostatic"])
def test_encoders_that_may_grow_change_by_one_per_second(Simulator, normalization):
    for derivative, most in zip(DERIVATIVES, (1, 2)):  # Rate is larger at some inputs
        kwargs = {"normalization": normalization, "derivative": derivative}
        for options in [{"radius": 10}, {"max_rate": 100}, {"amplitude": 0.01}]:
            assert find_speed(Simulator, **kwargs, **options) < most
        assert find_speed(Simulator, learning_rate=1.0, **kwargs) > 3 * most


def run_products(Simulator, seed, seconds=4.0):
    """Return errors with fixed encoders and with all combinations, and lengths."""
    with nengo.Network(seed=seed) as network:
        signal = nengo.processes.WhiteSignal(10.0, high=2, rms=0.5, seed=seed)
        stimulus = nengo.Node(signal, size_out=2)
        errors, encoders = [], []
        for combination in [None, *COMBINATIONS]:
            rule = None
            if combination is not None:
                normalization, derivative = combination
                rule = nengo_fa.FeedbackAlignment(
                    1, normalization=normalization, derivative=derivative
                )
            product = nengo_fa.networks.Multiplication(encoder_rule=rule, seed=seed)
            nengo.Connection(stimulus, product.input, synapse=None)
            errors.append(nengo.Probe(product.error))
            if rule is not None:
                target = product.encode.learning_rule
                encoders.append(
                    nengo.Probe(target, "scaled_encoders", sample_every=0.1)
                )
    with Simulator(network, optimize=True) as sim:
        sim.run(seconds)
    late = sim.trange() > 0.6 * seconds
    fixed, *learned = [np.sqrt(np.mean(sim.data[p][late] ** 2)) for p in errors]
    lengths = [np.linalg.norm(sim.data[probe], axis=2) for probe in encoders]
    return fixed, learned, [length / length[0] for length in lengths]


def test_no_combination_does_harm(Simulator):
    ratios = []
    for seed in range(3):
        fixed, learned, lengths = run_products(Simulator, seed)
        ratios.append(np.divide(learned, fixed))
        assert 1 / 3 < np.min(lengths) and np.max(lengths) < 3
    assert np.all(np.exp(np.mean(np.log(ratios), axis=0)) < 1.1)
