"""A user's own rules, normalizations and feedback weights, learning from samples."""

import nengo
import numpy as np
import pytest
from array_api_compat import array_namespace
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa import FeedbackAlignment, train
from nengo_fa.offline import samples as samples_module
from nengo_fa.rules.normalizations import Normalization


class Saturated(FeedbackAlignment):
    """A rule that writes its output before it has read all inputs."""

    arrays = ("projected_error", "output", "current", "derivative")

    def make_step(self, out, projected_error, output, current, derivative):
        xp = array_namespace(out)

        def step():
            xp.tanh(projected_error, out=out)
            out[...] *= (output > 0) * derivative + 0.1 * current

        return step


class Hebbian(nengo_fa.EncoderLearningRule):
    """Neurons that fire turn their encoders to the input."""

    arrays = ("output",)

    def make_step(self, out, output):
        return lambda: np.negative(output, out=out)


class SaturatedBackprop(nengo_fa.Backprop):
    arrays, make_step = Saturated.arrays, Saturated.make_step


class Halved(Normalization):
    """Half of the plain gradient."""

    needs_directions = False

    def find_update(self, gradient, encoders, gain, learning_rate):
        return -learning_rate * gain[..., None] * gradient / 2

    def make_step(self, h, x, encoders, delta, fields, scale):
        return lambda: np.multiply(np.outer(h, x), 0.5, out=delta)


def make_model(make_rule, error=0.0):
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node([0.6, -0.3])
        hidden = nengo.Ensemble(
            10, 2, radius=1.4, neuron_type=nengo.LIFRate(amplitude=0.01)
        )
        model.encode = nengo.Connection(stimulus, hidden, synapse=None)
        model.decode = nengo.Connection(hidden, nengo.Node(size_in=1), function=np.prod)
        rule = model.encode.learning_rule_type = make_rule(model.decode)
        if rule.size_in:
            error = nengo.Node(np.atleast_1d(error))
            nengo.Connection(error, model.encode.learning_rule, synapse=None)
        model.delta = nengo.Probe(model.encode.learning_rule, "delta")
        model.hidden = hidden
    return model


RULES = {
    "saturated": lambda decode, **kwargs: Saturated(1, **kwargs),
    "backprop": SaturatedBackprop,
    "hebbian": lambda decode, **kwargs: Hebbian(**kwargs),
    "usual": lambda decode, **kwargs: FeedbackAlignment(1, **kwargs),
}


@pytest.mark.parametrize("normalization", [None, "augmented", Halved()])
@pytest.mark.parametrize("name", RULES)
def test_a_step_online_is_an_update_offline(Simulator, name, normalization):
    def make(learning_rate, error=0.0):
        return make_model(
            lambda decode: RULES[name](
                decode, learning_rate=learning_rate, normalization=normalization
            ),
            error,
        )

    x, y = np.tile([0.6, -0.3], (12, 1)), np.full((12, 1), 0.7)
    options = {"progress_bar": False, "metrics": True}
    model = make(0.1)
    before = train(model.decode, x, y, 0, network=model, **options)
    after = train(model.decode, x, y, 1, network=model, **options)
    model = make(0.1)  # as it was before
    with Simulator(model) as sim:
        scale = sim.data[model.hidden].gain / model.hidden.radius
        rates = nengo.builder.ensemble.get_activities(
            sim.data[model.hidden], model.hidden, x[:1]
        )
    error = (rates @ before.decoders.T - 0.7).item()
    online = make(0.1 / 0.001, error)
    if name == "backprop":  # through the decoders of training
        online.decode.function = lambda x: [0]
        online.decode.solver = nengo.solvers.NoSolver(before.decoders.T)
    with Simulator(online) as sim:
        sim.run_steps(1)
    expected = sim.data[online.delta][0]
    change = (after.encoders - before.encoders) * scale[:, None]
    np.testing.assert_allclose(change, expected, rtol=1e-6, atol=1e-9)
    assert np.abs(expected).max() > 1e-4
    # of a rule without an error, nothing takes one back
    assert np.all(np.isnan(after.weight_ratio) == (name == "hebbian"))


