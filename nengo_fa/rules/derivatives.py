"""How a neuron's activity changes with its input current, f'(J): `Step` and `Rate`."""

import numpy as np
from array_api_compat import array_namespace
from nengo import neurons
from nengo.config import SupportDefaultsMixin
from nengo.exceptions import ValidationError
from nengo.params import Default, EnumParam, FrozenObject
from nengo.synapses import SynapseParam

from nengo_fa.offline.activities import has_lif_rates, make_step_lif, make_step_rates
from nengo_fa.pyramidal.neurons import Pyramidal, PyramidalRate
from nengo_fa.rules.params import FiniteParam


class Derivative(FrozenObject, SupportDefaultsMixin):
    """Base class of the derivatives that gate the error of an encoder rule.

    To pass your own, derive from this class and write `make_step`. What sets instances
    apart must be Nengo parameters (`nengo.params`), as for all frozen objects: Nengo takes
    rules with equal parameters for one.

    Parameters
    ----------
    synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the signal that the derivative is computed from.

    Attributes
    ----------
    signal : {"current", "output"}
        What the derivative is computed from: the input current J of each neuron (for
        adaptive neurons, less their adaptation), or its output (spikes or rate).

    Examples
    --------
    A derivative that never gates:

    >>> class Always(nengo_fa.Derivative):
    ...     def make_step(self, neuron_type, signal, out):
    ...         def step():
    ...             out[...] = 1
    ...         return step
    >>> rule = nengo_fa.FeedbackAlignment(1, derivative=Always())
    """

    signal = "current"
    synapse = SynapseParam("synapse", default=None, readonly=True)

    def __init__(self, synapse=Default):
        super().__init__()
        self.synapse = synapse

    def make_step(self, neuron_type, signal, out):
        """Bind the derivative to its arrays, as `nengo.builder.Operator.make_step` does.

        Parameters
        ----------
        neuron_type : nengo.neurons.NeuronType
            The neurons that are taught.
        signal : (...) ndarray
            The (filtered) current or output. Any shape; not to be written to.
        out : (...) ndarray
            Where the derivative belongs; same shape. Both are arrays of NumPy, unless
            `.train` computes on another device.

        Returns
        -------
        step : callable
            Reads ``signal`` and writes ``out``; takes no argument.

        Raises
        ------
        nengo.exceptions.ValidationError
            If there is no such derivative for ``neuron_type``.
        """
        raise NotImplementedError("Derivatives must provide make_step")

    def make_step_with_rates(self, neuron_type, current, rates, out):
        """Bind the firing rates and the derivative together, for a current that is held.

        Parameters
        ----------
        neuron_type : nengo.neurons.NeuronType
            The neurons that are taught.
        current : (n_samples, n_neurons) ndarray
            Input current of each neuron. Not written to.
        rates, out : (n_samples, n_neurons) ndarray
            Where the rates and the derivative belong.

        Returns
        -------
        step : callable
            Reads ``current``, writes ``rates`` and ``out``; takes no argument.

        Raises
        ------
        nengo.exceptions.ValidationError
            If there is no such derivative for ``neuron_type``.
        """
        signal = rates if self.signal == "output" else current
        step_rates = make_step_rates(neuron_type, current, rates)
        step_derivative = self.make_step(neuron_type, signal, out)

        def step():
            step_rates()
            step_derivative()

        return step

    def __call__(self, neuron_type, signal):
        """Return the derivative at ``signal``, an array of the same shape."""
        signal = np.asarray(signal, dtype=float)
        out = np.empty_like(signal)
        self.make_step(neuron_type, signal, out)()
        return out


