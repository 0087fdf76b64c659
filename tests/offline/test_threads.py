"""Small trainings use one thread, and large trainings use all threads."""

import nengo
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import nengo_fa
from nengo_fa.offline import threads


def count_threads():
    return {
        library["num_threads"]
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if count_threads() != {2}:
            pytest.skip("BLAS has one thread only")
        yield


def train(n_samples, callback):
    with nengo.Network(seed=1) as model:
        hidden = nengo.Ensemble(20, 2)
        rule = nengo_fa.FeedbackAlignment(1)
        nengo.Connection(nengo.Node(size_in=2), hidden, learning_rule_type=rule)
        decode = nengo.Connection(hidden, nengo.Node(size_in=1), function=np.prod)
    x = np.random.RandomState(0).uniform(-1, 1, size=(n_samples, 2))
    nengo_fa.train(decode, x, x[:, :1], 2, network=model, callback=callback)


@pytest.mark.parametrize("n_samples, expected", [(1000, 2), (999, 1)])
def test_threads_by_the_size_of_an_epoch(n_samples, expected, monkeypatch):
    """Three weights of each of 20 neurons, with the bias, and a square of decoders."""
    monkeypatch.setattr(threads, "N_PRODUCTS", 1000 * (3 * 20 + 20**2))
    seen = []
    train(n_samples, lambda history: seen.append(count_threads()))
    assert seen == [{expected}] * 2
    assert count_threads() == {2}


def test_threads_are_as_before_when_a_training_fails():
    def fail(history):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        train(30, fail)
    assert count_threads() == {2}
