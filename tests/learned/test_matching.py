"""A saved network is found in one to which other objects have been added."""

import nengo
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa import gui
from nengo_fa.learned.matching import Misfit, describe, find_saved_parts


def make(seed=1, *, before=None, after=None):
    """Make a network that learns, with objects added before and after it."""
    with nengo.Network(seed=seed) as model:
        if before is not None:
            before(model)
        model.stimulus, model.error = nengo.Node([0.4, -0.3]), nengo.Node([1.0])
        model.output = nengo.Node(size_in=1)
        model.hidden = nengo.Ensemble(20, 2)
        model.encode = nengo.Connection(
            model.stimulus,
            model.hidden,
            learning_rule_type=nengo_fa.FeedbackAlignment(1),
        )
        nengo.Connection(model.error, model.encode.learning_rule)
        model.decode = nengo.Connection(model.hidden, model.output, function=np.prod)
        if after is not None:
            after(model)
    return model


@pytest.fixture
def path(Simulator, tmp_path):
    save(Simulator, make(), tmp_path / "learned.npz")
    return tmp_path / "learned.npz"


def save(Simulator, model, path):
    with Simulator(model) as sim:
        sim.run(0.05)
        nengo_fa.save(sim, model, path)


def add_view(model):
    gui.ErrorHistory({"output": model.output})


def add_probe(model):
    nengo.Probe(model.hidden)
    nengo.Probe(model.encode.learning_rule, "delta")


def add_error_circuit(model):
    error = nengo.Ensemble(50, 1)
    nengo.Connection(model.output, error)
    nengo.Connection(model.stimulus, error, function=np.prod, transform=-1)
    decode = nengo.Connection(model.hidden, nengo.Node(size_in=2), label="second")
    decode.learning_rule_type = nengo.PES()
    nengo.Connection(error, decode.learning_rule, transform=[[1], [1]])


def add_readout(model):
    nengo.Connection(model.hidden[0], nengo.Node(size_in=1))


def add_alike(model):
    """An ensemble like the one that learned, at another place."""
    nengo.Connection(nengo.Ensemble(20, 2), nengo.Node(size_in=2))


def add_first(model):
    node = nengo.Node(lambda t: [t])
    nengo.Connection(node, nengo.Ensemble(10, 1))
    with nengo.Network():
        nengo.Connection(nengo.Ensemble(20, 2), nengo.Node(size_in=2))


@pytest.mark.parametrize(
    "added",
    [
        {"after": add_view},
        {"after": add_probe},
        {"after": add_error_circuit},
        {"after": add_readout},
        {"after": add_alike},
        {"before": add_first},
        {"before": add_first, "after": add_error_circuit},
    ],
)
def test_load_with_more_objects(Simulator, path, added):
    expected, model = make(), make(seed=7, **added)
    nengo_fa.load(expected, path)
    added_seeds = {
        obj: obj.seed
        for obj in (*model.all_ensembles, *model.all_connections)
        if obj not in (model.hidden, *model.all_connections)
    }
    nengo_fa.load(model, path)
    assert np.array_equal(model.hidden.encoders, expected.hidden.encoders)
    assert model.hidden.seed == expected.hidden.seed
    for name in ("encode", "decode"):
        assert getattr(model, name).seed == getattr(expected, name).seed
    assert np.array_equal(model.decode.solver.values, expected.decode.solver.values)
    assert all(obj.seed == seed for obj, seed in added_seeds.items())
    others = {*model.all_ensembles} - {model.hidden}
    assert all(isinstance(o.encoders, nengo.dists.Distribution) for o in others)
    Simulator(model).close()


def test_another_view_of_the_same(Simulator, tmp_path):
    """Which view was there before does not matter."""

    def add_two(model):
        add_view(model)
        add_view(model)

    path = tmp_path / "learned.npz"
    save(Simulator, make(after=add_view), path)
    nengo_fa.load(make(after=add_two), path)


def test_ambiguous_until_there_is_a_label(path):
    def add_twin(model, label=None):
        nengo.Connection(model.hidden, model.output, function=np.sum, label=label)

    model = make(after=add_twin)
    message = "its connection2 could be connection2 or connection3 .* a label"
    with pytest.raises(ValidationError, match=message) as info:
        nengo_fa.load(model, path)
    assert info.value.attr == "path"
    assert isinstance(model.hidden.encoders, nengo.dists.Distribution)

    model = make(after=lambda model: add_twin(model, "sum"))
    nengo_fa.load(model, path)
    assert isinstance(model.decode.solver, nengo.solvers.NoSolver)
    assert not isinstance(model.all_connections[3].solver, nengo.solvers.NoSolver)


