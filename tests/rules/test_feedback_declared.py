"""Valid and invalid declarations of feedback weights."""

import pickle

import nengo
import numpy as np
import pytest
from nengo.dists import Uniform
from nengo.exceptions import BuildError, ValidationError
from nengo_fa.feedback import Feedback, KolenPollack, Orthogonal, SignSymmetric

from nengo_fa import FeedbackAlignment


class Unfinished(Feedback):
    """Does not say how weights follow."""


class Forgetful(Feedback):
    def make_step(self, weights, feedback, dt, rng):
        """Without a function to return."""


class Short(Forgetful):
    def draw(self, n_neurons, size_in, rng):
        return np.ones(n_neurons)


def make_two_layers():
    with nengo.Network() as model:
        model.stimulus, model.output = nengo.Node([0.5] * 3), nengo.Node(size_in=2)
        model.first, model.second = nengo.Ensemble(6, 3), nengo.Ensemble(5, 3)
        model.encode = nengo.Connection(model.stimulus, model.first)
        model.forward = nengo.Connection(model.first, model.second)
        model.decode = nengo.Connection(model.second[:2], model.output)
    return model


def declare(make_feedback, size_in=3):
    """A rule with what is made of two layers."""
    return lambda: FeedbackAlignment(size_in, feedback=make_feedback(make_two_layers()))


def build(make_feedback, **kwargs):
    """A simulation of it, between two layers that are connected in a way of their own."""

    def make():
        model = make_two_layers()
        if kwargs:
            with model:
                ends = model.first, model.second
                if "transform" in kwargs:
                    ends = model.first.neurons, model.second
                model.forward = nengo.Connection(*ends, **kwargs)
        feedback = make_feedback(model)
        rule = FeedbackAlignment(feedback.size_in, feedback=feedback)
        model.encode.learning_rule_type = rule
        nengo.Simulator(model)

    return make


def forward(kind, *args, **kwargs):
    return lambda model: kind(model.forward, *args, **kwargs)


# declaration: attribute (or None where the message has to tell), part of the message
BAD = {
    "not a connection": (
        lambda: SignSymmetric("decode"), "connection", "'Connection'"),
    "no connection": (lambda: KolenPollack(None), "connection", "not optional"),
    "an ensemble": (
        lambda: KolenPollack(make_two_layers().first), "connection", "'Connection'"),
    "to_neurons of a node": (
        lambda: SignSymmetric(make_two_layers().decode, to_neurons=True),
        "to_neurons", "Use to_neurons=False"),
    "to_neurons a number": (
        declare(forward(SignSymmetric, to_neurons=1)), "to_neurons", "type 'bool'"),
    "size of neurons": (
        declare(forward(SignSymmetric), size_in=5), "feedback",
        "size_in be 3, or give the feedback to_neurons=True"),
    "size of outputs": (
        declare(forward(KolenPollack, to_neurons=True)), "feedback",
        "size_in be 5, or give the feedback to_neurons=False"),
    "a class": (
        lambda: FeedbackAlignment(2, feedback=SignSymmetric), "feedback", "an instance"),
    "the connection itself": (
        declare(lambda model: model.forward), "feedback", "nengo_fa.feedback.Feedback"),
    "negative magnitude": (
        declare(forward(SignSymmetric, -1)), "magnitudes", "not be negative"),
    "NaN magnitude": (declare(forward(SignSymmetric, np.nan)), "magnitudes", "finite"),
    "magnitudes None": (
        declare(forward(SignSymmetric, None)), "magnitudes", "not optional"),
    "magnitudes text": (
        declare(forward(SignSymmetric, "random")), "magnitudes", "distribution"),
    "magnitudes of too few neurons": (
        build(forward(SignSymmetric, np.ones((5, 3)))), None, r"must be .* \(6, 3\)"),
    "nothing to redraw": (
        declare(forward(SignSymmetric, redraw=True)), "redraw", "Give a distribution"),
    "redraw text": (
        declare(forward(SignSymmetric, redraw="batch")), "redraw", "type 'bool'"),
    "negative decay": (declare(forward(KolenPollack, -1)), "decay", "equal to 0"),
    "infinite decay": (declare(forward(KolenPollack, np.inf)), "decay", "finite"),
    "NaN initial": (
        declare(forward(KolenPollack, initial=np.full((6, 3), np.nan))),
        "initial", "finite"),
    "initial of another size": (
        declare(forward(KolenPollack, initial=np.ones((6, 2)))),
        "initial", r"shape\[1\] should be 3"),
    "scale zero": (lambda: Orthogonal(0), "scale", "greater than 0"),
    "scale NaN": (lambda: Orthogonal(np.nan), "scale", "finite"),
    "connection of another ensemble": (
        build(lambda model: SignSymmetric(model.decode)),
        None, "SignSymmetric.connection is .* leaves .* Give the connection from there"),
    "connection of another network": (
        build(lambda model: SignSymmetric(connect_elsewhere(model))),
        None, "not part of the model"),
    "full weights": (
        build(forward(KolenPollack, to_neurons=True),
              solver=nengo.solvers.LstsqL2(weights=True)),
        None, "Use a solver with weights=False"),
    "sparse transform": (
        build(forward(KolenPollack),
              transform=nengo.Sparse((3, 6), indices=[[0, 0]])),
        None, "Use a dense transform"),
    "weights drawn in another shape": (build(forward(Short)), None, r"shape \(6,\)"),
    "no function": (build(forward(Forgetful)), None, "return a function"),
}  # fmt: skip


def connect_elsewhere(model):
    with nengo.Network():
        return nengo.Connection(model.first, model.second)


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    make, attr, message = BAD[name]
    with pytest.raises(ValidationError if attr else BuildError, match=message) as info:
        make()
    if attr:
        assert info.value.attr == attr


def test_unfinished_kinds_say_what_is_missing():
    with pytest.raises(NotImplementedError, match="make_step"):
        build(forward(Unfinished))()


def test_frozen_equal_and_pickled():
    decode, other = (make_two_layers().forward for _ in range(2))
    kinds = [
        SignSymmetric(decode),
        SignSymmetric(other),
        SignSymmetric(decode, 2),
        SignSymmetric(decode, Uniform(0, 1)),
        SignSymmetric(decode, Uniform(0, 1), redraw=True),
        KolenPollack(decode),
        KolenPollack(decode, 2),
        KolenPollack(decode, initial=Orthogonal()),
        KolenPollack(decode, initial=np.ones((6, 3))),
        Forgetful(decode),
        Forgetful(decode, to_neurons=True),
    ]
    for i, kind in enumerate(kinds):
        assert [kind == k for k in kinds] == [i == j for j in range(len(kinds))]
        size_in = kind.size_in
        rule, same = (FeedbackAlignment(size_in, feedback=kind) for _ in range(2))
        assert rule == same and hash(rule) == hash(same)
        assert pickle.loads(pickle.dumps(rule)).feedback.size_in == size_in
    assert [kind.size_in for kind in kinds[-2:]] == [3, 5]
    same = SignSymmetric(decode)
    assert same == kinds[0] and hash(same) == hash(kinds[0])
    with pytest.raises(ValidationError, match="read-only"):
        kinds[0].redraw = True
    assert repr(kinds[6]) == f"KolenPollack(connection={decode!r}, decay=2)"
