import nengo
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nengo.rc import rc

import nengo_fa
from nengo_fa.offline.activities import (
    _weights_in_time,
    make_step_lif,
    make_step_measured,
    make_step_rates,
)


class Cubic(nengo.neurons.NeuronType):
    """A user's own."""

    def step(self, dt, J, output):
        output[...] = np.maximum(J, 0) ** 3


class DoubleRate(nengo.LIFRate):
    """Derived from a type whose rates are computed in a faster way, but not that type."""

    def rates(self, x, gain, bias):
        return 2 * super().rates(x, gain, bias)

    def step(self, dt, J, output):
        super().step(dt, J, output)
        output *= 2


LIF_TYPES = [
    nengo.LIF(),
    nengo.LIFRate(),
    nengo.LIFRate(tau_rc=0.05, tau_ref=0.004, amplitude=1 / 75),
    nengo.LIF(tau_ref=0, amplitude=3),
    nengo.AdaptiveLIF(amplitude=2),
    nengo.AdaptiveLIFRate(tau_rc=0.01),
]
OTHER_TYPES = [
    nengo.RectifiedLinear(amplitude=0.5),
    nengo.SpikingRectifiedLinear(),
    nengo.Sigmoid(tau_ref=0.01),
    nengo.Tanh(),
    Cubic(),
    DoubleRate(),
    nengo.RegularSpiking(nengo.LIFRate(amplitude=2)),
    nengo.StochasticSpiking(nengo.Tanh()),
    nengo.PoissonSpiking(nengo.RectifiedLinear()),
]
TINY = np.finfo(float).eps
SPECIAL = [0, 1, 1 + TINY, 1 - TINY / 2, 1e-300, -1e-300, 1 + 1e-9, 1e9, -1e9, 2]


def compute(make_step, neuron_type, current, **kwargs):
    """What a step writes for currents, which it leaves alone."""
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


@pytest.mark.parametrize("neuron_type", LIF_TYPES + OTHER_TYPES, ids=repr)
@given(current=arrays(float, (3, 4), elements=st.floats(-50, 50)))
@example(current=np.reshape(SPECIAL[:6] + SPECIAL[:6], (3, 4)))
def test_rates_are_those_of_the_neuron_type(neuron_type, current):
    expected = rates(neuron_type, current)
    computed = compute(make_step_rates, neuron_type, current)
    # to all digits but those that the current has lost in J - 1
    np.testing.assert_allclose(computed, expected, rtol=1e-12, atol=1e-12)
    assert np.array_equal(computed == 0, expected == 0)


@pytest.mark.parametrize("neuron_type", LIF_TYPES, ids=repr)
def test_lif_rates_for_special_currents(neuron_type):
    with np.errstate(all="raise", under="ignore"):
        computed = compute(make_step_rates, neuron_type, SPECIAL)[0]
    np.testing.assert_allclose(computed, rates(neuron_type, SPECIAL)[0], rtol=1e-6)
    silent = np.array(SPECIAL) <= 1
    assert np.all(computed[silent] == 0) and np.all(computed[~silent] > 0)


