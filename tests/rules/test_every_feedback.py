"""Requirements of all kinds of feedback weights; one line of `KINDS` adds a kind."""

import copy
import pickle

import nengo
import numpy as np
import pytest
from nengo.dists import Gaussian, Uniform
from nengo.exceptions import BuildError, ValidationError
from nengo_fa.feedback import Feedback, KolenPollack, SignSymmetric

import nengo_fa
from nengo_fa.rules.feedback import make_feedback_state, make_feedback_step


class Delayed(Feedback):
    """Feedback weights that equal the forward weights of the previous step."""

    def make_state(self, n_neurons, size_in, rng):
        return {"before": rng.randn(n_neurons, size_in)}

    def make_step(self, weights, feedback, dt, rng, before):
        def step():
            feedback[...] = before
            before[...] = weights

        return step


KINDS = {
    "uniform": SignSymmetric,
    "fixed random": lambda *a, **k: SignSymmetric(*a, Gaussian(0, 1), **k),
    "redrawn": lambda *a, **k: SignSymmetric(*a, Uniform(0, 1), redraw=True, **k),
    "Kolen-Pollack": lambda *a, **k: KolenPollack(*a, decay=20, **k),
    "user's own": Delayed,
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
both_targets = pytest.mark.parametrize("to_neurons", [False, True])


def stimulate(t):
    return np.sin([90 * t, 70 * t])


def find_error(t):
    return np.cos([40 * t])


class Chain:
    """An ensemble that leads to another, both taught."""

    def __init__(self, kind, to_neurons=False):
        with nengo.Network(seed=1) as self.model:
            stimulus = nengo.Node(stimulate, size_out=2)
            error = nengo.Node(find_error, size_out=1)
            first, second = nengo.Ensemble(7, 2), nengo.Ensemble(5, 7)
            self.output = nengo.Node(size_in=1)
            self.encode = nengo.Connection(stimulus, first)
            self.forward = nengo.Connection(
                first.neurons, second, transform=np.eye(7), synapse=None
            )
            self.decode = nengo.Connection(second, self.output, function=np.sum)
            self.forward.learning_rule_type = nengo_fa.FeedbackAlignment(1)
            nengo.Connection(error, self.forward.learning_rule)
            self.kind = kind(self.forward, to_neurons=to_neurons)
            rule = nengo_fa.FeedbackAlignment(self.kind.size_in, feedback=self.kind)
            self.encode.learning_rule_type = rule
            make_node = (
                nengo_fa.NeuronError if to_neurons else nengo_fa.BackpropagatedError
            )
            node = make_node(self.forward.learning_rule)
            nengo.Connection(node, self.encode.learning_rule, synapse=None)
            self.feedback = nengo.Probe(self.encode.learning_rule, "feedback")


@every_kind
@both_targets
def test_sizes_and_equality(kind, to_neurons):
    chain = Chain(kind, to_neurons)
    size_in = 5 if to_neurons else 7
    assert chain.kind.size_in == size_in
    drawn = chain.kind.draw(7, size_in, np.random.RandomState(0))
    assert drawn.shape == (7, size_in) and np.all(np.isfinite(drawn))
    same = kind(chain.forward, to_neurons=to_neurons)
    assert same == chain.kind and hash(same) == hash(chain.kind)
    assert kind(chain.forward, to_neurons=not to_neurons) != chain.kind
    with pytest.raises(ValidationError, match="size_in"):
        nengo_fa.FeedbackAlignment(size_in + 1, feedback=chain.kind)
    assert len(pickle.loads(pickle.dumps(chain.model)).all_connections) == len(
        chain.model.all_connections
    )


@every_kind
@both_targets
def test_it_learns_online_and_is_resumed(check_resumed, kind, to_neurons):
    chain = Chain(kind, to_neurons)
    sim = check_resumed(chain.model)
    feedback = np.array(sim._sim_data[sim.model.probes[0]])
    assert feedback.shape[1:] == (chain.kind.size_in, 7)
    assert np.all(np.isfinite(feedback)) and np.abs(feedback).max(axis=(1, 2)).all()


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_remembers_nothing_but_its_state(kind, dtype):
    """Steps that are bound to copies continue like the original steps."""
    kind = Chain(kind).kind
    weights = np.random.RandomState(0).randn(7, 7).astype(dtype)
    feedback = kind.draw(7, 7, np.random.RandomState(1)).astype(dtype)
    state = make_feedback_state(kind, feedback, np.random.RandomState(2))
    rng, start, first = np.random.RandomState(3), feedback.copy(), weights.copy()
    step = make_feedback_step(kind, weights, feedback, 0.001, rng, state)
    step()
    later, later_state, later_rng = (
        start.copy(),
        copy.deepcopy(state),
        pickle.loads(pickle.dumps(rng)),
    )
    later_weights = first.copy()
    later_step = make_feedback_step(
        kind, later_weights, later, 0.001, later_rng, later_state
    )
    for values in weights, later_weights:
        values *= -0.5
    step()
    later_step()
    assert feedback.dtype == dtype
    assert np.array_equal(feedback, later)
    assert all(np.array_equal(state[name], later_state[name]) for name in state)


@every_kind
@both_targets
def test_it_learns_offline(kind, to_neurons, rng):
    x = rng.uniform(-1, 1, size=(40, 2))

    def run():
        chain = Chain(kind, to_neurons)
        before = nengo.Simulator(chain.model, progress_bar=False)
        encoders = before.data[chain.encode.post_obj].encoders
        before.close()
        history = nengo_fa.train(
            chain.decode,
            x,
            x[:, :1],
            3,
            network=chain.model,
            progress_bar=False,
            seed=0,
        )
        assert np.all(np.isfinite(history.rmse))
        change = chain.encode.post_obj.encoders - encoders
        assert np.abs(change).max() > 1e-6
        return chain.encode.post_obj.encoders

    assert np.array_equal(run(), run())


@pytest.mark.parametrize(
    "state",
    [None, {"weights": [0.0]}, {"rng": [0.0]}, {"q": "text"}, {"q": [[1], [1, 2]]}],
)
def test_state_of_other_kinds_is_refused(Simulator, state):
    class Remembers(Feedback):
        def make_state(self, n_neurons, size_in, rng):
            return state

        def make_step(self, weights, feedback, dt, rng, **state):
            return lambda: None

    with nengo.Network() as model:
        hidden, output = nengo.Ensemble(5, 1), nengo.Node(size_in=1)
        decode = nengo.Connection(hidden, output)
        nengo.Connection(
            nengo.Node([0.5]),
            hidden,
            learning_rule_type=nengo_fa.FeedbackAlignment(
                1, feedback=Remembers(decode)
            ),
        )
    with pytest.raises(BuildError, match="make_state must return a dict of arrays"):
        Simulator(model)
