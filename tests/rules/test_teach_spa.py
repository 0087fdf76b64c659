"""Rules within the states and networks of nengo_spa, which CI has to have."""

import os

import nengo
import numpy as np
import pytest

import nengo_fa
from nengo_fa.learned import get_live_signals

try:
    import nengo_spa as spa
except ImportError:
    if os.environ.get("CI"):
        raise
    pytest.skip("needs nengo_spa", allow_module_level=True)


def make_state(error=None, **options):
    """A network with a state of 12 dimensions, whose ensembles of four are taught."""
    with spa.Network(seed=1) as model:
        model.config[nengo.Ensemble].neuron_type = nengo.LIFRate()
        stimulus = nengo.Node(lambda t: np.sin(9 * t + np.arange(12)))
        state = spa.State(12, subdimensions=4, neurons_per_dimension=5, **options)
        nengo.Connection(stimulus, state.input, synapse=None)
        node = None if error is None else nengo.Node(error)
        decodes = nengo_fa.teach_array(
            state.state_ensembles,
            state.output,
            node,
            decoder_rule=None if error is None else nengo.PES(),
            learning_rate=1,
            normalization=None,
        )
    return model, decodes


@pytest.mark.parametrize("identity, sizes", [(True, [1, 3, 4, 4]), (False, [4, 4, 4])])
def test_each_ensemble_learns_from_its_dimensions(Simulator, identity, sizes):
    """An error in dimension 5 teaches the ensemble for dimensions 4 to 7."""
    model, decodes = make_state(np.eye(12)[5], represent_cc_identity=identity)
    assert [decode.size_out for decode in decodes] == sizes
    with Simulator(model) as sim:
        sim.run(0.05)
        live = [find_encoders(sim, decode) for decode in decodes]
        built = [sim.data[decode.pre_obj].scaled_encoders for decode in decodes]
    has_learned = [np.any(a != b.astype(a.dtype)) for a, b in zip(live, built)]
    assert has_learned == [False] * (len(sizes) - 2) + [True, False]


@pytest.mark.parametrize("feedback", [0.0, 0.8])
def test_states_keep_what_they_learned(Simulator, tmp_path, feedback):
    def error(t):
        return np.cos(7 * t + np.arange(12))

    model, decodes = make_state(error, feedback=feedback)
    with Simulator(model) as sim:
        built = [find_encoders(sim, decode) for decode in decodes]
        sim.run(0.05)
        learned = [find_encoders(sim, decode) for decode in decodes]
        nengo_fa.save(sim, model, tmp_path / "state.npz")
        nengo_fa.freeze_params(sim, model)
    other, others = make_state(error, feedback=feedback)
    nengo_fa.load(other, tmp_path / "state.npz")
    for network, connections in ((model, decodes), (other, others)):
        with Simulator(network) as sim:
            for connection, before, after in zip(connections, built, learned):
                # but for the last step, whose update a simulator has yet to make
                left = np.linalg.norm(find_encoders(sim, connection) - after)
                assert left < 0.1 * np.linalg.norm(after - before)


def find_encoders(sim, decode):
    """The live encoders of the ensemble that a connection leaves."""
    live, _ = get_live_signals(sim)
    return np.array(live[sim.model.sig[decode.pre_obj]["encoders"]])


@pytest.mark.parametrize("identity", [True, False])
def test_training_a_state_is_training_each_ensemble(rng, identity):
    x, y = rng.uniform(-0.5, 0.5, size=(2, 50, 12))
    options = {"epochs": 2, "progress_bar": False}
    model, decodes = make_state(represent_cc_identity=identity)
    together = nengo_fa.train(decodes, x, y, network=model, **options)
    model, decodes = make_state(represent_cc_identity=identity)
    sizes = [decode.size_out for decode in decodes]
    parts = np.split(y, np.cumsum(sizes)[:-1], axis=1)
    for decode, part, history in zip(decodes, parts, together):
        is_in_array = identity and part.shape[1] == 4
        inputs = x[:, 4:] if is_in_array else x
        alone = nengo_fa.train(decode, inputs, part, network=model, **options)
        assert np.array_equal(alone.rmse, history.rmse)
        assert np.array_equal(alone.encoders, history.encoders)


@pytest.mark.parametrize("trial", range(3))
def test_a_state_learns_what_belongs_to_pairs(trial):
    """Fixed encoders leave three times the error."""
    vocab = spa.Vocabulary(
        16, pointer_gen=np.random.RandomState(trial), max_similarity=1
    )
    vocab.populate(";".join(f"{name}{k}" for name in "ABC" for k in range(3)))
    a, b, c = (np.array([vocab[f"{n}{k}"].v for k in range(3)]) for n in "ABC")
    i, j = np.random.RandomState(trial).randint(3, size=(2, 400))
    with spa.Network(seed=trial) as model:
        state = spa.State(
            vocab,
            subdimensions=16,
            neurons_per_dimension=4,
            represent_cc_identity=False,
        )
        ensembles = state.state_ensembles
        belongs = ensembles.add_output("belongs", lambda x: np.zeros(16))
        decodes = nengo_fa.teach_array(ensembles, belongs)
    x, y = (a[i] + b[j]) / np.sqrt(2), c[(i + j) % 3]
    (history,) = nengo_fa.train(
        decodes, x, y, epochs=15, network=model, progress_bar=False
    )
    assert history.rmse[-1] < 0.5 * history.rmse[0]
