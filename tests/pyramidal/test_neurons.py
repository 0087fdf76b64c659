import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa import Pyramidal, PyramidalRate
from nengo_fa.offline.activities import make_step_measured

TYPES = [Pyramidal, PyramidalRate]


def simulate(neuron_type, current, apical_input, seconds, dt=0.001, seed=0):
    """Output and state over time, for a current and an apical input that are held."""
    current = np.atleast_1d(np.asarray(current, dtype=float))
    state = neuron_type.make_state(len(current), rng=np.random.RandomState(seed))
    output, history = np.zeros_like(current), []
    for _ in range(round(seconds / dt)):
        neuron_type.step(dt, current, output, apical_input=apical_input, **state)
        history.append([output.copy(), state["bursts"].copy(), state["apical"].copy()])
    return np.moveaxis(np.array(history), 1, 0)


@pytest.mark.parametrize("pair", zip(TYPES, [nengo.LIF, nengo.LIFRate]))
def test_without_apical_input_it_is_a_lif_neuron(pair, Simulator):
    pyramidal, lif = pair
    outputs = []
    for neuron_type in pyramidal(), lif():
        with nengo.Network(seed=1) as model:
            x = nengo.Node(lambda t: np.sin(20 * t))
            ensemble = nengo.Ensemble(30, 1, neuron_type=neuron_type)
            square = nengo.Node(size_in=1)
            nengo.Connection(x, ensemble)
            nengo.Connection(ensemble, square, function=np.square)
            probes = nengo.Probe(ensemble.neurons), nengo.Probe(square)
        with Simulator(model) as sim:
            sim.run(0.3)
        outputs.append([sim.data[probe] for probe in probes])
        rates = neuron_type.rates(np.linspace(-1, 1, 9), 2, 1.5)
        outputs[-1].append(rates)
    for mine, theirs in zip(*outputs):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("neuron_type", [Pyramidal(), PyramidalRate()], ids=repr)
@pytest.mark.parametrize("apical_input", [-3, -1, 0, 1, 3])
def test_bursts_follow_the_sigmoid_and_events_do_not(
    neuron_type, apical_input, allclose
):
    """At all basal inputs, to three standard errors of a binomial distribution."""
    current = np.linspace(1.2, 4, 200)
    output, bursts, _ = simulate(neuron_type, current, apical_input, seconds=1)
    assert np.all((bursts == 0) | (bursts == output) | (not neuron_type.spiking))
    late = slice(100, None)  # ten times the time constant
    events, fraction = output[late].sum(), bursts[late].sum() / output[late].sum()
    expected = 1 / (1 + np.exp(-apical_input))
    error = np.sqrt(expected * (1 - expected) / (events * 0.001))
    assert abs(fraction - expected) < (3 * error if neuron_type.spiking else 1e-3)

    rates = neuron_type.rates(current, 1, 0).ravel()
    assert allclose(output.mean(axis=0), rates, rtol=0.1, atol=1.5)


def test_apical_input_reaches_the_soma_by_the_coupling(allclose):
    """As much as a current of coupling times apical potential, and not at all for 0."""
    current = np.linspace(0.5, 4, 50)
    neither = simulate(nengo_fa.PyramidalRate(coupling=0), current, 5.0, 0.3)[0][-1]
    assert np.array_equal(neither, nengo.LIFRate().rates(current, 1, 0).ravel())
    some = simulate(nengo_fa.PyramidalRate(coupling=0.1), current, 5.0, 0.3)[0][-1]
    assert allclose(some, nengo.LIFRate().rates(current + 0.5, 1, 0).ravel())


@pytest.mark.parametrize("coupling", [0, 0.01, 0.3])
def test_spikes_are_those_of_a_lif_neuron_at_the_current_of_the_soma(coupling):
    """Step by step: J plus coupling times the apical potential of the same step."""
    current, apical_input = np.linspace(0.5, 4, 50), 5.0
    spikes, _, apical = simulate(
        Pyramidal(coupling=coupling), current, apical_input, 0.3
    )
    lif, expected = nengo.LIF(), np.zeros_like(spikes)
    state = lif.make_state(50, rng=np.random.RandomState(0))
    for potential, output in zip(apical, expected):
        lif.step(0.001, current + coupling * potential, output, **state)
    assert np.array_equal(spikes, expected)
    without = simulate(Pyramidal(coupling=0), current, apical_input, 0.3)[0]
    assert (spikes.sum() > without.sum()) == (coupling > 0)


@pytest.mark.parametrize("neuron_type", TYPES)
@pytest.mark.parametrize("tau_apical", [0.002, 0.01, 0.05])
def test_apical_time_constant(neuron_type, tau_apical, allclose):
    """Of a leaky integrator, whether its input goes up or down."""
    potential = simulate(neuron_type(tau_apical), [2.0], 3.0, 0.05)[2][:, 0]
    times = 0.001 * np.arange(1, 51)
    assert allclose(potential, 3 * (1 - np.exp(-times / tau_apical)))
    decaying = neuron_type(tau_apical, initial_state={"apical": [3]})
    potential = simulate(decaying, [2.0], 0.0, 0.05)[2][:, 0]
    assert allclose(potential, 3 * np.exp(-times / tau_apical))


