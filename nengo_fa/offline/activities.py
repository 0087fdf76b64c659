"""Activities of neurons while their input current is held: as rates, or as spikes."""

from collections import ChainMap

import numpy as np
from nengo.neurons import RatesToSpikesNeuronType

from nengo_fa.offline.spike_sums import sum_over_spikes
from nengo_fa.rules.learning_rules import ProjectedErrorRule
from nengo_fa.rules.responses import get_response, get_spike_times, make_step_rates

# so many neurons at a time that what is computed of them stays in the cache
_BLOCK_SIZE = 2**15


def make_step_measured(
    neuron_type,
    current,
    out,
    synapse,
    presentation_time,
    dt=0.001,
    rng=np.random,
    noise=None,
):
    """Bind activities that are measured: what neurons send while their input is held.

    All samples are simulated at once, by the neuron type's own step, each from an initial
    state of its own. Where the neuron type has spike times, those of all neurons are computed
    instead, and only neurons whose spikes may fall in another step are simulated. The
    activity is the output through the synapse, averaged over the second half of the
    presentation, in hertz times amplitude.

    Parameters
    ----------
    neuron_type : nengo.neurons.NeuronType
    current : (n_samples, n_neurons) ndarray
        Input current. What the state of the neurons at the end adds to it, such as
        adaptation, is added.
    out : (n_samples, n_neurons) ndarray
    synapse : nengo.synapses.Synapse or None
        A linear filter.
    presentation_time, dt : float
        In seconds.
    rng : numpy.random.RandomState, optional
        For all that is random and has no seed.
    noise : nengo.Process, optional
        Of the ensemble: added to the current in each time step, for each sample by itself.

    Returns
    -------
    step : callable
        Reads ``current`` and writes ``out``; takes no argument.
    """
    weights = _weights_in_time(synapse, presentation_time, dt)
    # flat, as some neuron types count on it
    flat = current.reshape(-1), out.reshape(-1)
    response = get_response(neuron_type)
    added_state = {
        **response.get_added_state(neuron_type),
        **response.get_added_state(neuron_type, before=True),
    }
    spike_times = get_spike_times(neuron_type)
    if noise is not None or added_state:
        spike_times = None

    def step():
        states = _make_states(neuron_type, out, rng)
        if spike_times is not None and _sum_spikes(
            spike_times, neuron_type, *flat, states, weights, dt
        ):
            return
        step_current = None
        if noise is not None:
            step_current = _make_step_noisy(noise, current, dt, rng)
        _simulate(neuron_type, *flat, states, weights, dt, step_current)
        for name, factor in added_state.items():
            np.add(flat[0], factor * ChainMap(*states)[name], out=flat[0])

    return step


def _make_states(neuron_type, out, rng):
    """State variables of neurons, and of the ``base_type`` that they have or not."""
    n_neurons, types = out.shape[-1], [neuron_type]
    if isinstance(neuron_type, RatesToSpikesNeuronType):
        types.append(neuron_type.base_type)
    states = [each.make_state(out.size, rng=rng, dtype=out.dtype) for each in types]
    for state in states:
        for name, value in state.items():
            if np.shape(value) == (n_neurons,):  # given for each neuron
                state[name] = np.resize(value, out.size)
    return states


def _simulate(neuron_type, current, activity, states, weights, dt, step_current=None):
    """Let neurons fire step by step, and sum their weighted outputs.

    Their current is that of ``step_current`` at a time, by default ``current``.
    """
    state, *base_state = states
    spikes, weighted, rates = np.zeros((3, *activity.shape), dtype=activity.dtype)
    driving, signal = current, current
    activity[...] = 0
    for i, weight in enumerate(weights):
        if step_current is not None:
            signal = driving = step_current((i + 1) * dt)
        if base_state:
            neuron_type.base_type.step(dt, driving, rates, **base_state[0])
            signal = rates
        neuron_type.step(dt, signal, spikes, **state)
        np.multiply(spikes, weight, out=weighted)
        np.add(activity, weighted, out=activity)


def _sum_spikes(spike_times, neuron_type, current, activity, states, weights, dt):
    """Sum the weights of all spikes, at the times of the response.

    Neurons with spikes that may fall in another step are simulated. Returns whether there
    are spike times.
    """
    factor = get_response(neuron_type).get_amplitude(neuron_type) / dt
    in_doubt = np.empty(len(current), dtype=bool)
    for start in range(0, len(current), _BLOCK_SIZE):
        block = slice(start, start + _BLOCK_SIZE)
        state = {name: value[block] for name, value in states[0].items()}
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            times = spike_times(neuron_type, current[block], state, dt)
            if times is None:
                return False
            sums, in_doubt[block] = sum_over_spikes(times, weights)
        activity[block] = sums * factor
    if in_doubt.any():
        chosen = [
            {name: value[in_doubt] for name, value in state.items()} for state in states
        ]
        some = np.empty(np.count_nonzero(in_doubt), dtype=activity.dtype)
        _simulate(neuron_type, current[in_doubt], some, chosen, weights, dt)
        activity[in_doubt] = some
    return True


