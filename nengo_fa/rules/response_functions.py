"""Rates and their derivative: how neurons respond to the current that drives them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import nengo
import numpy as np
from array_api_compat import array_namespace, device, is_numpy_array
from nengo.exceptions import ValidationError
from nengo.utils.numpy import is_number

from nengo_fa.equations import Array
from nengo_fa.rules.arrays import empty_like
from nengo_fa.rules.params import FiniteParam

#: By the class of neurons; `nengo_fa.rules.responses` fills it.
RESPONSES: dict[type, "Response"] = {}


class Response:
    """How a type of neuron responds to the current that drives its soma.

    `register_response` adds the response of your own neuron type to a table, which `.Step`,
    `.Rate`, `.train`, `.geometry` and the views of Nengo GUI use. Rates are computed by the
    method ``rates`` of the neuron type. A class derived from `Response` may compute rates
    and derivatives faster, or on other devices than the CPU.

    Parameters
    ----------
    threshold : float, optional
        Current above which the neurons fire. By default, the neurons have no threshold,
        like `nengo.Sigmoid` neurons.
    derivative : callable, optional
        The derivative f'(J) of the firing rate, in units of the output per unit of
        current: a function ``derivative(neuron_type, current)`` that returns an array of
        the shape of ``current``. It should be bounded. Only `.Rate` needs it.
    added_state : dict, optional
        State variables that are added to the input current J, after they have been
        updated in the same time step, and the factor of each: a number, or the name of a
        parameter of the neuron type.
    added_state_before : dict, optional
        The same for state variables that act with their value of the previous step.
        Default: ``{"adaptation": -1}``, for neurons that have such a variable.
    spike_times : callable, optional
        The times of spikes at a constant current: a function ``spike_times(neuron_type,
        current, state, dt)`` of the current of each neuron, (n_neurons,), and the initial
        state variables by their names. It returns `.SpikeTimes`, or None if it does not
        know them. They must agree with the method ``step``. By default, `.train` simulates
        neurons step by step to measure their spikes.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the threshold or a factor is not a finite number, or if the derivative or the
        spike times are not a function.

    Examples
    --------
    >>> class SoftPlus(nengo.neurons.NeuronType):
    ...     negative = False
    ...     def step(self, dt, J, output):
    ...         output[...] = np.logaddexp(0, J)
    >>> nengo_fa.register_response(
    ...     SoftPlus,
    ...     nengo_fa.Response(derivative=lambda neuron_type, J: 1 / (1 + np.exp(-J))),
    ... )
    >>> nengo_fa.Rate()(SoftPlus(), [0.0])
    array([0.5])
    """

    threshold: Any = FiniteParam("threshold", default=None, optional=True)

    def __init__(
        self,
        threshold: float | None = None,
        derivative: Callable | None = None,
        added_state: Mapping[str, float] = MappingProxyType({}),
        added_state_before: Mapping[str, float] = MappingProxyType({"adaptation": -1}),
        spike_times: Callable | None = None,
    ) -> None:
        self._check_function("derivative", derivative, "neuron_type, current")
        arguments = "neuron_type, current, state, dt"
        self._check_function("spike_times", spike_times, arguments)
        self.threshold, self.derivative = threshold, derivative
        self.spike_times = spike_times
        self.added_state = _check_factors("added_state", added_state)
        self.added_state_before = _check_factors(
            "added_state_before", added_state_before
        )

    def _check_function(self, attr, function, arguments):
        if not (function is None or callable(function)):
            raise ValidationError(
                f"Must be a function {attr}({arguments}) (got {function!r})",
                attr=attr,
                obj=self,
            )

    def get_threshold(self, neuron_type: nengo.neurons.NeuronType) -> float | None:
        """Return the current above which neurons fire; None if they have no threshold."""
        return self.threshold

    def get_amplitude(self, neuron_type: nengo.neurons.NeuronType) -> float:
        """Return the output of a neuron that fires once per second."""
        return getattr(neuron_type, "amplitude", 1)

    def get_added_state(
        self, neuron_type: nengo.neurons.NeuronType, before: bool = False
    ) -> dict[str, float]:
        """Return the state variables that are added to J, as a dict of their factors.

        With ``before``, return those that act with their value of the previous step.
        """
        factors = self.added_state_before if before else self.added_state
        factors = {
            name: getattr(neuron_type, factor) if isinstance(factor, str) else factor
            for name, factor in factors.items()
            if name in neuron_type.state
        }
        return {name: factor for name, factor in factors.items() if factor != 0}

    def compute_rates(
        self,
        neuron_type: nengo.neurons.NeuronType,
        x: np.ndarray,
        gain: np.ndarray,
        bias: np.ndarray,
    ) -> np.ndarray:
        """Return the output of neurons, like the method ``rates`` of a neuron type."""
        return neuron_type.rates(x, gain, bias)

    def make_step_rates(
        self, neuron_type: nengo.neurons.NeuronType, current: Array, out: Array
    ) -> Callable[[], None]:
        """Bind rates to arrays, as `make_step_rates` does."""
        if not is_numpy_array(out):
            raise ValidationError(
                f"Nengo computes the rates of {type(neuron_type).__name__} neurons with "
                "NumPy. Use the device 'cpu', or use LIF or rectified linear neurons.",
                attr="device",
            )
        gain, bias = np.ones(out.shape[-1]), np.zeros(out.shape[-1])

        def step():
            out[...] = self.compute_rates(neuron_type, current, gain, bias)

        return step

    def make_step_derivative(
        self,
        neuron_type: nengo.neurons.NeuronType,
        current: Array,
        out: Array,
        margin: float,
    ) -> Callable[[], None]:
        """Bind the derivative f' of the rates to arrays, as `make_step_rates` does.

        If f' is not bounded at the threshold, it has a constant value up to ``margin``
        above the threshold, in units of current.
        """
        if self.derivative is None:
            known = ", ".join(neuron_class.__name__ for neuron_class in RESPONSES)
            raise ValidationError(
                f"The derivative of {type(neuron_type).__name__} is not known "
                f"(known: {known}). Use one of these neuron types or "
                "Step(signal='output'), add the neuron type with "
                "nengo_fa.register_response, or pass your own derivative: an instance of "
                "a class derived from nengo_fa.Derivative.",
                attr="derivative",
                obj=neuron_type,
            )

        def step():
            out[...] = self.derivative(neuron_type, current)

        return step

    def make_step_rates_and_derivative(
        self,
        neuron_type: nengo.neurons.NeuronType,
        current: Array,
        rates: Array,
        out: Array,
        margin: float,
    ) -> Callable[[], None]:
        """Bind rates and derivative together, which may be faster than each alone."""
        step_rates = self.make_step_rates(neuron_type, current, rates)
        step_derivative = self.make_step_derivative(neuron_type, current, out, margin)

        def step():
            step_rates()
            step_derivative()

        return step


class LIFResponse(Response):
    """LIF neurons, in the notation of the documentation."""

    def __init__(self, **kwargs):
        super().__init__(threshold=1, **kwargs)

    def make_step_rates(self, neuron_type, current, out):
        drive, work = empty_like(out), empty_like(out)
        step_interval = _make_step_interval(neuron_type, current, drive, work, out)
        step_divide = _make_step_divide(neuron_type, current, work, out)

        def step():
            step_interval()
            step_divide()

        return step

    def make_step_derivative(self, neuron_type, current, out, margin):
        # f' = c / (interval^2 J (J - 1)); c is included in the interval
        root = np.sqrt(neuron_type.amplitude * neuron_type.tau_rc)
        tau_rc, tau_ref = neuron_type.tau_rc / root, neuron_type.tau_ref / root
        xp = array_namespace(out)
        above = xp.empty_like(out)  # J - 1
        interval = xp.empty_like(out)  # between two spikes
        step_firing = make_step_greater(current, 1, out)

        def step():
            xp.subtract(current, 1, out=above)
            xp.maximum(above, margin, out=above)
            xp.divide(1, above, out=interval)
            xp.log1p(interval, out=interval)
            xp.multiply(interval, tau_rc, out=interval)
            xp.add(interval, tau_ref, out=interval)

            step_firing()
            xp.divide(out, interval, out=out)
            xp.divide(out, interval, out=out)
            xp.divide(out, above, out=out)
            xp.add(above, 1, out=above)
            xp.divide(out, above, out=out)

        return step

    def make_step_rates_and_derivative(self, neuron_type, current, rates, out, margin):
        # f' follows from the rate a and the interval without another logarithm. It falls with
        # J, so its largest value is that at the margin.
        xp = array_namespace(out)
        work = empty_like(out)
        step_interval = _make_step_interval(neuron_type, current, out, work, rates)
        step_divide = _make_step_divide(neuron_type, current, work, rates)
        at_margin = np.array([1 + margin, 0])
        self.make_step_derivative(neuron_type, at_margin[:1], at_margin[1:], margin)()
        bound = _make_number(float(at_margin[1]), out)

        def step():
            # f' = a / (interval J (J - 1))
            step_interval()
            xp.multiply(out, work, out=out)
            xp.multiply(out, rates, out=out)
            step_divide()
            xp.divide(rates, out, out=out)
            xp.minimum(out, bound, out=out)

        return step


def _make_step_interval(neuron_type, current, drive, above, interval):
    """Bind the interval between two spikes of LIF neurons, in units of tau_rc.

    Also sets ``drive`` to J and ``above`` to J - 1. Silent neurons count as if they were just
    above the threshold: computing all neurons is cheaper than selecting those that fire.
    """
    xp = array_namespace(interval)
    lowest = _make_number(1 + float(xp.finfo(interval.dtype).eps), interval)
    refractory = neuron_type.tau_ref / neuron_type.tau_rc

    def step():
        # tau_ref / tau_rc + log(J / (J - 1))
        xp.maximum(current, lowest, out=drive)
        xp.subtract(drive, 1, out=above)
        xp.divide(drive, above, out=interval)
        xp.log(interval, out=interval)
        xp.add(interval, refractory, out=interval)

    return step


def _make_step_divide(neuron_type, current, work, out):
    """Bind the rates of LIF neurons to arrays, whose intervals ``out`` holds before."""
    xp = array_namespace(out)
    factor = neuron_type.amplitude / neuron_type.tau_rc
    step_firing = make_step_greater(current, 1, work)

    def step():
        step_firing()
        xp.multiply(work, factor, out=work)
        xp.divide(work, out, out=out)

    return step


class RectifiedResponse(Response):
    """Rectified linear neurons."""

    def __init__(self):
        super().__init__(threshold=0)

    def make_step_rates(self, neuron_type, current, out):
        xp = array_namespace(out)
        # an array, because NumPy compares with a single number at half the speed
        zeros = xp.zeros_like(out)
        return make_step_scaled(
            lambda: xp.maximum(current, zeros, out=out), neuron_type.amplitude, out
        )

    def make_step_derivative(self, neuron_type, current, out, margin):
        step_firing = make_step_greater(current, 0, out)
        return make_step_scaled(step_firing, neuron_type.amplitude, out)


class TanhResponse(Response):
    """Neurons whose f' is ``height / tau_ref * (1 - tanh(slope * J) ** 2)``."""

    def __init__(self, slope, height):
        super().__init__()
        self.slope = slope
        self.height = height

    def make_step_derivative(self, neuron_type, current, out, margin):
        xp = array_namespace(out)
        height = self.height / neuron_type.tau_ref

        def step():
            # also for a sigmoid s: s(J) s(-J) = (1 - tanh(J / 2)^2) / 4 cannot overflow
            xp.multiply(current, self.slope, out=out)
            xp.tanh(out, out=out)
            xp.multiply(out, out, out=out)
            xp.subtract(1, out, out=out)
            xp.multiply(out, height, out=out)

        return step


