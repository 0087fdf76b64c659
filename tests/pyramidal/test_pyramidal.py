import copy
import pickle

import nengo
import numpy as np
import pytest
from nengo.builder.signal import SignalDict
from nengo.exceptions import BuildError, ValidationError

import nengo_fa
from nengo_fa import ApicalDendrites, Pyramidal, PyramidalRate
from nengo_fa.pyramidal.builder import SimPyramidal


def make_model(neuron_type=None, n_inputs=1, seed=1):
    """Neurons with apical inputs of one, each by a connection of its own."""
    with nengo.Network(seed=seed) as model:
        model.hidden = nengo.Ensemble(40, 2, neuron_type=neuron_type or Pyramidal())
        for _ in range(n_inputs):
            apical = ApicalDendrites(model.hidden)
            ones = np.ones((40, 1))
            nengo.Connection(nengo.Node([1.0]), apical, transform=ones, synapse=None)
        model.measured = [
            nengo.Probe(model.hidden.neurons, name)
            for name in ("output", "bursts", "apical")
        ]
    return model


def run(Simulator, model, seconds=0.2, **kwargs):
    with Simulator(model, **kwargs) as sim:
        sim.run(seconds)
        return [sim.data[probe] for probe in model.measured]


@pytest.mark.parametrize("n_inputs", [0, 1, 3])
@pytest.mark.parametrize("neuron_type", [Pyramidal(), PyramidalRate()], ids=repr)
def test_input_reaches_the_apical_potential(Simulator, neuron_type, n_inputs, allclose):
    """Of several dendrites of one ensemble, inputs add up."""
    output, bursts, apical = run(Simulator, make_model(neuron_type, n_inputs))
    time = 0.001 * np.arange(1, 201)[:, np.newaxis]
    assert allclose(apical, n_inputs * (1 - np.exp(-time / 0.01)) * np.ones(40))
    assert np.all(bursts <= output) and bursts.any()


@pytest.mark.parametrize("inner", ["dendrites", "neurons"])
def test_dendrites_in_another_network(Simulator, inner, allclose):
    """Whichever of the two is built first."""
    with nengo.Network(seed=1) as model:
        subnetwork = nengo.Network()
        with subnetwork if inner == "neurons" else model:
            hidden = nengo.Ensemble(10, 1, neuron_type=Pyramidal())
        with subnetwork if inner == "dendrites" else model:
            apical = ApicalDendrites(hidden)
        nengo.Connection(
            nengo.Node([2.0]), apical, transform=np.ones((10, 1)), synapse=None
        )
        probe = nengo.Probe(hidden.neurons, "apical")
    with Simulator(model) as sim:
        sim.run(0.1)
    assert allclose(sim.data[probe][-1], 2, atol=1e-3)


def test_feedback_from_spikes(Simulator):
    """Through a synapse, neurons drive their own dendrites; without, that is a loop."""
    for synapse in (0.005, None):
        model = make_model()
        with model:
            apical = ApicalDendrites(model.hidden)
            nengo.Connection(
                model.hidden.neurons, apical, transform=0.01, synapse=synapse
            )
        if synapse is None:
            with pytest.raises(BuildError, match="[Cc]ycle"):
                Simulator(model)
        else:
            assert run(Simulator, model)[2].max() > 1.1


def test_random_bursts_are_the_same_again(Simulator):
    first, other = run(Simulator, make_model()), run(Simulator, make_model(seed=2))
    assert np.any(first[1] != other[1])
    for optimize in (False, True):
        again = run(Simulator, make_model(), optimize=optimize)
        assert all(np.array_equal(*pair) for pair in zip(first, again))


def test_random_bursts_are_the_same_after_a_reset(Simulator):
    model = make_model()
    bursts = []
    with Simulator(model) as sim:
        for _ in range(2):
            sim.run(0.1)
            bursts.append(sim.data[model.measured[1]].copy())
            sim.reset()
    assert np.array_equal(*bursts)


def test_single_precision(Simulator):
    nengo.rc["precision"]["bits"] = "32"
    for neuron_type in Pyramidal(), PyramidalRate():
        for values in run(Simulator, make_model(neuron_type)):
            assert values.dtype == np.float32 and values.any()


def test_bad_ensembles(Simulator):
    with nengo.Network() as model:
        lif = nengo.Ensemble(10, 1)
        with pytest.raises(ValidationError, match="neuron_type=nengo_fa.Pyramidal()"):
            ApicalDendrites(lif)
        for other in (lif.neurons, model, None):
            with pytest.raises(ValidationError, match="ensemble"):
                ApicalDendrites(other)
        hidden = nengo.Ensemble(10, 1, neuron_type=Pyramidal())
        apical = ApicalDendrites(hidden)
        with pytest.raises(ValidationError, match="size"):
            nengo.Connection(nengo.Node([1.0]), apical)
        with pytest.raises(ValidationError):
            nengo.Connection(apical, hidden)  # nothing comes out of them
    hidden.neuron_type = nengo.LIF()
    with pytest.raises(BuildError, match="now has neuron type LIF"):
        Simulator(model)


