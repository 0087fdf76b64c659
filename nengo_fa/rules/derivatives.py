"""The derivative f'(J) of a neuron's activity by its input current: `Step` and `Rate`."""

from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from nengo.config import SupportDefaultsMixin
from nengo.exceptions import ValidationError
from nengo.params import Default, EnumParam, FrozenObject
from nengo.synapses import SynapseParam
from numpy.typing import ArrayLike

from nengo_fa.equations import Array
from nengo_fa.rules.params import FiniteParam
from nengo_fa.rules.response_functions import make_step_greater
from nengo_fa.rules.responses import get_response, make_step_rates


class Derivative(FrozenObject, SupportDefaultsMixin):
    """Base class of the derivatives that gate the error of an encoder rule.

    To write your own, derive from this class and write `make_step`. Declare settings that
    can differ between instances as Nengo parameters (`nengo.params`), as for all frozen
    objects: Nengo treats rules with equal parameters as the same rule.

    Parameters
    ----------
    synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the signal that the derivative is computed from.

    Attributes
    ----------
    signal : {"current", "output"}
        The signal from which the derivative is computed: the current that drives the soma
        of each neuron, which is J minus adaptation plus apical drive, or the output of the
        neuron (spikes or rate).

    Examples
    --------
    A derivative that is always one:

    >>> class Always(nengo_fa.Derivative):
    ...     def make_step(self, neuron_type, signal, out):
    ...         def step():
    ...             out[...] = 1
    ...         return step
    >>> rule = nengo_fa.FeedbackAlignment(1, derivative=Always())
    """

    signal = "current"
    synapse = SynapseParam("synapse", default=None, readonly=True)

    def __init__(
        self, synapse: float | nengo.synapses.Synapse | None = Default
    ) -> None:
        super().__init__()
        self.synapse = synapse

    def make_step(
        self, neuron_type: nengo.neurons.NeuronType, signal: Array, out: Array
    ) -> Callable[[], None]:
        """Bind the derivative to its arrays, as `nengo.builder.Operator.make_step` does.

        Parameters
        ----------
        neuron_type : nengo.neurons.NeuronType
            The neurons that are taught.
        signal : (...) ndarray
            The (filtered) current or output, of any shape. It must not be written to.
        out : (...) ndarray
            The step writes the derivative, finite numbers, into this array, of the same
            shape. Both are NumPy arrays, unless `.train` computes on another device.

        Returns
        -------
        step : callable
            Reads ``signal`` and writes ``out``; takes no argument.

        Raises
        ------
        nengo.exceptions.ValidationError
            If the derivative does not exist for ``neuron_type``.
        """
        raise NotImplementedError("Derivatives must provide make_step")

    def make_step_with_rates(
        self,
        neuron_type: nengo.neurons.NeuronType,
        current: Array,
        rates: Array,
        out: Array,
    ) -> Callable[[], None]:
        """Bind the firing rates and the derivative together, for a constant current.

        Parameters
        ----------
        neuron_type, current, rates
            As ``neuron_type``, ``current`` and ``out`` of `.make_step_rates`.
        out : (n_samples, n_neurons) array
            The step writes the derivative into this array.
        """
        signal = rates if self.signal == "output" else current
        step_rates = make_step_rates(neuron_type, current, rates)
        step_derivative = self.make_step(neuron_type, signal, out)

        def step():
            step_rates()
            step_derivative()

        return step

    def __call__(
        self, neuron_type: nengo.neurons.NeuronType, signal: ArrayLike
    ) -> np.ndarray:
        """Return the derivative at ``signal``, an array of the same shape."""
        signal = np.asarray(signal, dtype=float)
        out = np.empty_like(signal)
        self.make_step(neuron_type, signal, out)()
        return out


