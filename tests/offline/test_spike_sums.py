"""All spikes that are computed without steps equal those of the neuron type's step."""

import nengo
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nengo.params import iter_params
from nengo.rc import rc

import nengo_fa
from nengo_fa.offline.activities import make_step_measured
from nengo_fa.offline.spike_sums import sum_over_spikes
from nengo_fa.rules.responses import get_spike_times

N_STEPS = 120
# powers of two, whose sum is another one for each spike train
N_AT_ONCE = 40

DT = st.sampled_from([0.001, 0.0003, 0.0007, 0.005, 1 / 1024])
REFRACTORY = st.sampled_from([0, 1e-4, 0.0005, 0.001, 0.0013, 0.002, 0.01])
LIF = st.builds(
    nengo.LIF,
    tau_rc=st.sampled_from([0.02, 0.0004, 0.005, 0.1]),
    tau_ref=REFRACTORY,
    min_voltage=st.sampled_from([0, -1, -np.inf]),
)
LIF_RATE = st.builds(nengo.LIFRate, tau_ref=REFRACTORY)
GENERATED = st.one_of(LIF_RATE, st.just(nengo.RectifiedLinear(amplitude=30)))
NEURONS = st.one_of(
    LIF,
    st.just(nengo.SpikingRectifiedLinear()),
    st.builds(nengo.RegularSpiking, GENERATED),
    st.just(nengo.RegularSpiking(nengo.Sigmoid(tau_ref=0.004))),
    st.just(nengo.RegularSpiking(nengo.Tanh(tau_ref=0.01))),
)


def draw_currents(rng, dtype, scale=1):
    """Currents of all sizes, and next to the threshold."""
    near = 10 ** rng.uniform(-17, 2, size=400)
    current = np.concatenate(
        [rng.uniform(-1, 20, size=1000), 1 + near, 1 - near, 10 ** (near / 10)]
    )
    current = (scale * current).astype(dtype)
    one = np.ones(1, dtype=dtype)
    edges = [0, one, np.nextafter(one, 0), np.nextafter(one, 2), np.inf, np.nan, -1e9]
    return np.concatenate([current, np.tile(np.hstack(edges), 20).astype(dtype)])


def draw_state(neuron_type, size, rng, dtype):
    """Draw default initial states and other states."""
    state = neuron_type.make_state(size, rng=rng, dtype=dtype)
    one = np.ones(1, dtype=dtype)
    edges = np.hstack([0, one, np.nextafter(one, 0), np.nextafter(one, 2), -3, 1.5])
    odd = rng.rand(size) < 0.1
    state["voltage"][odd] = rng.choice(edges, size=odd.sum())
    if "refractory_time" in state:
        state["refractory_time"][odd] = rng.uniform(-0.01, 0.02, size=odd.sum())
    return state


def step_by_step(neuron_type, current, state, dt):
    """Outputs in each step, (n_steps, n_neurons), in spikes."""
    state = {name: value.copy() for name, value in state.items()}
    base_type = getattr(neuron_type, "base_type", None)
    output, spikes = np.zeros_like(current), np.empty((N_STEPS, len(current)))
    with np.errstate(all="ignore"):
        if base_type is not None:
            rates = np.zeros_like(current)
            base_type.step(dt, current, rates)
            current = rates
        for row in spikes:
            neuron_type.step(dt, current, output, **state)
            row[...] = output
    return np.round(spikes * dt)


def find_sums(neuron_type, current, state, dt, weights):
    with np.errstate(all="ignore"):
        times = get_spike_times(neuron_type)(neuron_type, current, state, dt)
        return sum_over_spikes(times, weights)


def check_trains(neuron_type, dt, bits, seed):
    rng, dtype = np.random.RandomState(seed), np.dtype(f"f{bits // 8}")
    scale = 1 if "LIF" in repr(neuron_type) else 30
    current = draw_currents(rng, dtype, scale)
    state = draw_state(neuron_type, len(current), rng, dtype)
    expected = step_by_step(neuron_type, current, state, dt)
    for start in range(0, N_STEPS, N_AT_ONCE):
        weights = np.zeros(N_STEPS)
        weights[start : start + N_AT_ONCE] = 2.0 ** np.arange(N_AT_ONCE)
        sums, in_doubt = find_sums(neuron_type, current, state, dt, weights)
        certain = ~in_doubt
        np.testing.assert_array_equal(sums[certain], (weights @ expected)[certain])


@given(NEURONS, DT, st.sampled_from([32, 64]), st.integers(0, 2**31))
@settings(max_examples=40)
def test_spikes_are_those_of_the_step(neuron_type, dt, bits, seed):
    check_trains(neuron_type, dt, bits, seed)


SOME_NEURONS = [
    nengo.LIF(),
    nengo.LIF(tau_ref=0),
    nengo.SpikingRectifiedLinear(),
    nengo.RegularSpiking(nengo.LIFRate()),
]
each_type = pytest.mark.parametrize("neuron_type", SOME_NEURONS, ids=repr)