def test_ensemble_of_another_model(Simulator):
    elsewhere = make_model()
    with nengo.Network() as model:
        ApicalDendrites(elsewhere.hidden)
    with pytest.raises(BuildError, match="is not part of the model"):
        Simulator(model)


@pytest.mark.parametrize(
    "neuron_type",
    [Pyramidal(coupling=0.4), PyramidalRate(coupling=0.4), Pyramidal(coupling=0)],
    ids=repr,
)
def test_feedback_alignment_teaches_them_too(Simulator, neuron_type):
    """The update follows eq. 3, with an open gate if the somatic current is above threshold."""
    model = make_model(neuron_type)
    with model:
        rule = nengo_fa.FeedbackAlignment(1, 3.0, normalization=None)
        encode = nengo.Connection(
            nengo.Node([0.5, 0.2]), model.hidden, synapse=None, learning_rule_type=rule
        )
        nengo.Connection(nengo.Node([-2.0]), encode.learning_rule, synapse=None)
        delta, gate = (
            nengo.Probe(encode.learning_rule, name) for name in ("delta", "derivative")
        )
        current = nengo.Probe(model.hidden.neurons, "input")
    with Simulator(model) as sim:
        sim.run(0.05)
    soma = sim.data[current] + neuron_type.coupling * sim.data[model.measured[2]]
    assert np.array_equal(sim.data[gate], soma > 1)
    same = np.array_equal(soma > 1, sim.data[current] > 1)
    assert same == (neuron_type.coupling == 0)

    gain = sim.data[model.hidden].gain
    projected = sim.data[encode.learning_rule].feedback @ [-2.0]
    h = -3.0 * sim.dt * gain**2 * projected * (soma > 1)
    expected = h[:, :, np.newaxis] * [0.5, 0.2]
    np.testing.assert_allclose(sim.data[delta], expected, rtol=1e-12)
    assert 5 < expected[-1].any(axis=1).sum() < 40


def test_bursts_are_drawn_from_the_seed_of_the_ensemble(Simulator):
    """From random numbers of their own, one for each event, in the order of neurons."""
    model = make_model(n_inputs=3)
    model.hidden.seed = 7
    output, bursts, apical = run(Simulator, model)
    rng = np.random.RandomState([8, 1])
    probabilities = Pyramidal().burst_probabilities(apical)
    for fired, burst, probability in zip(output > 0, bursts, probabilities):
        draws = rng.random_sample(fired.sum())
        assert np.array_equal(burst[fired] > 0, draws < probability[fired])
        assert not burst[~fired].any()
    assert bursts.any() and not np.array_equal(bursts, output)
    assert np.array_equal(bursts[bursts > 0], output[bursts > 0])


@pytest.mark.parametrize(
    "resume", [copy.deepcopy, lambda sim: pickle.loads(pickle.dumps(sim))]
)
@pytest.mark.parametrize("neuron_type", [Pyramidal(), PyramidalRate()], ids=repr)
def test_resumed_simulators_go_on_as_they_were(Simulator, neuron_type, resume):
    model = make_model(neuron_type)
    with model:
        rule = nengo_fa.BurstLearning(n_events=30)
        nengo.Connection(nengo.Node([0.5, 0.2]), model.hidden, learning_rule_type=rule)
        nengo.Probe(model.hidden, "scaled_encoders")
    with Simulator(model) as sim:
        sim.run_steps(60)
        resumed = resume(sim)
        for _ in range(60):  # in turn: each has random numbers of its own
            sim.step()
            resumed.step()
        for probe, other in zip(sim.model.probes, resumed.model.probes):
            assert np.array_equal(sim._sim_data[probe], resumed._sim_data[other])
        uninterrupted = [sim.data[probe].copy() for probe in model.probes]
        for _ in range(2):
            sim.reset()
            sim.run_steps(120)
            for probe, values in zip(model.probes, uninterrupted):
                assert np.array_equal(sim.data[probe], values)
    resumed.close()


def test_two_simulators_of_one_model_do_not_disturb_each_other(Simulator):
    model = make_model()
    alone = run(Simulator, model, 0.1)
    with Simulator(model) as first, Simulator(model) as second:
        for _ in range(100):
            first.step()
            second.step()
        for sim in first, second:
            data = [sim.data[probe] for probe in model.measured]
            assert all(np.array_equal(*pair) for pair in zip(data, alone))


@pytest.mark.parametrize("neuron_type", [Pyramidal(), PyramidalRate()], ids=repr)
def test_arrays_may_be_filled_after_steps_are_made(Simulator, neuron_type):
    """As simulators do that keep their arrays elsewhere."""
    model = make_model(neuron_type)
    with Simulator(model) as sim:
        sim.run_steps(50)
        (operator,) = (op for op in sim.model.operators if type(op) is SimPyramidal)
        live = SignalDict()
        operator.init_signals(live)
        step = operator.make_step(live, sim.dt, None)
        for signal in live:
            live[signal][...] = sim.signals[signal]
        sim.step()
        # inputs are what they were in this step; state was as after the step before
        for signal in operator.reads:
            live[signal][...] = sim.signals[signal]
        step()
        for signal in operator.sets + operator.updates:
            assert np.array_equal(live[signal], sim.signals[signal])
    assert operator.apical_input in operator.reads