def _make_step_noisy(noise, current, dt, rng):
    """Bind noise to currents, (n_samples, n_neurons), in which each sample has its own."""
    # one for all, or the noise of all samples would be the same
    rng = noise.get_rng(rng)
    shapes, dtype = ((0,), current.shape[1:]), current.dtype
    steps = [
        noise.make_step(*shapes, dt, rng, noise.make_state(*shapes, dt, dtype=dtype))
        for _ in current
    ]
    noisy = np.empty_like(current)

    def step(t):
        for values, step_sample in zip(noisy, steps):
            values[...] = step_sample(t)
        np.add(noisy, current, out=noisy)
        return noisy.reshape(-1)

    return step


def _weights_in_time(synapse, presentation_time, dt):
    """How much an output at each time step counts in the filtered average, (n_steps,)."""
    n_steps = max(2, round(presentation_time / dt))
    start = n_steps // 2
    impulse = np.zeros((n_steps, 1))
    impulse[0] = 1
    response = impulse if synapse is None else synapse.filt(impulse, dt=dt, y0=0)

    # An output at time t has, until the end, brought the sum of the response up to
    # n_steps - t; less what of it came before the average begins.
    until = np.concatenate([np.zeros(n_steps), np.cumsum(response)])
    t = np.arange(n_steps)
    total = until[2 * n_steps - 1 - t]
    early = until[n_steps - 1 + start - t]
    return (total - early) / (n_steps - start)


class Activities:
    """Activities of the neurons of a layer, and f', for so many samples at a time.

    Parameters
    ----------
    layer : Layer
    n_samples : int
    measure : dict, optional
        Arguments of `.make_step_measured`. By default activities are rates.

    Attributes
    ----------
    inputs : (n_samples, dimensions + 1) array
        The input, and a one for the bias. Where there is no layer before, whatever was
        given last.
    current, activities, derivative : (n_samples, n_neurons) array
    projected_error, neuron_error : (n_samples, n_neurons) array
        What the rule projects, and the error that it makes of it. To save memory, those of
        a rule of this package take the place of the current and the derivative.
    needed : dict of str: (n_samples, n) array
        What the way back needs of the way forward, by names.
    """

    def __init__(self, layer, n_samples, measure=None):
        dimensions, n_neurons = layer.weights.shape[1] - 1, layer.weights.shape[2]
        shape = n_samples, n_neurons
        device = layer.device
        self._layer = layer
        self._matmul = device.namespace.matmul
        self.inputs = None
        if not layer.is_first:
            self.inputs = make_inputs(device, (n_samples, dimensions))
        self.current = device.empty(shape)
        self.activities = device.empty(shape)
        self.derivative = device.empty(shape)
        arrays = layer.neuron_type, self.current, self.activities
        derivative = layer.rule.derivative
        self._bind_error(layer)
        if measure is None:
            self._step = make_step_rates(*arrays)
            self._step_with_derivative = derivative.make_step_with_rates(
                *arrays, self.derivative
            )
        else:
            signals = {"current": self.current, "output": self.activities}
            step_derivative = derivative.make_step(
                layer.neuron_type, signals[derivative.signal], self.derivative
            )
            self._step = make_step_measured(*arrays, **measure)

            def step_with_derivative():
                self._step()
                step_derivative()

            self._step_with_derivative = step_with_derivative

    def _bind_error(self, layer):
        """Bind the error of each neuron to its arrays, and find what these need."""
        rule, shape, empty = layer.rule, self.current.shape, layer.device.empty
        is_product = type(rule).make_step is ProjectedErrorRule.make_step
        self.projected_error = self.current if is_product else empty(shape)
        self.neuron_error = self.derivative if is_product else empty(shape)
        known = {
            "derivative": self.derivative,
            "current": self.current,
            "output": self.activities,
        }
        self.needed = {
            name: array
            for name, array in known.items()
            if name == "derivative" or name in rule.arrays
        }
        if not layer.is_first:
            self.needed["inputs"] = self.inputs
        known["projected_error"] = self.projected_error
        self.step_error = rule.bind_step(self.neuron_error, known)

    def find_gated_error(self):
        """Return the projected error times f', the error that nodes hand on."""
        if self.neuron_error is self.derivative:
            return self.neuron_error
        return self.projected_error * self.derivative

    def compute(self, i, inputs, with_derivative=False):
        """Compute the activities in network i.

        The inputs are (n_samples, dimensions + 1) with a one for the bias, or for a layer
        behind another the activities of the layer before, (n_samples, n_before).
        """
        if self._layer.is_first:
            self.inputs = inputs
        else:
            self.inputs[:, :-1] = self._layer.receive(i, inputs)
        self._matmul(self.inputs, self._layer.weights[i], out=self.current)
        (self._step_with_derivative if with_derivative else self._step)()


def make_inputs(device, shape):
    """An array for inputs, with a one behind the dimensions of each, for the bias."""
    *shape, dimensions = shape
    inputs = device.empty((*shape, dimensions + 1))
    inputs[..., -1] = 1
    return inputs