class Step(Derivative):
    r"""One while the neuron is firing, zero while it is silent.

    The paper's stand-in for the derivative (after Eliasmith & Anderson, 2003, p. 295),
    exact for rectified linear neurons with unit amplitude. The synapse decides whether
    its neuron is firing from what it could know: the current that flows into the cell,
    or the spikes that the cell sends back.

    Parameters
    ----------
    signal : {"current", "output"}, optional
        ``"current"``: the neuron fires while its input current J exceeds its threshold.
        ``"output"``: the neuron fires while its output exceeds ``threshold``. Spikes
        need a filter, unless the synapse is to change at the moment of a spike only.
    threshold : float, optional
        In units of ``signal``: current, or hertz times amplitude. The default (None)
        is the neuron type's own threshold current (1 for LIF, 0 for rectified linear
        neurons), or, for the output, 1 Hz for spiking and 0 for rate neurons.
    synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the signal; needed to make something of spikes.

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
    threshold = FiniteParam("threshold", default=None, optional=True, readonly=True)

    # Current at which a neuron begins to fire.
    thresholds = {
        neurons.LIF: 1,
        neurons.LIFRate: 1,
        neurons.AdaptiveLIF: 1,
        neurons.AdaptiveLIFRate: 1,
        Pyramidal: 1,
        PyramidalRate: 1,
        neurons.RectifiedLinear: 0,
        neurons.SpikingRectifiedLinear: 0,
    }

    def __init__(self, signal=Default, threshold=Default, synapse=Default):
        super().__init__(synapse=synapse)
        self.signal = signal
        self.threshold = threshold

    def get_threshold(self, neuron_type):
        """The value of the signal above which such a neuron counts as firing."""
        if self.threshold is not None:
            return self.threshold
        if self.signal == "output":
            return getattr(neuron_type, "amplitude", 1) if neuron_type.spiking else 0
        rate_type = getattr(neuron_type, "base_type", neuron_type)
        try:
            return self.thresholds[type(rate_type)]
        except KeyError:
            known = ", ".join(cls.__name__ for cls in self.thresholds)
            raise ValidationError(
                f"Unknown threshold current for {type(rate_type).__name__} neurons "
                f"(known: {known}). Give it with Step(threshold=...), decide from the "
                "output with Step(signal='output'), or use another derivative.",
                attr="threshold",
                obj=self,
            ) from None

    def make_step(self, neuron_type, signal, out):
        return _make_step_greater(signal, self.get_threshold(neuron_type), out)


def _make_step_greater(signal, threshold, out):
    # NumPy would allocate a buffer to write the comparison to an array of floats
    xp = array_namespace(out)
    greater = xp.empty_like(out, dtype=xp.bool)

    def step():
        xp.greater(signal, threshold, out=greater)
        out[...] = greater

    return step


class Rate(Derivative):
    r"""The exact derivative f'(J) of the firing rate with respect to the current.

    Spiking neurons have the derivative of the rate they fire at. For LIF neurons,
    f' grows without bound as J falls to the threshold, so that one sample there could
    outweigh all others: within ``margin`` above the threshold, f' is held at its value
    at ``margin``. The default bounds f' of a LIF neuron with the default time constants
    at 223 Hz per unit of current, six times its value at twice the threshold. Where
    J is below the threshold, f' is exactly zero.

    Parameters
    ----------
    margin : float, optional
        Distance from the threshold of LIF neurons, in units of current.
    synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the current.

    Notes
    -----
    Known are LIF, LIFRate, AdaptiveLIF, AdaptiveLIFRate, Pyramidal, PyramidalRate,
    RectifiedLinear, SpikingRectifiedLinear, Sigmoid and Tanh, and RegularSpiking, StochasticSpiking and
    PoissonSpiking on top of any of the rate types. A class derived from one of them may
    have another response curve, and is refused.

    Examples
    --------
    >>> nengo_fa.Rate()(nengo.RectifiedLinear(amplitude=2), [-1.0, 1.0])
    array([0., 2.])
    """

    margin = FiniteParam("margin", default=0.01, low=0, low_open=True, readonly=True)

    def __init__(self, margin=Default, synapse=Default):
        super().__init__(synapse=synapse)
        self.margin = margin

    def make_step(self, neuron_type, signal, out):
        if type(neuron_type) in self.spike_generators:
            xp = array_namespace(out)
            step_rate = self.make_step(neuron_type.base_type, signal, out)
            amplitude = neuron_type.amplitude

            def step():
                step_rate()
                xp.multiply(out, amplitude, out=out)

            return step

        try:
            make_step = self.response_curves[type(neuron_type)]
        except KeyError:
            known = (*self.response_curves, *self.spike_generators)
            raise ValidationError(
                f"The derivative of {type(neuron_type).__name__} is not known "
                f"(known: {', '.join(cls.__name__ for cls in known)}). Use one of "
                "these neuron types, Step(signal='output'), or pass your own "
                "derivative: a class derived from nengo_fa.Derivative.",
                attr="derivative",
                obj=self,
            ) from None
        return make_step(self, neuron_type, signal, out)

    def _make_step_lif(self, neuron_type, signal, out):
        # f' = c / (interval^2 J (J - 1)); c is taken into the interval
        root = np.sqrt(neuron_type.amplitude * neuron_type.tau_rc)
        tau_rc, tau_ref = neuron_type.tau_rc / root, neuron_type.tau_ref / root
        margin = self.margin
        xp = array_namespace(out)
        above = xp.empty_like(out)  # J - 1
        interval = xp.empty_like(out)  # between two spikes
        step_firing = _make_step_greater(signal, 1, out)

        def step():
            xp.subtract(signal, 1, out=above)
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

    def make_step_with_rates(self, neuron_type, current, rates, out):
        if not has_lif_rates(neuron_type):
            return super().make_step_with_rates(neuron_type, current, rates, out)

        # f' follows from the rate a without another logarithm: in the notation of the
        # documentation, f' = tau_rc a^2 / (J (J - 1)). It falls with J, so that its value
        # at the margin is its bound.
        xp = array_namespace(out)
        work = xp.empty_like(out)
        step_rates = make_step_lif(neuron_type, current, rates, out, work)
        factor = neuron_type.tau_rc / neuron_type.amplitude
        bound = xp.full_like(out, float(self(neuron_type, 1 + self.margin)) / factor)

        def step():
            step_rates()
            xp.multiply(rates, rates, out=work)
            xp.divide(work, out, out=out)
            xp.minimum(out, bound, out=out)
            xp.multiply(out, factor, out=out)

        return step

    def _make_step_rectified(self, neuron_type, signal, out):
        xp = array_namespace(out)
        amplitude = neuron_type.amplitude
        step_firing = _make_step_greater(signal, 0, out)

        def step():
            step_firing()
            xp.multiply(out, amplitude, out=out)

        return step

    def _make_step_sigmoid(self, neuron_type, signal, out):
        xp = array_namespace(out)
        quarter_max_rate = 0.25 / neuron_type.tau_ref

        def step():
            # s(J) s(-J) = (1 - tanh(J / 2)^2) / 4, which cannot overflow
            xp.multiply(signal, 0.5, out=out)
            xp.tanh(out, out=out)
            xp.multiply(out, out, out=out)
            xp.subtract(1, out, out=out)
            xp.multiply(out, quarter_max_rate, out=out)

        return step

    def _make_step_tanh(self, neuron_type, signal, out):
        xp = array_namespace(out)
        max_rate = 1 / neuron_type.tau_ref

        def step():
            xp.tanh(signal, out=out)
            xp.multiply(out, out, out=out)
            xp.subtract(1, out, out=out)
            xp.multiply(out, max_rate, out=out)

        return step

    response_curves = {
        neurons.LIF: _make_step_lif,
        neurons.LIFRate: _make_step_lif,
        neurons.AdaptiveLIF: _make_step_lif,
        neurons.AdaptiveLIFRate: _make_step_lif,
        Pyramidal: _make_step_lif,
        PyramidalRate: _make_step_lif,
        neurons.RectifiedLinear: _make_step_rectified,
        neurons.SpikingRectifiedLinear: _make_step_rectified,
        neurons.Sigmoid: _make_step_sigmoid,
        neurons.Tanh: _make_step_tanh,
    }
    spike_generators = (
        neurons.RegularSpiking,
        neurons.StochasticSpiking,
        neurons.PoissonSpiking,
    )