def make_deep(to_neurons):
    with nengo.Network(seed=3) as model:
        first, second = (
            nengo.Ensemble(12, 2, neuron_type=nengo.LIFRate(amplitude=0.01))
            for _ in range(2)
        )
        encode = nengo.Connection(nengo.Node(size_in=2), first, synapse=None)
        between = nengo.Connection(first, second)
        model.decode = nengo.Connection(second, nengo.Node(size_in=1), function=np.prod)
        between.learning_rule_type = Saturated(1, learning_rate=0.2)
        encode.learning_rule_type = Saturated(12 if to_neurons else 1)
        if to_neurons:
            node = nengo_fa.NeuronError(between.learning_rule)
            nengo.Connection(node, encode.learning_rule, synapse=None)
    return model


@pytest.mark.parametrize("to_neurons", [True, False])
@pytest.mark.parametrize("batch_size", [None, 20])
def test_pieces_add_up(monkeypatch, rng, to_neurons, batch_size):
    """Arrays that a rule reads are kept for all pieces of a batch."""
    x = rng.uniform(-1, 1, (60, 2))

    def run():
        model = make_deep(to_neurons)
        return train(
            model.decode, x, np.prod(x, axis=1, keepdims=True), 3, batch_size,
            network=model, progress_bar=False,
        )  # fmt: skip

    whole = run()
    monkeypatch.setattr(samples_module, "PIECE_SIZE", 12 * 7)
    pieces = run()
    for expected, found in zip(whole.layers, pieces.layers):
        np.testing.assert_allclose(found.encoders, expected.encoders, rtol=1e-9)
        assert np.any(found.angles[-1] != found.angles[0])


def test_nodes_have_the_error_that_they_have_online():
    """This error is the projected error times f', even if the rule computes another error."""
    model = make_deep(True)
    path = nengo_fa.offline.walk_back.find_path(model.decode, model)
    chain = nengo_fa.offline.layers.make_chain([path])
    chain.decoders[0] = np.ones((12, 1))
    seen = {}

    class Source:
        def compute(self, projected_error, neuron_error, scaled_encoders):
            seen["projected"], seen["error"] = projected_error + 0, neuron_error + 0
            return neuron_error

    chain.layers[0].source = Source()
    samples = nengo_fa.offline.passes.Pass(chain, 3)
    samples.forward(0, np.column_stack([np.eye(3, 2), np.ones(3)]))
    derivative = samples.layers[1].derivative.copy()
    samples.backward(0, np.ones((3, 1)))
    np.testing.assert_allclose(seen["error"], seen["projected"] * derivative)
    expected = np.tile(chain.layers[1].feedback[0].T, (3, 1))
    np.testing.assert_allclose(seen["projected"], expected)


class Remembering(Hebbian):
    def make_state(self, n_neurons):
        return {"average": np.zeros(n_neurons)}


class OfVoltage(Hebbian):
    arrays = ("output", "voltage")


class WithoutError(Hebbian):
    arrays = ("projected_error",)


@pytest.mark.parametrize(
    "rule, match",
    [
        (Remembering(), "Remembering has a state.*nengo.Simulator"),
        (OfVoltage(), "OfVoltage reads voltage.*can read current, derivative, output"),
        (WithoutError(), "WithoutError reads projected_error.*can read"),
    ],
)
def test_what_samples_cannot_tell_is_refused(rule, match):
    model, x = make_model(lambda decode: rule), np.ones((12, 2))
    with pytest.raises(ValidationError, match=match):
        train(model.decode, x, x[:, :1], 1, network=model, progress_bar=False)


class Counted(nengo_fa.feedback.Feedback):
    """Feedback weights that double in each update."""

    def make_state(self, n_neurons, size_in, rng):
        return {"weights_now": rng.uniform(1, 2, size=(n_neurons, size_in))}

    def make_step(self, weights, feedback, dt, rng, weights_now):
        def step():
            feedback[...] = weights_now
            weights_now[...] *= 2

        return step


def test_feedback_with_a_state():
    """The gradient is the plain one, of single samples: it doubles as well."""
    x, y = np.tile([0.6, -0.3], (12, 1)), np.full((12, 1), 0.7)

    def find_change(epochs):
        model = make_model(
            lambda decode: FeedbackAlignment(
                1, learning_rate=1e-9, feedback=Counted(decode), normalization=None
            )
        )
        history = train(
            model.decode, x, y, epochs, network=model, progress_bar=False,
            snapshots=range(epochs + 1), solver=nengo.solvers.LstsqL2(reg=1.0),
        )  # fmt: skip
        steps = [history.snapshots[k] for k in range(epochs + 1)]
        return np.diff(steps, axis=0)

    first, second = find_change(2)
    np.testing.assert_allclose(second, 2 * first, rtol=1e-3, atol=1e-15)
    assert np.abs(first).max() > 0
