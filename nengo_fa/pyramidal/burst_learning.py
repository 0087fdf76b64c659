"""A learning rule for pyramidal neurons, from presynaptic activity, events and bursts."""

from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from nengo.builder import Builder
from nengo.exceptions import BuildError
from nengo.params import Default, NumberParam

from nengo_fa.online.builder import build_encoder_learning
from nengo_fa.pyramidal.neurons import ApicalCompartment
from nengo_fa.rules.connections import get_taught_ensemble
from nengo_fa.rules.learning_rules import EncoderLearningRule
from nengo_fa.rules.normalizations import Normalization, NormalizationParam
from nengo_fa.rules.params import FiniteParam, refuse_bool


class EventsParam(NumberParam):
    """A number of events, which may be infinite."""

    def coerce(self, instance, num):
        refuse_bool(self, instance, num)
        return super().coerce(instance, num)


class BurstLearning(EncoderLearningRule):
    r"""Learns encoders of pyramidal neurons from bursts (eq. 3 in expectation).

    The rule modifies the encoders of an ensemble of `Pyramidal` neurons. It uses signals
    that are available to a synapse: the presynaptic activity, the events of the postsynaptic
    neuron, and which of these events are bursts. If there are more bursts than expected, the
    encoder turns away from the current input; if there are fewer, it turns towards the input:

    .. math:: \Delta \vec p_i = -\kappa \, \frac{\alpha_i}{r}
              \left(b_i - \bar P_i \, e_i\right) \vec x \, dt

    with events :math:`e_i` and bursts :math:`b_i` (both in hertz: one spike in a time step
    is 1 / dt), the expected burst probability :math:`\bar P_i`, the trace :math:`\vec x`
    of the input, the gains :math:`\alpha` and the radius r.

    Connect the error to the `ApicalDendrites` instead of the rule. The error is actual minus
    target, as for `nengo.PES`, and the transform of this connection contains the feedback
    weights.

    Parameters
    ----------
    learning_rate : float, optional
        :math:`\kappa`, dimensionless: the change for each unexpected burst, if input, gain
        and radius are one. Default: 0.004.
    normalization : optional
        As for `FeedbackAlignment`. Default: ``"forced"``, because single bursts cause large
        updates, with which the augmented gradient makes encoders longer and longer.
    pre_synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the input, an eligibility trace that compensates for a delay of the apical
        potential. Default: None.
    n_events : float, optional
        The number of recent events of a neuron over which the burst probability
        :math:`\bar P` is averaged. If it is infinite, :math:`\bar P` keeps its initial value,
        which is the burst probability of the neuron type. Default: infinity.
    sparse : bool, optional
        As for `FeedbackAlignment`. Default: False.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a parameter has the wrong type or is out of range.

    See Also
    --------
    Pyramidal, ApicalDendrites, FeedbackAlignment

    Notes
    -----
    For feedback weights B, and an error for which the sigmoid is approximately linear, the
    expected update is that of `FeedbackAlignment` with the event rate :math:`a_i` instead of
    f', and with :math:`P_0 (1 - P_0) \kappa` instead of :math:`\kappa`.

    Bursts are random. Even without an error, their number fluctuates around the expected
    number, and encoders diffuse. To stop learning, use a learning rate of zero.

    You can probe ``"delta"``, the change of the scaled encoders (n_neurons, dimensions)
    in a step; ``"surprise"``, :math:`b_i - \bar P_i e_i` in hertz times amplitude, and
    ``"expected"``, :math:`\bar P_i`, both (n_neurons,); and ``"scaled_encoders"``, the
    encoders times gain over radius.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node([0.5, -0.5])
    ...     error = nengo.Node([1.0])
    ...     hidden = nengo.Ensemble(50, 2, neuron_type=nengo_fa.Pyramidal())
    ...     apical = nengo_fa.ApicalDendrites(hidden)
    ...     feedback = nengo.Connection(error, apical, transform=np.full((50, 1), 2.0))
    ...     encode = nengo.Connection(
    ...         stimulus, hidden, learning_rule_type=nengo_fa.BurstLearning())
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(0.5)
    ...     nengo_fa.freeze_params(sim, model)
    >>> bool(np.mean(hidden.encoders @ [0.5, -0.5]) < 0)
    True
    """

    probeable = ("delta", "surprise", "expected", "scaled_encoders")
    arrays = ("output", "bursts", "surprise", "expected", "share")

    learning_rate = FiniteParam("learning_rate", low=0, default=0.004, readonly=True)
    normalization = NormalizationParam(
        "normalization", default="forced", optional=True, readonly=True
    )
    n_events: Any = EventsParam("n_events", low=1, default=np.inf, readonly=True)

    def __init__(
        self,
        learning_rate: float = Default,
        normalization: str | Normalization | None = Default,
        pre_synapse: float | nengo.synapses.Synapse | None = Default,
        n_events: float = Default,
        sparse: bool = Default,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            normalization=normalization,
            pre_synapse=pre_synapse,
            sparse=sparse,
        )
        self.n_events = n_events

    def make_step(
        self,
        out: np.ndarray,
        output: np.ndarray,
        bursts: np.ndarray,
        surprise: np.ndarray,
        expected: np.ndarray,
        share: np.ndarray,
    ) -> Callable[[], None]:
        def step():
            np.multiply(expected, output, out=surprise)
            np.subtract(bursts, surprise, out=surprise)
            np.multiply(surprise, share, out=out)
            np.add(expected, out, out=expected)
            np.copyto(out, surprise)

        return step


@Builder.register(BurstLearning)
def build_burst_learning(model, rule_type, rule):
    """Build a `.BurstLearning` rule into a model."""
    ensemble = get_taught_ensemble(rule)
    neuron_type = ensemble.neuron_type
    if not isinstance(neuron_type, ApicalCompartment):
        raise BuildError(
            f"Building {rule}: the connection leads to {ensemble}, which has neuron type "
            f"{type(neuron_type).__name__} and therefore no bursts to learn from. Give the "
            "ensemble neuron_type=nengo_fa.Pyramidal()."
        )
    # the contribution of a surprise in a time step to the average over events
    share = model.dt / (neuron_type.amplitude * rule_type.n_events)
    apical = model.sig[ensemble.neurons]["apical"].initial_value
    sets = {
        "surprise": np.zeros_like(apical),
        "expected": np.full_like(apical, neuron_type.burst_probability),
        "share": np.full_like(apical, share),
    }
    build_encoder_learning(model, rule_type, rule, sets=sets)
