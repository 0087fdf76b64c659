"""Spike times of neurons at a constant input current, without simulating time steps."""

from typing import NamedTuple

import numpy as np
from nengo import neurons


class SpikeTimes(NamedTuple):
    """Spike times of neurons at a constant input current, in time steps from its onset.

    A spike at time *t* occurs in the step ``floor(t)``. A simulation rounds in each step,
    which may move a spike. If a spike is so close to the border of its step that rounding
    may move it to another step, the neuron is simulated instead.

    Parameters
    ----------
    first : (n_neurons,) ndarray
        Time of the first spike; infinite for neurons that do not fire.
    period : (n_neurons,) ndarray
        Time from each spike to the next, at least one unless ``after_step`` is given.
    tolerance : (n_neurons,) ndarray
        The amount by which rounding may move a spike, for each interval since the onset.
        Infinite for neurons that must be simulated.
    after_step : (n_neurons,) ndarray, optional
        Shortest time from the beginning of the step with a spike to the next spike, at
        least one. It is needed for neurons that fire at most once in a step and lose the
        rest of that step.

    Examples
    --------
    >>> class Pacemaker(nengo.neurons.NeuronType):
    ...     spiking = True
    ...     state = {"phase": nengo.dists.Uniform(0, 1)}
    ...     def step(self, dt, J, output, phase):
    ...         phase += 10 * dt
    ...         output[...] = (phase >= 1) / dt
    ...         phase[phase >= 1] -= 1
    >>> def find_spikes(neuron_type, current, state, dt):
    ...     period = np.full(len(current), 1 / (10 * dt))
    ...     first = (1 - state["phase"]) * period
    ...     return nengo_fa.SpikeTimes(first, period, np.full(len(current), 1e-9))
    >>> nengo_fa.register_response(Pacemaker, nengo_fa.Response(spike_times=find_spikes))
    """

    first: np.ndarray
    period: np.ndarray
    tolerance: np.ndarray
    after_step: np.ndarray | None = None


def find_lif_spikes(neuron_type, current, state, dt):
    r"""Return the `SpikeTimes` of LIF neurons.

    The voltage :math:`v(t) = J - (J - v_0) e^{-t / \tau_{RC}}` is one after
    :math:`\tau_{RC} \log \frac{J - v_0}{J - 1}`.
    """
    tau_rc, tau_ref = neuron_type.tau_rc / dt, neuron_type.tau_ref / dt
    voltage, refractory = state["voltage"], state["refractory_time"] / dt
    above = np.subtract(current, 1, dtype=np.float64)
    silent = above <= 0
    np.abs(above, out=above)
    driving = above + 1
    first = tau_rc * np.log((driving - voltage) / above)
    first[silent] = np.inf
    # Nengo counts the step at whose beginning a neuron becomes refractory
    if np.any(refractory > 1):
        first += np.maximum(refractory - 1, 0)
    interval = tau_rc * np.log(driving / above)

    lowest, eps = np.min(voltage, initial=0), np.finfo(voltage.dtype).eps
    tolerance = _find_voltage_tolerance(above, driving, tau_rc, lowest)
    # rounding errors of the refractory time add up in each step
    tolerance += (np.max(refractory, initial=tau_ref + 1) + 1) ** 2
    tolerance *= eps
    if not (lowest >= neuron_type.min_voltage and np.max(voltage, initial=0) <= 1):
        regular = (voltage <= 1) & (voltage >= neuron_type.min_voltage)
        tolerance[~regular] = np.inf
    after_step = interval + 1 if tau_ref < 1 else None
    return SpikeTimes(first, interval + tau_ref, tolerance, after_step)


def _find_voltage_tolerance(above, driving, tau_rc, lowest):
    """Return how far errors of the voltage may move a spike, in units of the precision.

    The errors add up while the voltage rises, for at most about ``2 * tau_rc / driving + 2``
    steps, by up to ``1 + 6 * driving / tau_rc`` in each step. The more slowly the voltage
    passes the threshold, the further they move a spike.
    """
    scale = tau_rc * np.exp(1 / tau_rc) * max(1, -lowest) ** 2
    tolerance = (2 * scale * tau_rc) / driving
    tolerance += 14 * scale
    tolerance += (12 * scale * min(1, 1 / tau_rc)) * driving
    tolerance /= above
    return tolerance


def find_integrator_spikes(neuron_type, current, state, dt):
    """Return the `SpikeTimes` of `nengo.SpikingRectifiedLinear` neurons."""
    return _find_regular_spikes(np.maximum(current, 0), state["voltage"], dt)


def find_generated_spikes(neuron_type, current, state, dt):
    """Return the `SpikeTimes` of `nengo.RegularSpiking` neurons, or None.

    Return None if the rates of the ``base_type`` are not constant.
    """
    base_type = neuron_type.base_type
    if type(base_type).step not in _CONSTANT:
        return None
    rates = np.empty_like(current)
    base_type.step(dt, current, rates)
    return _find_regular_spikes(rates, state["voltage"], dt)


#: The steps of neuron types whose output depends on the current alone.
_CONSTANT = {
    neuron_class.step
    for neuron_class in (
        neurons.LIFRate,
        neurons.RectifiedLinear,
        neurons.Sigmoid,
        neurons.Tanh,
    )
}


def _find_regular_spikes(rates, voltage, dt):
    """Return spikes at the times at which the sum of rates passes integers."""
    period = 1 / (np.asarray(rates, dtype=np.float64) * dt)
    first = (1 - voltage) * period
    # the voltage is rounded in each step
    tolerance = np.finfo(voltage.dtype).eps * (period + 2) ** 2
    silent = rates == 0
    first[silent], tolerance[silent] = np.inf, 0
    regular = (period >= 1) & (voltage >= 0) & (voltage < 1)
    tolerance[~regular] = np.inf
    return SpikeTimes(first, period, tolerance)
