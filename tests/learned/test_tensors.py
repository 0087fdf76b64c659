"""Simulators that keep their arrays as tensors, with an axis for the samples of a batch."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa


class Tensor:
    """As much of a tensor of PyTorch as is needed to read it."""

    def __init__(self, array):
        self.array = array

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return self.array


class Batch:
    """A simulator as nengo-torch shows it, of the same samples over and over."""

    closed = False

    def __init__(self, sim, n_samples):
        self.model, self.data = sim.model, sim.data
        self.signals = {
            signal: Tensor(np.stack([sim.signals[signal]] * n_samples))
            for operator in sim.model.operators
            for signal in operator.all_signals
        }


@pytest.fixture
def sim(Simulator):
    if Simulator is not nengo.Simulator:
        pytest.skip("it makes tensors of the arrays of nengo.Simulator")
    with nengo.Network(seed=1) as network:
        stimulus, error = nengo.Node([0.5, -0.5]), nengo.Node([1.0])
        network.hidden = nengo.Ensemble(20, 2)
        rule = nengo_fa.FeedbackAlignment(1)
        encode = nengo.Connection(stimulus, network.hidden, learning_rule_type=rule)
        nengo.Connection(error, encode.learning_rule)
    with Simulator(network) as sim:
        sim.network = network
        sim.run_steps(20)
        yield sim


def test_a_batch_of_one_is_read_as_arrays_are(sim):
    hidden, batch = sim.network.hidden, Batch(sim, 1)
    for read in (
        nengo_fa.geometry.preferred_directions,
        lambda sim, hidden: nengo_fa.geometry.tuning_curves(sim, hidden, np.eye(2)),
    ):
        np.testing.assert_array_equal(read(batch, hidden), read(sim, hidden))
    nengo_fa.freeze_params(batch, sim.network)
    frozen = hidden.encoders
    nengo_fa.freeze_params(sim, sim.network)
    np.testing.assert_array_equal(frozen, hidden.encoders)


def test_larger_batches_are_refused_by_name(sim, tmp_path):
    hidden, batch = sim.network.hidden, Batch(sim, 3)
    for use in (
        lambda: nengo_fa.freeze_params(batch, sim.network),
        lambda: nengo_fa.save(batch, sim.network, tmp_path / "learned.npz"),
        lambda: nengo_fa.geometry.preferred_directions(batch, hidden),
    ):
        with pytest.raises(
            ValidationError, match="3 samples .*encoders.*minibatch_size"
        ):
            use()
    assert not list(tmp_path.iterdir())
