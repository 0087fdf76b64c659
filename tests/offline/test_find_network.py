"""`train` finds the network around a connection if it is not given."""

import copy
import gc
import pickle
import subprocess
import sys
import threading
import time

import nengo
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.offline.find_network import find_network


def make():
    with nengo.Network() as outer:
        with nengo.Network() as inner:
            inner.decode = nengo.Connection(nengo.Ensemble(5, 1), nengo.Node(size_in=1))
    return outer, inner


def test_outermost_network():
    outer, inner = make()
    assert find_network(inner.decode) is outer
    # whatever else holds the connection
    others = [[inner.decode], {"decode": inner.decode}, {inner.decode: [inner.decode]}]
    stranger = nengo.Network()
    stranger.others = others
    stranger.decode = inner.decode
    assert find_network(inner.decode) is outer


@pytest.mark.parametrize(
    "copy_network",
    [
        copy.deepcopy,
        lambda net: net.copy(),
        lambda net: pickle.loads(pickle.dumps(net)),
    ],
)
def test_copies_have_their_own(copy_network):
    outer, inner = make()
    del inner.decode
    other = copy_network(outer)
    for network in (outer, other):
        assert find_network(network.all_connections[0]) is network


def test_other_threads_go_on():
    """They fail if somebody takes a reference to a tuple that they are still making."""
    _, inner = make()
    stop, errors = threading.Event(), []

    def make_tuples():
        while not stop.is_set():
            try:
                tuple(i for i in range(500))
            except BaseException as error:
                errors.append(error)

    thread = threading.Thread(target=make_tuples)
    thread.start()
    try:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            find_network(inner.decode)
    finally:
        stop.set()
        thread.join()
    assert not errors


def test_several_networks_or_none():
    outer, inner = make()
    decode, other = inner.decode, nengo.Network()
    other.networks.append(outer)
    third = nengo.Network()
    third.networks.append(outer)
    with pytest.raises(ValidationError, match="several networks.*network="):
        find_network(decode)
    del outer, inner, other, third
    gc.collect()
    with pytest.raises(ValidationError, match="was not found. Keep a reference"):
        find_network(decode)


def test_after_gc_freeze_it_asks():
    """In a separate process, because all existing objects would stay frozen."""
    script = """if True:
        import gc, nengo, numpy as np, nengo_fa
        x = np.random.RandomState(0).uniform(-1, 1, (30, 1))
        with nengo.Network(seed=1) as model:
            hidden = nengo.Ensemble(10, 1)
            nengo.Connection(nengo.Node([0]), hidden,
                             learning_rule_type=nengo_fa.FeedbackAlignment(1))
            decode = nengo.Connection(hidden, nengo.Node(size_in=1))
        gc.freeze()
        nengo_fa.train(decode, x, x**2, 1, network=model, progress_bar=False)
        try:
            nengo_fa.train(decode, x, x**2, 1, progress_bar=False)
        except nengo.exceptions.ValidationError as error:
            assert "gc.freeze" in str(error) and "network=" in str(error)
            print("asked")
    """
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.stdout == "asked\n", run.stderr