def _check_factors(attr, factors):
    """Return the factors of state variables, which are numbers or names of parameters."""
    valid = isinstance(factors, Mapping) and all(
        isinstance(name, str)
        and (isinstance(factor, str) or (is_number(factor) and np.isfinite(factor)))
        and not isinstance(factor, bool)
        for name, factor in factors.items()
    )
    if not valid:
        raise ValidationError(
            "Must be a dict of the names of state variables, each with a finite number or "
            f"the name of a parameter of the neuron type (got {factors!r})",
            attr=attr,
        )
    return factors


def make_step_scaled(step, factor, out):
    """Bind a step, followed by a multiplication with a factor, to arrays."""
    xp = array_namespace(out)

    def step_scaled():
        step()
        xp.multiply(out, factor, out=out)

    return step_scaled


def _make_number(value, like):
    """Return a number as an array without axes, for functions that take arrays.

    A full array with this number would be as fast, but would need space in the cache.
    """
    xp = array_namespace(like)
    return xp.asarray(value, dtype=like.dtype, device=device(like))


def make_step_greater(signal, threshold, out):
    """Bind a comparison to arrays: one where the signal exceeds a threshold, else zero."""
    # NumPy would allocate a buffer to write the comparison to an array of floats
    xp = array_namespace(out)
    greater = xp.empty_like(out, dtype=xp.bool)

    def step():
        xp.greater(signal, threshold, out=greater)
        out[...] = greater

    return step