@pytest.mark.parametrize("neuron_type", TYPES)
@pytest.mark.parametrize("probability", [0.1, 0.7])
def test_fraction_of_bursts_at_rest(neuron_type, probability):
    """To four standard errors, as for coins that are thrown."""
    neurons = neuron_type(burst_probability=probability)
    output, bursts, _ = simulate(neurons, np.full(100, 2.5), 0.0, 0.5)
    n_events = output.sum() / 1000
    error = np.sqrt(probability * (1 - probability) / n_events)
    assert abs(bursts.sum() / output.sum() - probability) < 4 * error
    if not neurons.spiking:
        np.testing.assert_allclose(bursts, probability * output)


def test_bursts_follow_the_random_state():
    """The same seed gives the same bursts, another seed gives others of the same events."""
    start = {"voltage": np.linspace(0, 0.9, 30)}
    runs = [
        simulate(Pyramidal(initial_state=start), np.full(30, 2.5), 0.0, 0.2, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0][0], runs[2][0])
    assert 0.3 < np.mean((runs[0][1] != runs[2][1])[runs[0][0] > 0]) < 0.7


@pytest.mark.parametrize("neuron_type", [Pyramidal(), PyramidalRate()], ids=repr)
def test_apical_potential_does_not_depend_on_the_time_step(neuron_type, allclose):
    potentials = [
        simulate(neuron_type, [2.0], 3.0, 0.03, dt=dt)[2][-1] for dt in (1e-3, 1e-4)
    ]
    assert allclose(potentials, 3 * (1 - np.exp(-3)))


def test_bursts_do_not_depend_on_the_time_step():
    fractions = []
    for dt in (1e-3, 2e-4):
        output, bursts, _ = simulate(Pyramidal(), np.full(300, 3.0), 1.0, 0.3, dt=dt)
        fractions.append(bursts.sum() / output.sum())
    expected = 1 / (1 + np.exp(-1))
    assert np.all(np.abs(np.array(fractions) - expected) < 0.02)


@pytest.mark.parametrize("neuron_type", TYPES)
def test_probability_at_rest(neuron_type, allclose):
    neurons = neuron_type(burst_probability=0.2)
    assert allclose(neurons.burst_probabilities(0), 0.2)
    one_logit_more = 0.25 * np.e / (1 + 0.25 * np.e)
    assert allclose(neurons.burst_probabilities(1), one_logit_more)
    with np.errstate(all="raise"):
        assert neurons.burst_probabilities([-1e9, 1e9]).tolist() == [0, 1]


@pytest.mark.parametrize("neuron_type", TYPES)
@pytest.mark.parametrize(
    "name, value",
    [
        ("tau_apical", 0),
        ("tau_apical", -0.01),
        ("tau_apical", np.nan),
        ("burst_probability", 0),
        ("burst_probability", 1),
        ("burst_probability", np.nan),
        ("coupling", -0.1),
        ("coupling", np.nan),
        ("tau_rc", -0.02),
    ],
)
def test_bad_parameters(neuron_type, name, value):
    with pytest.raises(ValidationError, match=name):
        neuron_type(**{name: value})


@pytest.mark.parametrize("derivative", [nengo_fa.Step(), nengo_fa.Rate()], ids=repr)
@pytest.mark.parametrize("neuron_type", [Pyramidal(), PyramidalRate()], ids=repr)
def test_derivatives_are_those_of_lif_neurons(derivative, neuron_type):
    current = np.linspace(0, 3, 31)
    expected = derivative(nengo.LIFRate(), current)
    assert np.array_equal(derivative(neuron_type, current), expected)


def test_measured_activities(rng, allclose):
    """Offline training knows them in spikes, too."""
    current = np.linspace(1, 3, 40).reshape(2, 20)
    out = np.empty_like(current)
    make_step_measured(Pyramidal(), current, out, nengo.Lowpass(0.02), 0.4, rng=rng)()
    rates = nengo.LIFRate().rates(current.ravel(), 1, 0).reshape(2, 20)
    assert allclose(out, rates, atol=8)


@pytest.mark.parametrize("neuron_type", TYPES)
def test_measured_current_is_that_of_the_soma(neuron_type, allclose):
    """With an apical potential at the start that is all but kept."""
    neurons = neuron_type(
        tau_apical=1e4, coupling=0.2, initial_state={"apical": nengo.dists.Choice([5])}
    )
    current = np.linspace(0.5, 3, 40).reshape(2, 20)
    drive, out = current.copy(), np.empty_like(current)
    make_step_measured(neurons, drive, out, None, 1.0)()
    assert allclose(drive, current + 0.2 * 5, rtol=1e-3)
    rates = nengo.LIFRate().rates(drive.ravel(), 1, 0).reshape(2, 20)
    assert allclose(out, rates, atol=3)
