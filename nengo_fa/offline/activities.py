"""Activities of neurons with a constant input current: rates, or measured from spikes."""

from collections import ChainMap

import numpy as np
from nengo.neurons import RatesToSpikesNeuronType

from nengo_fa.offline.spike_sums import sum_over_spikes
from nengo_fa.rules.learning_rules import ProjectedErrorRule
from nengo_fa.rules.responses import get_response, get_spike_times, make_step_rates

# number of neurons computed at a time, so that work arrays stay in the cache
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
    """Bind the measurement of activities, the output of neurons with a constant input.

    All samples are simulated at once with the neuron type's own step, each from its own
    initial state. If the neuron type has spike times, they are computed instead, and only
    neurons whose spikes may fall into another time step are simulated. The activity is the
    output through the synapse, averaged over the second half of the presentation, in hertz
    times amplitude.

    Parameters
    ----------
    neuron_type : nengo.neurons.NeuronType
    current : (n_samples, n_neurons) ndarray
        Input current. After the simulation, the final state of the neurons is added to it
        if it acts like a current, such as adaptation.
    out : (n_samples, n_neurons) ndarray
    synapse : nengo.synapses.Synapse or None
        A linear filter.
    presentation_time, dt : float
        In seconds.
    rng : numpy.random.RandomState, optional
        Draws all random numbers that have no seed of their own.
    noise : nengo.Process, optional
        Noise of the ensemble. It is added to the current in each time step, and is drawn
        separately for each sample.

    Returns
    -------
    step : callable
        A function without arguments that reads ``current`` and writes ``out``.
    """
    weights = _weights_in_time(synapse, presentation_time, dt)
    # flat, because some neuron types require one dimension
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
    """Return the state variables of neurons, and of their ``base_type`` if there is one."""
    n_neurons, types = out.shape[-1], [neuron_type]
    if isinstance(neuron_type, RatesToSpikesNeuronType):
        types.append(neuron_type.base_type)
    states = [each.make_state(out.size, rng=rng, dtype=out.dtype) for each in types]
    for state in states:
        for name, value in state.items():
            if np.shape(value) == (n_neurons,):  # one value for each neuron
                state[name] = np.resize(value, out.size)
    return states


def _simulate(neuron_type, current, activity, states, weights, dt, step_current=None):
    """Simulate neurons step by step, and sum their weighted outputs.

    Their current at each time comes from ``step_current``, or else is ``current``.
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
    """Sum the weights of all spikes at the spike times of the neuron type.

    Neurons whose spikes may fall into another time step are simulated. Returns False if
    there are no spike times.
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
    """Bind noise to currents, (n_samples, n_neurons), with separate noise for each sample."""
    # all samples share one random state, so that their noise differs
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
    """Return the weight of each time step in the filtered average, (n_steps,)."""
    n_steps = max(2, round(presentation_time / dt))
    start = n_steps // 2
    impulse = np.zeros((n_steps, 1))
    impulse[0] = 1
    response = impulse if synapse is None else synapse.filt(impulse, dt=dt, y0=0)

    # Until the end, an output at time t contributes the sum of the response up to
    # n_steps - t, minus its part before the average begins.
    until = np.concatenate([np.zeros(n_steps), np.cumsum(response)])
    t = np.arange(n_steps)
    total = until[2 * n_steps - 1 - t]
    early = until[n_steps - 1 + start - t]
    return (total - early) / (n_steps - start)


class Activities:
    """Activities of the neurons of a layer, and f', for a fixed number of samples.

    Parameters
    ----------
    layer : Layer
    n_samples : int
    measure : dict, optional
        Arguments of `.make_step_measured`. By default activities are rates.

    Attributes
    ----------
    inputs : (n_samples, dimensions + 1) array
        The input, with a one for the bias. In the first layer, it is the array that was
        given last.
    current, activities, derivative : (n_samples, n_neurons) array
    projected_error, neuron_error : (n_samples, n_neurons) array
        The projected error, and the error of each neuron that the rule computes from it. To
        save memory, the rules of this package overwrite the current and the derivative.
    needed : dict of str: (n_samples, n) array
        Arrays of the forward pass that the backward pass needs, by name.
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
        """Return the projected error times f', the error that error nodes pass on."""
        if self.neuron_error is self.derivative:
            return self.neuron_error
        return self.projected_error * self.derivative

    def compute(self, i, inputs, with_derivative=False):
        """Compute the activities in network i.

        The inputs are (n_samples, dimensions + 1), with a one for the bias. For a later
        layer, they are the activities of the previous layer, (n_samples, n_before).
        """
        if self._layer.is_first:
            self.inputs = inputs
        else:
            self.inputs[:, :-1] = self._layer.receive(i, inputs)
        self._matmul(self.inputs, self._layer.weights[i], out=self.current)
        (self._step_with_derivative if with_derivative else self._step)()


def make_inputs(device, shape):
    """Make an array for inputs, with a one after the dimensions of each, for the bias."""
    *shape, dimensions = shape
    inputs = device.empty((*shape, dimensions + 1))
    inputs[..., -1] = 1
    return inputs
