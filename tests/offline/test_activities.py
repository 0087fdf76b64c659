import nengo
import numpy as np
import pytest
from nengo.rc import rc

from nengo_fa.offline.activities import make_step_measured
from nengo_fa.rules.responses import make_step_rates


def compute(make_step, neuron_type, current, **kwargs):
    """Return the output of a step for currents, which must not change."""
    current = np.atleast_2d(np.asarray(current, dtype=rc.float_dtype))
    before, out = current.copy(), np.full_like(current, np.nan)
    step = make_step(neuron_type, current, out, **kwargs)
    for _ in range(2):
        step()
    assert np.array_equal(current, before)
    assert out.dtype == current.dtype
    return out


def rates(neuron_type, current):
    current = np.atleast_2d(np.asarray(current, dtype=float))
    size = current.shape[1]
    return neuron_type.rates(current, gain=np.ones(size), bias=np.zeros(size))


MEASURED = [
    (nengo.LIF(), 0.02),
    (nengo.LIF(amplitude=0.1, tau_ref=0.004), 0.02),
    (nengo.LIFRate(), 1e-9),
    (nengo.SpikingRectifiedLinear(amplitude=3), 0.02),
    (nengo.RegularSpiking(nengo.LIFRate(), amplitude=2), 0.02),
    (nengo.RegularSpiking(nengo.Sigmoid(tau_ref=0.01)), 0.02),
    (nengo.StochasticSpiking(nengo.Tanh(tau_ref=0.01)), 0.1),
    (nengo.PoissonSpiking(nengo.LIFRate(), amplitude=0.5), 0.1),
]


@pytest.mark.parametrize("synapse", [None, nengo.Lowpass(0.005)], ids=repr)
@pytest.mark.parametrize("neuron_type, tolerance", MEASURED, ids=repr)
def test_measured_activities_become_rates(neuron_type, tolerance, synapse, rng):
    current = np.linspace(-1, 4, 10).reshape(5, 2)
    if isinstance(neuron_type, nengo.SpikingRectifiedLinear):
        current *= 30
    measured = compute(
        make_step_measured,
        neuron_type,
        current,
        synapse=synapse,
        presentation_time=16,
        rng=rng,
    )
    expected = compute(make_step_rates, neuron_type, current)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(measured, expected, rtol=0, atol=tolerance * scale)
    assert np.all(measured[expected == 0] == 0)


def simulate(Simulator, neuron_type, current, synapse, presentation_time, dt=0.001):
    """Return activities by definition, from one simulator with a neuron for each sample."""
    size = current.size
    with nengo.Network(seed=0) as model:
        ensemble = nengo.Ensemble(
            size, 1, gain=np.ones(size), bias=current.ravel(), neuron_type=neuron_type
        )
        probe = nengo.Probe(ensemble.neurons)
    with Simulator(model, dt=dt) as sim:
        sim.run(presentation_time)
    output = sim.data[probe]
    if synapse is not None:
        output = synapse.filt(output, dt=sim.dt, y0=0)
    return output[len(output) // 2 :].mean(axis=0).reshape(current.shape)


@pytest.mark.parametrize("presentation_time", [0.002, 0.035, 0.1, 0.101])
@pytest.mark.parametrize(
    "synapse", [None, nengo.Lowpass(0.03), nengo.Alpha(0.02)], ids=repr
)
@pytest.mark.parametrize(
    "neuron_type",
    [
        nengo.LIF(initial_state={"voltage": nengo.dists.Choice([0.5])}),
        nengo.AdaptiveLIF(initial_state={"voltage": nengo.dists.Choice([0.2])}),
        nengo.RegularSpiking(
            nengo.LIFRate(), initial_state={"voltage": nengo.dists.Choice([0])}
        ),
        nengo.Tanh(),
    ],
    ids=repr,
)
def test_measured_is_what_a_simulator_sends(
    Simulator, neuron_type, synapse, presentation_time
):
    """With a synapse too slow to settle, too."""
    current = np.linspace(-1, 9, 12).reshape(4, 3)
    out = np.empty_like(current)
    step = make_step_measured(
        neuron_type, current.copy(), out, synapse, presentation_time
    )
    step()
    expected = simulate(Simulator, neuron_type, current, synapse, presentation_time)
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)