@pytest.mark.parametrize("derivative", [nengo_fa.Step("output"), nengo_fa.Rate()])
@pytest.mark.parametrize("neuron_type", LIF_TYPES + OTHER_TYPES[:4], ids=repr)
def test_single_precision(neuron_type, derivative):
    current = np.linspace(-3, 6, 91)[None]
    current[0, 40] = 1 + np.finfo(np.float32).eps
    expected = rates(neuron_type, current)
    rc["precision"]["bits"] = "32"
    computed = compute(make_step_rates, neuron_type, current)
    assert computed.dtype == np.float32
    np.testing.assert_allclose(computed, expected, rtol=1e-4, atol=1e-4)
    assert np.array_equal(computed == 0, expected == 0)

    current = current.astype(np.float32)
    both = np.empty((2, *current.shape), dtype=np.float32)
    derivative.make_step_with_rates(neuron_type, current, *both)()
    slope = derivative(
        neuron_type, computed if derivative.signal == "output" else current
    )
    np.testing.assert_allclose(both, [computed, slope], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("amplitude", [0.5, 3])
@pytest.mark.parametrize(
    "spiking", [nengo.RegularSpiking, nengo.StochasticSpiking, nengo.PoissonSpiking]
)
def test_rates_are_in_units_of_the_output(spiking, amplitude):
    """Nengo's rates of spike generators leave their amplitude out."""
    neuron_type = spiking(nengo.LIFRate(), amplitude=amplitude)
    computed = compute(make_step_rates, neuron_type, [0.5, 2, 3])
    expected = amplitude * rates(nengo.LIFRate(), [0.5, 2, 3])
    np.testing.assert_allclose(computed, expected, rtol=1e-12)


def test_step_lif_leaves_behind_what_the_derivative_is_made_of():
    current = np.array([[0.5, 1, 1.5, 4]])
    out, product, work = np.empty((3, 1, 4))
    make_step_lif(nengo.LIF(), current, out, product, work)()
    np.testing.assert_allclose(product[0, 2:], [0.75, 12])
    assert np.all((product[0, :2] > 0) & (product[0, :2] < 1e-15))


class Half(nengo_fa.Derivative):
    def make_step(self, neuron_type, signal, out):
        def step():
            np.multiply(signal, 0.5, out=out)

        return step


@pytest.mark.parametrize(
    "derivative",
    [
        nengo_fa.Rate(),
        nengo_fa.Rate(margin=1e-4),
        nengo_fa.Rate(margin=0.5),
        nengo_fa.Step(),
        nengo_fa.Step("output"),
        nengo_fa.Step("output", threshold=30),
        nengo_fa.Step(threshold=0.3),
        Half(),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "neuron_type",
    [t for t in LIF_TYPES + OTHER_TYPES if type(t) is not Cubic],
    ids=repr,
)
def test_rates_and_derivative_together_are_each_alone(neuron_type, derivative, rng):
    current = rng.uniform(-2, 4, size=(30, 7))
    # but for J - 1 of a few bits, where f' is bounded whatever its digits
    current[0], current[1] = [0, 1, -1e9, 1e9, 1 + 1e-9, 1.01, 1.5], 1
    before = current.copy()
    signals = {"current": current, "output": rates(neuron_type, current)}
    try:
        expected = derivative(neuron_type, signals[derivative.signal])
    except nengo.exceptions.ValidationError as error:
        with pytest.raises(type(error), match=f"{error.attr}"):
            derivative.make_step_with_rates(neuron_type, current, *np.empty((2, 30, 7)))
        return
    together = np.full((2, *current.shape), np.nan)
    step = derivative.make_step_with_rates(neuron_type, current, *together)
    for _ in range(2):
        step()
    np.testing.assert_allclose(together[0], signals["output"], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(together[1], expected, rtol=1e-6, atol=1e-12)
    assert (
        np.array_equal(together[1] == 0, expected == 0)
        or derivative.signal != "current"
    )
    assert np.array_equal(current, before)


MEASURED = [
    (nengo.LIF(), 0.02),
    (nengo.LIF(amplitude=0.1, tau_ref=0.004), 0.02),
    (nengo.LIFRate(), 1e-9),
    (nengo.SpikingRectifiedLinear(amplitude=3), 0.02),
    (nengo.RegularSpiking(nengo.LIFRate(), amplitude=2), 0.02),
    (nengo.RegularSpiking(nengo.Sigmoid(tau_ref=0.01)), 0.02),
    (nengo.StochasticSpiking(nengo.Tanh(tau_ref=0.01)), 0.15),
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
        presentation_time=8,
        rng=rng,
    )
    expected = compute(make_step_rates, neuron_type, current)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(measured, expected, rtol=0, atol=tolerance * scale)
    assert np.all(measured[expected == 0] == 0)


def simulate(Simulator, neuron_type, current, synapse, presentation_time):
    """The definition, by one simulator: samples side by side, as so many neurons."""
    size = current.size
    with nengo.Network(seed=0) as model:
        ensemble = nengo.Ensemble(
            size, 1, gain=np.ones(size), bias=current.ravel(), neuron_type=neuron_type
        )
        probe = nengo.Probe(ensemble.neurons)
    with Simulator(model) as sim:
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
def test_weights_in_time_are_filter_and_average(synapse, n_steps, dt, rng):
    output = rng.uniform(0, 100, size=(n_steps, 1))
    filtered = output if synapse is None else synapse.filt(output, dt=dt, y0=0)
    weights = _weights_in_time(synapse, n_steps * dt, dt)
    assert weights.shape == (n_steps,)
    expected = filtered[n_steps // 2 :].mean()
    np.testing.assert_allclose(weights @ output[:, 0], expected, rtol=1e-9)


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
