"""Encoders in many dimensions, which change in place."""

import sys

import nengo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nengo.builder.signal import Signal

import nengo_fa
from nengo_fa.online import encoders_inc
from nengo_fa.online.encoders_inc import SimEncodersInc
from nengo_fa.online.operators import MANY_ENTRIES, NotFiniteError
from nengo_fa.rules.normalizations import NORMALIZATIONS
from nengo_fa.rules.outer_product import MANY_DIMENSIONS, make_step_add_outer

pytestmark = pytest.mark.filterwarnings("ignore:The encoders of")

N_NEURONS = MANY_ENTRIES // MANY_DIMENSIONS
SHAPE = N_NEURONS, MANY_DIMENSIONS


def make_network(
    probed=False,
    rules=None,
    reached=slice(None),
    shape=SHAPE,
    signal=False,
    **kwargs,
):
    """An ensemble of many dimensions whose encoders learn from an error that changes."""
    rng = np.random.RandomState(0)
    x = rng.randn(10, shape[1])[:, reached]
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(nengo.processes.PresentInput(x, 0.002))
        error = nengo.Node(nengo.processes.PresentInput(rng.randn(7, 2), 0.003))
        # Nengo's default distributions take minutes in thousands of dimensions
        model.hidden = nengo.Ensemble(
            *shape,
            radius=3,
            intercepts=nengo.dists.Uniform(-1, -0.5),
            encoders=nengo.dists.UniformHypersphere(surface=True),
            eval_points=nengo.dists.UniformHypersphere(),
        )
        kwargs = {"normalization": None, **kwargs}
        kwargs = {"learning_rate": 0.3, **kwargs}
        rule = nengo_fa.FeedbackAlignment(2, **kwargs)
        rules = {"ours": rule} if rules is None else {"ours": rule, **rules}
        model.encode = nengo.Connection(
            stimulus,
            model.hidden[reached],
            learning_rule_type=rules,
            synapse=None,
        )
        for name, kind in rules.items():
            learning_rule = model.encode.learning_rule[name]
            size_in = kind.size_in
            nengo.Connection(error[:size_in], learning_rule, synapse=None)
            if probed:
                nengo.Probe(learning_rule)  # delta
        if signal:
            factor = nengo_fa.LearningSignal(model.encode.learning_rule["ours"])
            nengo.Connection(nengo.Node(lambda t: 1 + t), factor, synapse=None)
        model.encoders = nengo.Probe(model.hidden, "scaled_encoders")
    return model


def run(Simulator, model, **kwargs):
    """The scaled encoders in each time step."""
    with Simulator(model, **kwargs) as sim:
        sim.run_steps(30)
    return sim.data[model.encoders]


def is_in_place(model):
    with nengo.Simulator(model) as sim:
        return any(isinstance(op, SimEncodersInc) for op in sim.model.operators)


