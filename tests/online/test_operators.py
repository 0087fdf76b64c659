import nengo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nengo.builder.signal import Signal, SignalDict

import nengo_fa
from nengo_fa import equations
from nengo_fa.online.operators import SimEncoderLearning, SimFeedback

NORMALIZATIONS = [None, "forced", "augmented", "homeostatic", "stabilized"]


def group(signals):
    """Return the signals of an operator by how it uses them."""
    reads = dict(signals)
    sets = {name: reads.pop(name) for name in ("projected_error", "derivative")}
    return dict(reads=reads, sets=sets, updates={"delta": reads.pop("delta")})


@given(
    seed=st.integers(0, 2**31 - 1),
    n_neurons=st.integers(1, 9),
    dimensions=st.integers(1, 5),
    size_in=st.integers(1, 4),
    dt=st.sampled_from([1e-4, 1e-3, 0.01]),
)
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("sparse", [False, True])
def test_operator_equals_equations(
    sparse, normalization, seed, n_neurons, dimensions, size_in, dt
):
    rng = np.random.RandomState(seed)
    gain = rng.uniform(0.5, 10, size=n_neurons)
    encoders = rng.randn(n_neurons, dimensions)
    fields = np.ones_like(encoders)
    if sparse:
        fields = (rng.rand(n_neurons, dimensions) < 0.5) * 1.0
        fields[:, rng.randint(dimensions)] = 1
        encoders *= fields
    rule = nengo_fa.FeedbackAlignment(
        size_in, learning_rate=rng.uniform(0, 10), normalization=normalization
    )

    values = {
        "error": rng.randn(size_in),
        "feedback": rng.randn(size_in, n_neurons),
        "x": rng.randn(dimensions),
        "gate": rng.uniform(0, 2, size=n_neurons),
        "scaled_encoders": encoders * gain[:, None],
        "projected_error": np.zeros(n_neurons),
        "derivative": np.zeros(n_neurons),
        "delta": np.zeros((n_neurons, dimensions)),
    }
    signals = {name: Signal(value, name=name) for name, value in values.items()}
    operator = SimEncoderLearning(
        rule,
        nengo.LIF(),
        **group(signals),
        scale=gain,
        fields=fields if sparse else None,
    )
    live = SignalDict()
    operator.init_signals(live)
    operator.make_step(live, dt, rng)()

    derivative = (values["gate"] > 1) * 1.0
    delta = equations.aligned_error(
        values["error"][None], values["feedback"].T, derivative[None]
    )
    gradient = equations.weight_gradient(delta, values["x"][None])
    update = equations.encoder_update(
        gradient * fields, encoders, gain, rule.learning_rate * dt, normalization
    )
    np.testing.assert_allclose(
        live[signals["delta"]], update * gain[:, None], rtol=1e-12, atol=1e-12
    )
    assert not np.any(live[signals["delta"]][fields == 0])
    np.testing.assert_array_equal(live[signals["derivative"]], derivative)
    np.testing.assert_allclose(
        live[signals["projected_error"]], values["feedback"].T @ values["error"]
    )


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("derivative", [nengo_fa.Step(), nengo_fa.Rate()], ids=repr)
@pytest.mark.parametrize("sparse", [False, True])
def test_step_function_does_not_allocate(
    find_allocated, normalization, derivative, sparse
):
    n_neurons, dimensions, rng = 5000, 4, np.random.RandomState(0)
    shapes = {
        "error": (2,),
        "feedback": (2, n_neurons),
        "x": (dimensions,),
        "gate": (n_neurons,),
        "scaled_encoders": (n_neurons, dimensions),
        "projected_error": (n_neurons,),
        "derivative": (n_neurons,),
        "delta": (n_neurons, dimensions),
    }
    signals = {name: Signal(rng.rand(*shape)) for name, shape in shapes.items()}
    operator = SimEncoderLearning(
        nengo_fa.FeedbackAlignment(
            2, derivative=derivative, normalization=normalization
        ),
        nengo.AdaptiveLIF(),
        **group(signals),
        scale=np.ones(n_neurons),
        columns=np.array([1.0, 0, 1, 1]),
        fields=np.eye(n_neurons, dimensions, -1) if sparse else None,
    )
    assert (
        find_allocated(operator) < n_neurons / 4
    )  # bytes: less than any array of one per neuron


def test_feedback_follows_weights_of_another_precision_than_the_model():
    """As in simulators of 32 bits, for which Nengo has built the model in 64."""
    with nengo.Network(seed=1) as model:
        stimulus, output = nengo.Node([0.5]), nengo.Node(size_in=1)
        layers = nengo.Ensemble(10, 1), nengo.Ensemble(12, 1)
        encodes = [nengo.Connection(stimulus, layers[0]), nengo.Connection(*layers)]
        decode = nengo.Connection(layers[1], output)
        nengo_fa.teach_chain(
            encodes, decode, output, "global", feedback=nengo_fa.feedback.SignSymmetric
        )
    with nengo.Simulator(model) as sim:
        operators = [op for op in sim.model.operators if isinstance(op, SimFeedback)]
        assert any(op.encoders is not None for op in operators)
        for op in operators:
            found, expected = (step_once(op, bits) for bits in (np.float32, np.float64))
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, expected, rtol=1e-5)


def step_once(op, dtype):
    """The feedback weights after a step on arrays of a precision."""
    arrays = {
        signal: np.array(signal.initial_value, dtype=dtype)
        for signal in (*op.reads, op.feedback)
    }
    arrays.update({signal: signal.initial_value.copy() for signal in op.updates})
    op.make_step(arrays, 0.001, None)()
    return arrays[op.feedback]