@each_type
def test_without_tolerance_there_are_others(neuron_type, monkeypatch):
    find_times = get_spike_times(neuron_type)

    def find_times_too_sure(*args):
        times = find_times(*args)
        finite = np.isfinite(times.tolerance)
        return times._replace(tolerance=np.where(finite, 0, np.inf))

    check_trains(neuron_type, 0.001, 32, 0)
    monkeypatch.setitem(globals(), "get_spike_times", lambda _: find_times_too_sure)
    with pytest.raises(AssertionError):
        for seed in range(20):
            check_trains(neuron_type, 0.001, 32, seed)


@each_type
@pytest.mark.parametrize("bits, share", [(32, 0.05), (64, 0)])
def test_few_neurons_are_in_doubt(neuron_type, bits, share, rng):
    dtype = np.dtype(f"f{bits // 8}")
    current = rng.uniform(-5, 20, size=10000).astype(dtype)
    state = neuron_type.make_state(len(current), rng=rng, dtype=dtype)
    _, in_doubt = find_sums(neuron_type, current, state, 0.001, np.ones(100))
    assert in_doubt.mean() <= share


def measure(neuron_type, current, **kwargs):
    out = np.empty_like(current)
    arguments = {"synapse": nengo.Lowpass(0.005), "presentation_time": 0.02, **kwargs}
    rng = np.random.RandomState(1)
    make_step_measured(neuron_type, current, out, rng=rng, **arguments)()
    return out, rng.randint(2**31)


def make_unknown(neuron_type):
    """The same neurons, of a class that is not registered."""
    name = type(neuron_type).__name__
    other = type(f"Unknown{name}", (type(neuron_type),), {})
    return other(**{p: getattr(neuron_type, p) for p in iter_params(neuron_type)})


@pytest.mark.parametrize("synapse", [None, nengo.Alpha(0.01)])
@pytest.mark.parametrize("bits, tolerance", [("32", 1e-5), ("64", 1e-12)])
@pytest.mark.parametrize(
    "neuron_type",
    [
        *SOME_NEURONS,
        nengo.LIF(amplitude=0.1, tau_ref=0.0005),
        nengo.RegularSpiking(nengo.Tanh(tau_ref=0.01), amplitude=2),
    ],
    ids=repr,
)
def test_activities_are_those_of_steps(neuron_type, bits, tolerance, synapse, rng):
    """More of them than are computed at a time, some at the threshold."""
    rc.set("precision", "bits", bits)
    current = rng.uniform(-1, 9, size=(110, 300)).astype(rc.float_dtype)
    current[0] = 1
    current[1] = np.nextafter(current[0], 2)
    current[2] = 3000
    ours = measure(neuron_type, current, synapse=synapse)
    expected = measure(make_unknown(neuron_type), current, synapse=synapse)
    scale = expected[0].max()
    np.testing.assert_allclose(ours[0], expected[0], rtol=0, atol=tolerance * scale)
    assert ours[0].dtype == current.dtype
    assert ours[1] == expected[1]  # the same random numbers have been drawn


class NoisyLIF(nengo.LIF):
    def step(self, dt, J, output, **state):
        super().step(dt, J + 1, output, **state)


class SameLIF(nengo.LIF):
    pass


class Clock(nengo.neurons.NeuronType):
    """Fires once in ten steps if there is current."""

    spiking = True
    state = {"phase": nengo.dists.Choice([0.05])}

    def step(self, dt, J, output, phase):
        phase += 0.1
        output[...] = (phase > 1) / dt * (J > 0)
        phase[phase > 1] -= 1


def find_clock_spikes(neuron_type, current, state, dt):
    first = np.where(current > 0, 10 * (1 - state["phase"]), np.inf)
    return nengo_fa.SpikeTimes(
        first, np.full(len(first), 10.0), np.full(len(first), 1e-9)
    )


nengo_fa.register_response(NoisyLIF, nengo.LIF)
nengo_fa.register_response(SameLIF, nengo.LIF)


def test_spike_times_belong_to_a_step():
    """A class that is registered as another one may have a step of its own."""
    current = np.linspace(0.1, 3, 20).reshape(4, 5)
    assert get_spike_times(SameLIF()) is get_spike_times(nengo.LIF()) is not None
    assert get_spike_times(NoisyLIF()) is None
    expected, _ = measure(nengo.LIF(), current + 1)
    np.testing.assert_allclose(measure(NoisyLIF(), current)[0], expected)


def test_spike_times_of_ones_own():
    current = np.array([[-1.0, 1.0]])
    expected, _ = measure(Clock(), current)
    nengo_fa.register_response(Clock, nengo_fa.Response(spike_times=find_clock_spikes))
    np.testing.assert_allclose(measure(Clock(), current)[0], expected, rtol=1e-12)
    # simulated where they are not known
    nengo_fa.register_response(Clock, nengo_fa.Response(spike_times=lambda *_: None))
    np.testing.assert_array_equal(measure(Clock(), current)[0], expected)


def test_rates_of_unknown_types_may_change():
    """Rates of adaptive neurons change, and rates of a user's own type may change."""

    class Fading(nengo.LIFRate):
        def step(self, dt, J, output):
            output[...] = np.random.uniform(size=J.shape)

    for base_type in (nengo.AdaptiveLIFRate(), Fading()):
        neuron_type = nengo.RegularSpiking(base_type)
        state = {"voltage": np.zeros(3)}
        assert get_spike_times(neuron_type)(neuron_type, np.ones(3), state, 1) is None
