"""Dynamics with fixed decoders while the encoders learn, over seeds."""

from functools import partial

import nengo
import numpy as np
import pytest
from nengo.exceptions import NengoWarning

import nengo_fa
from nengo_fa.experiments.sweep.claims import find_lower

TAU, SEEDS, SECONDS = 0.1, range(7), 4


def turn(x):
    """An oscillator of 1 Hz that returns to the unit circle."""
    speed = 2 * np.pi * np.array([-x[1], x[0]]) + 3 * (1 - x @ x) * x
    return x + TAU * speed


def close_loop(state):
    """The decoders that Nengo solves for."""
    return nengo.Connection(state, state, synapse=TAU, function=turn)


def close_loop_that_learns(state, pes_rate):
    """Make a loop whose decoders learn as well, with a target from the input."""
    decoded, filtered = nengo.Node(size_in=2), nengo.Node(size_in=2)
    loop = nengo.Connection(
        state,
        decoded,
        synapse=None,
        function=turn,
        learning_rule_type=nengo.PES(pes_rate, pre_synapse=None),
    )
    error = nengo.Node(lambda t, x: (t > 2 * TAU) * (x[:2] - turn(x[2:])), size_in=4)
    nengo.Connection(decoded, error[:2], synapse=None)
    nengo.Connection(filtered, error[2:], synapse=0)
    nengo.Connection(error, loop.learning_rule, synapse=None)
    nengo.Connection(decoded, filtered, synapse=TAU)
    return nengo.Connection(filtered, state, synapse=None)


def make_oscillator(rate, seed, close=close_loop):
    """Its encoders learn a product of its state for another connection."""
    with nengo.Network(seed=seed) as model:
        state = nengo.Ensemble(60, 2, radius=1.2, neuron_type=nengo.LIFRate())
        nengo.Connection(nengo.Node(lambda t: [2 * (t < TAU), 0]), state, synapse=None)
        loop = close(state)
        error = nengo.Node(lambda t, y: y - np.sin(4 * np.pi * t), size_in=1)
        decode = nengo.Connection(
            state, error, function=lambda x: 0, learning_rule_type=nengo.PES(3e-5)
        )
        nengo.Connection(error, decode.learning_rule)
        if rate is not None:
            loop.learning_rule_type = nengo_fa.FeedbackAlignment(1, **rate)
            nengo.Connection(error, loop.learning_rule)
        model.state = nengo.Probe(state, synapse=0.02)
    return model


def simulate(rate, parts=1, close=close_loop):
    """The amplitudes after learning, of all seeds; between parts decoders are solved."""
    with nengo.Network() as model:
        networks = [make_oscillator(rate, seed, close) for seed in SEEDS]
    for _ in range(parts):
        with nengo.Simulator(model, dt=0.005) as sim:
            sim.run(SECONDS / parts)
            nengo_fa.solve_decoders(model, sim)
    last = [sim.data[network.state][-200:] for network in networks]
    return np.sqrt(np.mean(np.sum(np.square(last), axis=2), axis=1))


def test_loop_dies_at_the_default_rate_and_lives_with_decoders_that_are_solved_anew():
    alive, still, solved = simulate(None), simulate({}), simulate({}, parts=4)
    assert np.all(alive > 0.9)
    assert find_lower("stood still", still, alive / 5).verdict == "held"
    assert find_lower("solved anew", alive / 2, solved).verdict == "held"


def test_low_rates_leave_the_loop_alive():
    slow = simulate({"learning_rate": 0.03})
    assert find_lower("slow", np.full(len(slow), 0.75), slow).verdict == "held"


def test_decoders_that_are_taught_keep_the_loop_alive_if_they_are_fast():
    slow, fast = (
        simulate({}, close=partial(close_loop_that_learns, pes_rate=rate))
        for rate in (1e-4, 5e-3)
    )
    alive = np.full(len(SEEDS), 0.4)
    assert find_lower("the default rate of PES", slow, alive / 2).verdict == "held"
    assert find_lower("fifty times as fast", alive, fast).verdict == "held"


def test_warning_says_which_page_to_read():
    model = make_oscillator({}, seed=0)
    with pytest.warns(NengoWarning, match="'Decoders that do not learn' of the doc"):
        nengo.Simulator(model).close()
