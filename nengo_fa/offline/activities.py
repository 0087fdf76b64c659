"""Activities that are measured: what neurons send while their input current is held."""

import numpy as np
from nengo.neurons import RatesToSpikesNeuronType

from nengo_fa.rules.responses import get_response


def make_step_measured(
    neuron_type, current, out, synapse, presentation_time, dt=0.001, rng=np.random
):
    """Bind activities that are measured: what neurons send while their input is held.

    All samples are simulated at once, by the neuron type's own step, each from an
    initial state of its own. The activity is the output through the synapse, averaged
    over the second half of the presentation.

    Parameters
    ----------
    neuron_type : nengo.neurons.NeuronType
    current : (n_samples, n_neurons) ndarray
        Input current of each neuron. What the state of the neurons at the end adds to
        it, such as adaptation, is added.
    out : (n_samples, n_neurons) ndarray
        Where the activities belong, in hertz times amplitude.
    synapse : nengo.synapses.Synapse or None
        A linear filter.
    presentation_time : float
        In seconds.
    dt : float, optional
        Time step in seconds.
    rng : numpy.random.RandomState, optional
        For the initial states, drawn anew each time, and for random neurons.

    Returns
    -------
    step : callable
        Reads ``current`` and writes ``out``; takes no argument.
    """
    weights = _weights_in_time(synapse, presentation_time, dt)
    n_neurons = out.shape[-1]
    # flat, as some neuron types count on it
    current, activity = current.reshape(-1), out.reshape(-1)
    spikes, weighted = np.zeros_like(activity), np.empty_like(activity)
    from_rates = isinstance(neuron_type, RatesToSpikesNeuronType)
    rates = np.zeros_like(activity)
    response = get_response(neuron_type)
    added_state = {
        **response.get_added_state(neuron_type),
        **response.get_added_state(neuron_type, before=True),
    }

    def make_state(neuron_type):
        state = neuron_type.make_state(activity.size, rng=rng, dtype=activity.dtype)
        for name, value in state.items():
            if np.shape(value) == (n_neurons,):  # given for each neuron
                state[name] = np.resize(value, activity.size)
        return state

    def step():
        base_state = {}
        state = make_state(neuron_type)
        if from_rates:
            base_type = neuron_type.base_type
            base_state = make_state(base_type)
        activity[...] = 0
        for weight in weights:
            if from_rates:
                base_type.step(dt, current, rates, **base_state)
                neuron_type.step(dt, rates, spikes, **state)
            else:
                neuron_type.step(dt, current, spikes, **state)
            np.multiply(spikes, weight, out=weighted)
            np.add(activity, weighted, out=activity)
        state.update(base_state)
        for name, factor in added_state.items():
            np.add(current, factor * state[name], out=current)

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
