"""Frozen networks: solvers continue, no step counts twice, and nothing is left out."""

from collections import defaultdict

import nengo
import numpy as np
import pytest
from nengo.builder import Builder, Signal
from nengo.builder.operator import ElementwiseInc, Reset, SimPyFunc
from nengo.exceptions import ValidationError
from nengo.learning_rules import LearningRuleType

import nengo_fa
from nengo_fa.learned import get_live_signals


def make_product(seed=1, solver=None):
    with nengo.Network(seed=seed) as model:
        stimulus = nengo.Node([0.3, 0.3])
        hidden = nengo.Ensemble(20, 2, neuron_type=nengo.LIFRate(amplitude=0.01))
        output = nengo.Node(size_in=1)
        nengo.Connection(
            stimulus,
            hidden,
            synapse=None,
            learning_rule_type=nengo_fa.FeedbackAlignment(1, learning_rate=0.5),
        )
        kwargs = {} if solver is None else {"solver": solver}
        model.decode = nengo.Connection(
            hidden, output, function=np.prod, synapse=None, **kwargs
        )
    return model


def train(model, epochs, **kwargs):
    x = nengo.dists.UniformHypersphere().sample(300, 2, rng=np.random.RandomState(0))
    y = x[:, :1] * x[:, 1:]
    return nengo_fa.train(
        model.decode, x, y, epochs, progress_bar=False, network=model, **kwargs
    )


@pytest.mark.parametrize("way", ["freeze_params", "twice", "save and load"])
def test_training_goes_on_with_the_same_solver(Simulator, way, tmp_path):
    solver = nengo.solvers.LstsqL2(reg=0.001)
    model = make_product()
    before = train(model, 3, solver=solver)
    for _ in range(1 + (way == "twice")):
        with Simulator(model) as sim:
            sim.run_steps(1)
            nengo_fa.save(sim, model, tmp_path / "learned.npz")
            nengo_fa.freeze_params(sim, model)
    if way == "save and load":  # no file holds a solver: that of the network remains
        model = make_product(seed=2, solver=solver)
        nengo_fa.load(model, tmp_path / "learned.npz")
        assert model.decode.solver.solver is solver
    assert train(model, 0).rmse[0] == before.rmse[-1]

    model.decode.solver = nengo.solvers.LstsqL2()  # the solver does matter
    assert train(model, 0).rmse[0] > before.rmse[-1] * 1.1


@pytest.mark.filterwarnings("ignore:For connections to objects other than Ensembles")
def test_full_weights_remember_their_solver(Simulator):
    model = make_product(solver=nengo.solvers.LstsqL2(weights=True))
    with model:
        full = nengo.Connection(
            model.decode.pre, nengo.Ensemble(5, 2), solver=model.decode.solver
        )
    for _ in range(2):
        with Simulator(model) as sim:
            nengo_fa.freeze_params(sim, model)
        for connection in (full, model.decode):
            assert connection.solver.solver == nengo.solvers.LstsqL2(weights=True)
    with pytest.raises(ValidationError, match="weights=True"):
        train(model, 1)


class AtOnce(LearningRuleType):
    """Add a number to all weights, in the step in which it is set."""

    modifies = "weights"
    probeable = ()

    def __init__(self, by_rows):
        super().__init__(1.0, size_in=1)
        self.by_rows = by_rows


@Builder.register(AtOnce)
def build_at_once(model, rule_type, rule):
    delta = model.sig[rule]["delta"]
    model.sig[rule]["in"] = error = Signal(np.zeros(1), name="error")
    model.add_op(Reset(error))
    if rule_type.by_rows:
        for row in range(delta.shape[0]):
            model.add_op(SimPyFunc(delta[row], lambda x: [x[0]] * 8, t=None, x=error))
    else:
        model.add_op(Reset(delta))
        model.add_op(ElementwiseInc(Signal(np.ones(delta.shape)), error, delta))


def make_delta_rule():
    rules = pytest.importorskip("nengo_extras.learning_rules")
    return rules.DeltaRule(learning_rate=1e-2)


RULES = {
    "PES": lambda: nengo.PES(1e-3),
    "RLS": lambda: nengo.RLS(1e-3),
    "BCM": lambda: nengo.BCM(1e-6),
    "Oja": lambda: nengo.Oja(1e-6),
    "delta rule": make_delta_rule,
    "set": lambda: AtOnce(by_rows=True),
    "incremented": lambda: AtOnce(by_rows=False),
}
NOT_JOINED = "delta rule", "incremented"