def test_ambiguous_ensembles(Simulator, tmp_path):
    path = tmp_path / "learned.npz"
    with nengo.Network(seed=1) as model:
        nengo.Ensemble(10, 1)
    save(Simulator, model, path)
    with model:
        nengo.Ensemble(10, 1)
    with pytest.raises(ValidationError, match="could be ensemble0 or ensemble1"):
        nengo_fa.load(model, path)


@pytest.mark.parametrize("name", ["decode", "encode"])
def test_missing_connection(Simulator, path, name):
    model = make(after=add_view)
    model.connections.remove(getattr(model, name))
    with pytest.raises(ValidationError, match="connection. has size_in 2 in the file"):
        nengo_fa.load(model, path)
    model.connections.pop()
    with pytest.raises(
        ValidationError, match="3 connections, but the network has 1 and 2, "
    ):
        nengo_fa.load(model, path)


def test_missing_ensemble(Simulator, tmp_path):
    path = tmp_path / "learned.npz"
    save(Simulator, make(after=add_error_circuit), path)
    message = (
        "contains 2 ensembles .* the network has 1 .*no ensemble1 .*'n_neurons': 50"
    )
    with pytest.raises(ValidationError, match=message):
        nengo_fa.load(make(), path)


def test_other_connections_at_the_same_place(path):
    """As many of everything, but the error goes elsewhere."""
    with nengo.Network() as model:
        stimulus, error = nengo.Node([0.4, -0.3]), nengo.Node([1.0])
        output, hidden = nengo.Node(size_in=1), nengo.Ensemble(20, 2)
        nengo.Connection(
            stimulus, hidden, learning_rule_type=nengo_fa.FeedbackAlignment(1)
        )
        nengo.Connection(error, output)
        nengo.Connection(hidden, output, function=np.prod)
    with pytest.raises(ValidationError, match="connection1 has post 'learning rule of"):
        nengo_fa.load(model, path)


def build(plan, added=frozenset()):
    """Objects by a plan of kinds and ends; those added are left out or put in between."""
    kept = []
    with nengo.Network() as model:
        objects = []
        for i, (is_node, label) in enumerate(plan["objects"]):
            is_added = ("object", i) in added
            obj = None
            if not plan["bare"] or not is_added:
                obj = nengo.Node(size_in=1) if is_node else nengo.Ensemble(3, 1)
                obj.label = label
                if not is_added:
                    kept.append(obj)
            objects.append(obj)
        for i, (pre, post) in enumerate(plan["connections"]):
            ends = [objects[k % len(objects)] for k in (pre, post)]
            is_added = ("connection", i) in added or any(
                ("object", k % len(objects)) in added for k in (pre, post)
            )
            if None not in ends and not (plan["bare"] and is_added):
                connection = nengo.Connection(*ends)
                if not is_added:
                    kept.append(connection)
    return model, [obj for obj in kept if not isinstance(obj, nengo.Node)]


@given(
    objects=st.lists(
        st.tuples(st.booleans(), st.sampled_from([None, None, "a"])),
        min_size=1,
        max_size=6,
    ),
    connections=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8),
    added=st.sets(
        st.tuples(st.sampled_from(["object", "connection"]), st.integers(0, 7)),
        max_size=4,
    ),
)
@settings(max_examples=150, deadline=None)
def test_what_is_found_is_what_was_saved(objects, connections, added):
    """Never another one, whatever there is besides."""
    plan = {"objects": objects, "connections": connections}
    saved, expected_there = build({**plan, "bare": True}, added)
    model, expected = build({**plan, "bare": False}, added)
    try:
        found = list(find_saved_parts(describe(saved), model).values())
    except Misfit as error:
        assert added and "could be" in str(error)
        return
    assert len(found) == len(expected_there) == len(expected)
    for obj, right in zip(sorted_by_kind(found), sorted_by_kind(expected)):
        # connections to nodes that hold nothing may be taken for each other
        if not isinstance(obj, nengo.Connection) or isinstance(
            right.pre_obj, nengo.Ensemble
        ):
            assert obj is right


def sorted_by_kind(parts):
    return sorted(parts, key=lambda part: isinstance(part, nengo.Connection))


def test_thousands_of_parts_are_found_at_once():
    with nengo.Network() as model:
        array = nengo.networks.EnsembleArray(3, 1000)
        saved = describe(model)
        with model:
            nengo.Connection(array.output[:3], nengo.Node(size_in=3))
    assert len(find_saved_parts(saved, model)) == 3000