class Step(Derivative):
    r"""One while the neuron is firing, zero while it is silent.

    The paper uses this approximation of the derivative (after Eliasmith & Anderson, 2003,
    p. 295); it is exact for rectified linear neurons with unit amplitude. Whether the
    neuron is firing is determined from a signal that is available to its synapses: the
    current that flows into the cell, or the spikes of the cell.

    Parameters
    ----------
    signal : {"current", "output"}, optional
        ``"current"``: the neuron fires while the current at its soma exceeds its threshold.
        ``"output"``: the neuron fires while its output exceeds ``threshold``. Without a
        filter, encoders of spiking neurons only change in time steps with a spike.
    threshold : float, optional
        The threshold in units of ``signal``: current, or hertz times amplitude. The default
        (None) is the threshold current of the neuron type (1 for LIF, 0 for rectified linear
        neurons), or, for the output, 1 Hz for spiking and 0 for rate neurons.
    synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the signal; use a filter if the signal is the output of spiking neurons.

    Examples
    --------
    >>> nengo_fa.Step()(nengo.LIFRate(), [0.5, 1.5])
    array([0., 1.])
    """

    signal = EnumParam(
        "signal",
        default="current",
        values=("current", "output"),
        lower=False,
        readonly=True,
    )
    threshold: Any = FiniteParam(
        "threshold", default=None, optional=True, readonly=True
    )

    def __init__(
        self,
        signal: str = Default,
        threshold: float = Default,
        synapse: float | nengo.synapses.Synapse | None = Default,
    ) -> None:
        super().__init__(synapse=synapse)
        self.signal = signal
        self.threshold = threshold

    def get_threshold(self, neuron_type: nengo.neurons.NeuronType) -> float:
        """Return the value of the signal above which a neuron counts as firing."""
        if self.threshold is not None:
            return self.threshold
        response = get_response(neuron_type)
        if self.signal == "output":
            return response.get_amplitude(neuron_type) if neuron_type.spiking else 0
        threshold = response.get_threshold(neuron_type)
        if threshold is None:
            raise ValidationError(
                f"Unknown threshold current of {neuron_type} neurons. Give it with "
                "Step(threshold=...), use the output with Step(signal='output'), pass it to "
                "nengo_fa.register_response, as Response(threshold=...), or use another "
                "derivative.",
                attr="threshold",
                obj=self,
            )
        return threshold

    def make_step(
        self, neuron_type: nengo.neurons.NeuronType, signal: Array, out: Array
    ) -> Callable[[], None]:
        return make_step_greater(signal, self.get_threshold(neuron_type), out)


class Rate(Derivative):
    r"""The exact derivative f'(J) of the firing rate with respect to the current.

    For spiking neurons, this is the derivative of their firing rate. For LIF neurons, f'
    grows without bound as J falls to the threshold, so that a single sample there could
    outweigh all other samples. Within ``margin`` above the threshold, f' therefore has its
    value at ``margin``. The default limits f' of a LIF neuron with the default time
    constants to 223 Hz per unit of current, six times its value at twice the threshold.
    If J is below the threshold, f' is exactly zero.

    Parameters
    ----------
    margin : float, optional
        Distance from the threshold of LIF neurons, in units of current.
    synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the current.

    Notes
    -----
    The derivative is known for LIF, LIFRate, AdaptiveLIF, AdaptiveLIFRate, Pyramidal,
    PyramidalRate, RectifiedLinear, SpikingRectifiedLinear, Sigmoid and Tanh, for
    RegularSpiking, StochasticSpiking and PoissonSpiking with any of these rate types, and
    for neuron types that were added with `register_response`. Classes derived from these
    types may have another response curve, and are refused until they are registered.

    Examples
    --------
    >>> nengo_fa.Rate()(nengo.RectifiedLinear(amplitude=2), [-1.0, 1.0])
    array([0., 2.])
    """

    margin: Any = FiniteParam(
        "margin", default=0.01, low=0, low_open=True, readonly=True
    )

    def __init__(
        self,
        margin: float = Default,
        synapse: float | nengo.synapses.Synapse | None = Default,
    ) -> None:
        super().__init__(synapse=synapse)
        self.margin = margin

    def make_step(
        self, neuron_type: nengo.neurons.NeuronType, signal: Array, out: Array
    ) -> Callable[[], None]:
        response = get_response(neuron_type)
        return response.make_step_derivative(neuron_type, signal, out, self.margin)

    def make_step_with_rates(
        self,
        neuron_type: nengo.neurons.NeuronType,
        current: Array,
        rates: Array,
        out: Array,
    ) -> Callable[[], None]:
        return get_response(neuron_type).make_step_rates_and_derivative(
            neuron_type, current, rates, out, self.margin
        )