CASES = {
    "no normalization": {},
    "one neuron": {"shape": (1, MANY_ENTRIES), "normalization": "forced"},
    "a short last block": {"shape": (171, 385), "normalization": "stabilized"},
    "filtered input": {"pre_synapse": 0.005, "normalization": "augmented"},
    "learning signal": {"signal": True, "normalization": "homeostatic"},
    **{str(name): {"normalization": name} for name in NORMALIZATIONS if name},
    "some dimensions": {"reached": slice(3, 20)},
    "two of ours": {"rules": {"other": nengo_fa.FeedbackAlignment(1, 0.2)}},
    "Voja": {"rules": {"other": nengo.Voja(learning_rate=0.1)}},
}


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_encoders_are_those_with_delta(Simulator, case, optimize):
    alone, probed = (make_network(probed, **CASES[case]) for probed in (False, True))
    assert is_in_place(alone) and not is_in_place(probed)
    found, expected = (
        run(Simulator, net, optimize=optimize) for net in (alone, probed)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    # in every step, so that the change comes neither earlier nor later
    changes = np.any(found[1:-1] != found[2:], axis=(1, 2))
    assert np.any(changes) if found.shape[1] == 1 else np.all(changes)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_single_precision(Simulator, normalization):
    nengo.rc["precision"]["bits"] = "32"
    found, expected = (
        run(Simulator, make_network(probed, normalization=normalization))
        for probed in (False, True)
    )
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("probed", [False, True])
@pytest.mark.parametrize("name", ["forced", "augmented"])
def test_slow_learning_does_not_change_lengths_in_single_precision(name, probed):
    """Rounding is not biased: a factor below one is not rounded otherwise than one above."""
    nengo.rc["precision"]["bits"] = "32"
    model = make_network(probed, normalization=name, learning_rate=1e-5)
    with nengo.Simulator(model, progress_bar=False, optimize=False) as sim:
        sim.run_steps(3000)
        lengths = np.linalg.norm(
            sim.data[model.encoders][[0, -1]].astype(float), axis=2
        )
    start, end = lengths
    assert np.abs(np.mean(end / start) - 1) < 1e-6


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_blocks_of_neurons_do_not_change_the_result(
    Simulator, normalization, monkeypatch
):
    model = make_network(normalization=normalization)
    found = []
    for n_neurons in (N_NEURONS, 7):
        monkeypatch.setattr(
            encoders_inc, "BLOCK_ENTRIES", n_neurons * MANY_DIMENSIONS + 5
        )
        found.append(run(Simulator, model))
    # BLAS may round otherwise for a matrix of another size
    np.testing.assert_allclose(*found, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", [name for name in NORMALIZATIONS if name])
def test_a_normalization_of_a_user_has_only_delta(Simulator, name):
    class Derived(type(NORMALIZATIONS[name])):
        def make_step(self, h, x, encoders, delta, fields, scale):
            return lambda: np.multiply(encoders, 0.01, out=delta)

        keeps_lengths = False

    model = make_network(normalization=Derived())
    assert not is_in_place(model)
    found = run(Simulator, model)
    np.testing.assert_allclose(found[20], found[0] * 1.01**20)


def test_some_dimensions_with_a_normalization_need_delta():
    assert not is_in_place(make_network(normalization="augmented", reached=slice(9)))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_encoders_rest_while_there_is_no_error(Simulator, normalization):
    model = make_network(normalization=normalization)
    with model:
        errors = [node for node in model.nodes if node.size_out == 2]
    (error,) = errors
    error.output = lambda t: [float(t > 0.0105), 0]
    found = run(Simulator, model)
    np.testing.assert_array_equal(found[1:10], found[:9])
    assert all(np.any(found[12:-1] != found[13:], axis=(1, 2)))


def test_what_cannot_be_computed_names_the_rule():
    model = make_network(normalization="forced")
    (error,) = (node for node in model.nodes if node.size_out == 2)
    error.output = lambda t: [1e200, 1e200]
    with pytest.raises(NotFiniteError, match="^FeedbackAlignment.*scaled_encoders"):
        run(nengo.Simulator, model)


@pytest.mark.parametrize("other", [nengo.Voja(0.1), nengo_fa.FeedbackAlignment(1)])
def test_a_normalization_beside_another_rule_needs_delta(other):
    rules = {"other": other}
    assert not is_in_place(make_network(normalization="augmented", rules=rules))


def test_a_rule_that_keeps_lengths_needs_the_delta_of_others():
    forced = nengo_fa.FeedbackAlignment(1, normalization="forced")
    assert not is_in_place(make_network(rules={"other": forced}))


@pytest.mark.parametrize("shape", [(N_NEURONS - 1, MANY_DIMENSIONS), (MANY_ENTRIES, 2)])
def test_small_encoders_have_delta(shape):
    assert not is_in_place(make_network(shape=shape))


def test_sparse_encoders_need_delta():
    model = make_network(sparse=True)
    model.hidden.encoders = np.resize(np.eye(MANY_DIMENSIONS), SHAPE)
    assert not is_in_place(model)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("n_steps", [0, 1, 30])
def test_what_is_frozen_is_what_the_next_step_begins_with(
    Simulator, n_steps, normalization
):
    model = make_network(normalization=normalization)
    with Simulator(model) as sim:
        for _ in range(n_steps):
            sim.step()
        nengo_fa.freeze_params(sim, model)
        sim.step()
        scale = sim.data[model.hidden].gain[:, None] / model.hidden.radius
    expected = sim.data[model.encoders][-1] / scale
    # other simulators may round otherwise
    np.testing.assert_allclose(model.hidden.encoders, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_an_interrupted_simulation_goes_on(check_resumed, normalization):
    check_resumed(make_network(normalization=normalization))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_arrays_may_be_bound_late(check_late, normalization):
    check_late(make_network(normalization=normalization))


def test_without_scipy_it_is_delta_to_the_last_bit(Simulator, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    found, expected = (run(Simulator, make_network(probed)) for probed in (False, True))
    np.testing.assert_array_equal(found, expected)


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    order=st.sampled_from("CF"),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_matrix_is_changed_in_place(shape, dtype, order, seed):
    rng = np.random.RandomState(seed)
    left, right = (rng.randn(size).astype(dtype) for size in shape)
    start = rng.randn(*shape).astype(dtype)
    out = np.array(start, order=order)
    step = make_step_add_outer(left, right, out)
    step()
    np.testing.assert_allclose(
        out, start + np.outer(left, right), rtol=0, atol=10 * np.finfo(dtype).eps * 10
    )


@pytest.mark.parametrize("name", NORMALIZATIONS)
@pytest.mark.parametrize("is_sum", [False, True])
def test_a_step_does_not_allocate(find_allocated, name, is_sum):
    vectors = [Signal(np.ones(size)) for size in (500, 100)]
    matrices = [Signal(np.ones((500, 100))) for _ in range(1 + is_sum)]
    rule = nengo_fa.FeedbackAlignment(1, normalization=name)
    operator = SimEncodersInc(rule, np.ones(500), *vectors, *matrices)
    assert find_allocated(operator) < 4000  # einsum has an iterator


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_suggested_rate_is_the_one_with_delta(normalization):
    alone, probed = (
        make_network(probed, normalization=normalization) for probed in (False, True)
    )
    found, expected = (
        nengo_fa.suggest_learning_rate(model, 0.03)[model.encode.learning_rule["ours"]]
        for model in (alone, probed)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)