def add_rule(kind, error):
    """A connection that learns by a rule of this kind."""
    pre, post = nengo.Ensemble(8, 1), nengo.Ensemble(4, 1)
    nengo.Connection(nengo.Node([0.5]), pre)
    size_out = 1 if kind in ("PES", "RLS") else 4
    connection = nengo.Connection(
        pre.neurons,
        nengo.Node(size_in=1) if size_out == 1 else post.neurons,
        transform=np.ones((size_out, 8)) * 1e-3,
        learning_rule_type=RULES[kind](),
    )
    if kind not in ("BCM", "Oja"):
        size_in = connection.learning_rule.size_in
        nengo.Connection(
            error,
            connection.learning_rule,
            transform=np.ones((size_in, 1)),
            synapse=None,
        )
    return connection


@pytest.mark.parametrize("n_steps", [0, 1, 30])
@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("kinds", [*([kind] for kind in RULES), list(RULES)], ids=str)
def test_each_step_counts_once(Simulator, kinds, optimize, n_steps):
    """Together, the optimizer joins the changes of several rules in one array."""
    with nengo.Network(seed=1) as model:
        error = nengo.Node(lambda t: t < (n_steps + 0.5) * 1e-3)
        taught = [add_rule(kind, error) for kind in kinds]
        # Nengo's optimizer fails on two of the others
        taught += [add_rule(kind, error) for kind in kinds if kind not in NOT_JOINED]
    with Simulator(model, optimize=optimize) as sim:
        for _ in range(n_steps):
            sim.step()
        nengo_fa.freeze_params(sim, model)
        sim.step()  # in which nothing more is learned, but something may be added
        for connection in taught:
            ends_with = get_live_signals(sim)[0][sim.model.sig[connection]["weights"]]
            assert np.array_equal(connection.transform.init, ends_with)
            if n_steps > 1 and "BCM" not in kinds:
                assert not np.allclose(ends_with, 1e-3, rtol=1e-6)


def make_parts(seed=1):
    """A part of a network whose connections lead to ensembles outside of it, and back."""
    with nengo.Network(seed=seed) as model:
        model.outside = nengo.Ensemble(10, 2)
        model.source = nengo.Ensemble(10, 1)
        model.untouched = nengo.Ensemble(10, 1)
        output = nengo.Node(size_in=1)
        model.probe = nengo.Probe(output)
        with nengo.Network() as model.part:
            stimulus, error = nengo.Node([0.5, 0.3]), nengo.Node([1.0])
            model.encode = nengo.Connection(
                stimulus,
                model.outside,
                learning_rule_type=nengo_fa.FeedbackAlignment(1, learning_rate=10),
            )
            nengo.Connection(error, model.encode.learning_rule)
            nengo.Connection(model.source, output)
            nengo.Connection(stimulus[0], model.untouched)
    return model


@pytest.mark.parametrize("way", ["freeze_params", "save and load"])
def test_ensembles_outside_are_kept_with_their_connections(Simulator, way, tmp_path):
    model = make_parts()
    path = tmp_path / "learned.npz"
    with Simulator(model) as sim:
        before = sim.data[model.outside].scaled_encoders
        sim.run(0.1)
        if way == "freeze_params":
            nengo_fa.freeze_params(sim, model.part)
        else:
            nengo_fa.save(sim, model.part, path)
        sim.step()
        learned = np.array(
            get_live_signals(sim)[0][sim.model.sig[model.outside]["encoders"]]
        )
        decoded = sim.data[model.probe]
    if way != "freeze_params":
        model = make_parts(seed=2)
        nengo_fa.load(model.part, path)
    with Simulator(model) as sim:
        encoders = sim.data[model.outside].scaled_encoders
        sim.run_steps(101)
    np.testing.assert_allclose(encoders, learned, rtol=1e-14)
    assert not np.allclose(encoders, before, rtol=1e-3)
    np.testing.assert_allclose(sim.data[model.probe], decoded, atol=1e-12)
    assert isinstance(model.untouched.encoders, nengo.dists.Distribution)


def test_another_network_with_nothing_but_nodes(Simulator):
    """A simulator of another network is refused, even if the network contains only nodes."""
    with nengo.Network() as other:
        nengo.Connection(nengo.Node([1]), nengo.Node(size_in=1))
    with Simulator(make_product()) as sim:
        with pytest.raises(ValidationError, match="not part of this simulator"):
            nengo_fa.freeze_params(sim, other)


def test_arrays_of_another_kind_are_refused(Simulator):
    class Backend:
        closed = False

        def __init__(self, sim):
            self.model, self.data = sim.model, sim.data
            self.signals = defaultdict(lambda: memoryview(b""))

    model = make_product()
    with Simulator(model) as sim:
        with pytest.raises(
            ValidationError, match="Must be a nengo.Simulator, .*Backend"
        ):
            nengo_fa.freeze_params(Backend(sim), model)
    assert isinstance(model.decode.pre.encoders, nengo.dists.Distribution)
