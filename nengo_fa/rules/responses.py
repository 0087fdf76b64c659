"""The response of each neuron type: a table for rules, simulators, training and views."""

from inspect import isclass
from typing import Any

from nengo import neurons
from nengo.exceptions import ValidationError

from nengo_fa.rules.response_functions import (
    RESPONSES,
    LIFResponse,
    RectifiedResponse,
    Response,
    TanhResponse,
    make_step_scaled,
)
from nengo_fa.rules.spike_times import (
    find_generated_spikes,
    find_integrator_spikes,
    find_lif_spikes,
)

_SPIKE_TIMES: dict[type, Any] = {}


class RatesToSpikesResponse(Response):
    """Neurons that convert the rates of another type, their ``base_type``, to spikes."""

    def get_threshold(self, neuron_type):
        base_type = neuron_type.base_type
        return get_response(base_type).get_threshold(base_type)

    def get_added_state(self, neuron_type, before=False):
        base_type = neuron_type.base_type
        return get_response(base_type).get_added_state(base_type, before)

    def compute_rates(self, neuron_type, x, gain, bias):
        # Nengo's rates do not include the amplitude, but the output of the neurons does.
        return super().compute_rates(neuron_type, x, gain, bias) * neuron_type.amplitude


class SpikeGeneratorResponse(RatesToSpikesResponse):
    """Neurons that fire, on average, at the rates of their ``base_type``."""

    def make_step_derivative(self, neuron_type, current, out, margin):
        base_type = neuron_type.base_type
        response = get_response(base_type)
        step_base = response.make_step_derivative(base_type, current, out, margin)
        return make_step_scaled(step_base, neuron_type.amplitude, out)


def register_response(neuron_class: Any, response: Any) -> None:
    """Add a type of neurons to the table of responses.

    Parameters
    ----------
    neuron_class : type
        A class derived from `nengo.neurons.NeuronType`. Derived classes have to be
        registered separately, because they may respond differently.
    response : Response or type
        How these neurons respond; or a registered neuron class with the same response,
        whose spike times are also used if both classes have the same method ``step``.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument has the wrong type.

    Examples
    --------
    >>> class NoisyLIF(nengo.LIF):
    ...     def step(self, dt, J, output, voltage, refractory_time):
    ...         J = J + np.random.normal(scale=0.1, size=J.shape)
    ...         super().step(dt, J, output, voltage, refractory_time)
    >>> nengo_fa.register_response(NoisyLIF, nengo.LIF)
    >>> nengo_fa.Step()(NoisyLIF(), [0.5, 1.5])
    array([0., 1.])
    """
    _check_neuron_class(neuron_class)
    spike_times = getattr(response, "spike_times", None)
    if isclass(response) and response in RESPONSES:
        same_step = neuron_class.step is response.step  # type: ignore[attr-defined]
        spike_times = _SPIKE_TIMES.get(response) if same_step else None
        response = RESPONSES[response]
    if not isinstance(response, Response):
        raise ValidationError(
            "Must be a nengo_fa.Response or a registered class of neurons "
            f"(got {response})",
            attr="response",
        )
    unknown = {*response.added_state, *response.added_state_before}
    unknown -= {"adaptation", *neuron_class.state}
    if unknown:
        raise ValidationError(
            f"{neuron_class.__name__} has no state variable {', '.join(sorted(unknown))} "
            f"(it has: {', '.join(neuron_class.state)})",
            attr="response",
        )
    RESPONSES[neuron_class] = response
    _SPIKE_TIMES[neuron_class] = spike_times


def _check_neuron_class(neuron_class):
    if not (isclass(neuron_class) and issubclass(neuron_class, neurons.NeuronType)):
        raise ValidationError(
            f"Must be a class derived from nengo.neurons.NeuronType (got {neuron_class})",
            attr="neuron_class",
        )


def get_response(neuron_type):
    """Return the `.Response` of a neuron type.

    A class that is not registered has neither a threshold nor a derivative. Its base class
    determines the state variables that are added to the current.
    """
    if type(neuron_type) in RESPONSES:
        return RESPONSES[type(neuron_type)]
    if isinstance(neuron_type, neurons.RatesToSpikesNeuronType):
        return RatesToSpikesResponse()
    bases = [RESPONSES[c] for c in type(neuron_type).__mro__ if c in RESPONSES]
    base = bases[0] if bases else Response()
    return Response(
        added_state=base.added_state, added_state_before=base.added_state_before
    )


def get_spike_times(neuron_type):
    """Return the function ``spike_times`` of the response of a neuron type, or None."""
    return _SPIKE_TIMES.get(type(neuron_type))


def make_step_rates(neuron_type, current, out):
    """Bind the firing rates of neurons to arrays.

    Parameters
    ----------
    neuron_type : nengo.neurons.NeuronType
        Its ``rates`` are computed, for LIF neurons by a faster function. The rates of
        spike generators, such as `nengo.PoissonSpiking`, include their amplitude here,
        but not in Nengo.
    current : (n_samples, n_neurons) array
        Input current of each neuron. It is not written to.
    out : (n_samples, n_neurons) array
        The step writes the rates into this array, in hertz times amplitude. For LIF and
        rectified linear neurons, the array may come from any library with the functions of
        the Python array API standard and ``out``. For other neurons, it must be a NumPy
        array, or a ``ValidationError`` is raised.

    Returns
    -------
    step : callable
        Reads ``current`` and writes ``out``; takes no argument.
    """
    return get_response(neuron_type).make_step_rates(neuron_type, current, out)


RESPONSES.update(
    {
        neurons.LIF: LIFResponse(),
        neurons.LIFRate: LIFResponse(),
        neurons.AdaptiveLIF: LIFResponse(),
        neurons.AdaptiveLIFRate: LIFResponse(),
        neurons.RectifiedLinear: RectifiedResponse(),
        neurons.SpikingRectifiedLinear: RectifiedResponse(),
        neurons.Sigmoid: TanhResponse(slope=0.5, height=0.25),
        neurons.Tanh: TanhResponse(slope=1, height=1),
        neurons.RegularSpiking: SpikeGeneratorResponse(
            spike_times=find_generated_spikes
        ),
        neurons.StochasticSpiking: SpikeGeneratorResponse(),
        neurons.PoissonSpiking: SpikeGeneratorResponse(),
    }
)
_SPIKE_TIMES.update(
    {
        neurons.LIF: find_lif_spikes,
        neurons.SpikingRectifiedLinear: find_integrator_spikes,
        neurons.RegularSpiking: find_generated_spikes,
    }
)