def test_slow_synapse_has_not_settled(rng):
    arguments = nengo.LIFRate(), [[2, 3]]
    slow, fast = (
        compute(make_step_measured, *arguments, synapse=synapse, presentation_time=0.1)
        for synapse in (nengo.Lowpass(0.5), nengo.Lowpass(0.001))
    )
    np.testing.assert_allclose(fast, compute(make_step_rates, *arguments), rtol=1e-3)
    assert np.all((0.1 * fast < slow) & (slow < 0.2 * fast))


@pytest.mark.parametrize("n_steps", [2, 3, 10, 51])
@pytest.mark.parametrize("dt", [0.001, 0.0003])
@pytest.mark.parametrize(
    "synapse",
    [
        None,
        nengo.Lowpass(0.005),
        nengo.Alpha(0.004),
        nengo.Lowpass(0),
        nengo.synapses.Triangle(0.01),
        nengo.LinearFilter([0.5, 0.5], [1, 0], analog=False),
    ],
    ids=repr,
)
def test_each_time_step_counts_as_in_a_simulator(Simulator, synapse, n_steps, dt):
    """Whatever the filter: in each of the steps some of these neurons fire."""
    neuron_type = nengo.LIF(
        tau_ref=dt, initial_state={"voltage": nengo.dists.Choice([0.5])}
    )
    current = np.linspace(1, 30 / dt, 60).reshape(6, 10)
    out = np.empty_like(current)
    step = make_step_measured(
        neuron_type, current.copy(), out, synapse, n_steps * dt, dt
    )
    step()
    expected = simulate(Simulator, neuron_type, current, synapse, n_steps * dt, dt)
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "neuron_type", [nengo.LIF(), nengo.PoissonSpiking(nengo.LIFRate())], ids=repr
)
def test_same_random_state_gives_the_same_spikes(neuron_type):
    def measure(seed):
        return compute(
            make_step_measured,
            neuron_type,
            np.linspace(0, 5, 40),
            synapse=None,
            presentation_time=0.1,
            rng=np.random.RandomState(seed),
        )

    assert np.array_equal(measure(1), measure(1))
    assert not np.array_equal(measure(1), measure(2))


def test_each_sample_starts_from_its_own_state(rng):
    current = np.full((50, 2), 1.5)
    measured = compute(
        make_step_measured,
        nengo.LIF(),
        current,
        synapse=None,
        presentation_time=0.02,
        rng=rng,
    )
    assert len(np.unique(measured[:, 0])) > 1


@pytest.mark.parametrize("synapse", [None, nengo.Lowpass(0.005)])
def test_initial_state_may_be_given_for_each_neuron(Simulator, synapse):
    voltage = np.array([0.1, 0.5, 0.9])
    current = np.array([[2.0, 2, 2], [3, 3, 3]])
    out = np.empty_like(current)
    neuron_type = nengo.LIF(initial_state={"voltage": voltage})
    make_step_measured(neuron_type, current, out, synapse, 0.02)()
    for row, sample in zip(out, current):
        expected = simulate(Simulator, neuron_type, sample, synapse, 0.02)
        np.testing.assert_allclose(row, expected, rtol=1e-9)
    assert len(np.unique(out[0])) > 1


@pytest.mark.parametrize("generator", [None, nengo.RegularSpiking])
def test_adaptive_neurons_subtract_their_adaptation(generator, rng):
    """So that f' is that at the current that drives them."""
    neuron_type = nengo.AdaptiveLIFRate(tau_n=0.1, inc_n=0.02)
    if generator is not None:
        neuron_type = generator(neuron_type)
    current = np.array([[0.5, 2, 6]])
    drive, out = current.copy(), np.empty_like(current)
    make_step_measured(neuron_type, drive, out, None, 2, rng=rng)()
    assert drive[0, 0] == 0.5
    assert np.all(drive[0, 1:] < current[0, 1:])
    # settled: the rate is the one at the current less the adaptation it brings
    np.testing.assert_allclose(
        drive, current - 0.02 * rates(nengo.LIFRate(), drive), rtol=1e-3
    )
    np.testing.assert_allclose(out, rates(nengo.LIFRate(), drive), rtol=0.03)
