"""A learning rule for pyramidal neurons, from presynaptic activity, events and bursts."""

import numpy as np
from nengo.builder import Builder, Signal
from nengo.exceptions import BuildError
from nengo.params import Default, NumberParam

from nengo_fa.online.builder import add_signal, prepare_encoder_update
from nengo_fa.online.operators import SignalByName, SimEncoderUpdate
from nengo_fa.pyramidal.neurons import ApicalCompartment
from nengo_fa.rules.connections import get_taught_ensemble
from nengo_fa.rules.learning_rules import EncoderLearningRule
from nengo_fa.rules.normalizations import NormalizationParam
from nengo_fa.rules.params import FiniteParam, refuse_bool


class EventsParam(NumberParam):
    """A number of events, which may be infinite."""

    def coerce(self, instance, num):
        refuse_bool(self, instance, num)
        return super().coerce(instance, num)


class BurstLearning(EncoderLearningRule):
    r"""Learns encoders of pyramidal neurons from bursts (eq. 3 in expectation).

    Modifies the encoders of an ensemble of `Pyramidal` neurons. A synapse knows what the
    presynaptic side sends, and of the neuron it is on, events and which of them are
    bursts. More bursts than expected turn the encoder away from the present input, fewer
    turn it towards the input:

    .. math:: \Delta \vec p_i = -\kappa \, \frac{\alpha_i}{r}
              \left(b_i - \bar P_i \, e_i\right) \vec x \, dt

    with events :math:`e_i` and bursts :math:`b_i` (both in hertz: one spike in a time step
    is 1 / dt), the expected burst probability :math:`\bar P_i`, the trace :math:`\vec x`
    of the input, the gains :math:`\alpha` and the radius r.

    No error is connected to the rule. It comes through the apical dendrites, where actual
    minus target belongs, as for `nengo.PES`, times any feedback weights.

    Parameters
    ----------
    learning_rate : float, optional
        :math:`\kappa`, dimensionless: the change for each burst too many, if input, gain
        and radius are one. Default: 0.004.
    normalization : optional
        As for `FeedbackAlignment`. Default: ``"forced"``, as single bursts take large
        steps, which the augmented gradient adds up to longer and longer encoders.
    pre_synapse : nengo.synapses.Synapse or float or None, optional
        Filter on the input, as an eligibility trace that makes up for a delay of the
        apical potential. Default: None.
    n_events : float, optional
        Over how many of the latest events of a neuron :math:`\bar P` is the average of
        what was a burst. Infinite, it stays as it begins, which is the burst probability
        of the neuron type. Default: infinity.
    sparse : bool, optional
        As for `FeedbackAlignment`. Default: False.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a parameter is not of the stated kind, or out of its range.

    See Also
    --------
    Pyramidal, ApicalDendrites, FeedbackAlignment

    Notes
    -----
    For feedback weights B and an error that is small enough for the sigmoid to be a line,
    the expected update is that of `FeedbackAlignment` with the event rate :math:`a_i` in
    place of f', and with :math:`P_0 (1 - P_0) \kappa` in place of :math:`\kappa`.

    Bursts are random. Without an error, too, there are now more of them and now fewer
    than expected, and encoders diffuse. To stop learning, use a learning rate of zero.

    Probeable are ``"delta"``, the change of the scaled encoders (n_neurons, dimensions)
    in a step; ``"surprise"``, :math:`b_i - \bar P_i e_i` in hertz times amplitude, and
    ``"expected"``, :math:`\bar P_i`, both (n_neurons,); ``"scaled_encoders"``, the encoders
    times gain over radius.

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

    learning_rate = FiniteParam("learning_rate", low=0, default=0.004, readonly=True)
    normalization = NormalizationParam(
        "normalization", default="forced", optional=True, readonly=True
    )
    n_events = EventsParam("n_events", low=1, default=np.inf, readonly=True)

    def __init__(
        self,
        learning_rate=Default,
        normalization=Default,
        pre_synapse=Default,
        n_events=Default,
        sparse=Default,
    ):
        super().__init__(
            learning_rate=learning_rate,
            normalization=normalization,
            pre_synapse=pre_synapse,
            sparse=sparse,
        )
        self.n_events = n_events


class SimBurstLearning(SimEncoderUpdate):
    r"""Calculate the change of scaled encoders by `.BurstLearning`.

    The error of a neuron is :math:`b_i - \bar P_i e_i`.

    Parameters
    ----------
    events, bursts : Signal
        Output of the neurons, and the same where it is of a burst, (n_neurons,).
    x : Signal
        The trace of the input of the ensemble, (dimensions,).
    scaled_encoders : Signal
        The live scaled encoders, (n_neurons, dimensions).
    surprise : Signal
        Set to the bursts less those that were expected, (n_neurons,).
    expected : Signal
        Set to the expected burst probability, (n_neurons,), from what it was.
    delta : Signal
        Updated to the change of the scaled encoders, (n_neurons, dimensions).
    rule : BurstLearning
        The learning rule type.
    amplitude : float
        Of the neurons.
    moved : Signal, optional
        As for `.SimEncoderLearning`.
    scale, **parameters
        As for `.SimEncoderUpdate`.

    Notes
    -----
    1. sets ``[surprise, expected, moved]``
    2. incs ``[]``
    3. reads ``[events, bursts, x, scaled_encoders]``
    4. updates ``[delta]``
    """

    events, bursts, surprise, expected = (SignalByName() for _ in range(4))

    def __init__(
        self,
        events,
        bursts,
        x,
        scaled_encoders,
        surprise,
        expected,
        delta,
        rule,
        amplitude,
        scale,
        moved=None,
        **parameters,
    ):
        super().__init__(
            rule,
            scale,
            dict(events=events, bursts=bursts, x=x, scaled_encoders=scaled_encoders),
            dict(surprise=surprise, expected=expected, moved=moved),
            dict(delta=delta),
            **parameters,
        )
        self.amplitude = amplitude

    def make_step_h(self, arrays, step_size, dt, h):
        events, bursts, surprise, expected = (
            arrays[name] for name in ("events", "bursts", "surprise", "expected")
        )
        per_event = dt / (self.amplitude * self.rule.n_events)

        def step_h():
            np.multiply(expected, events, out=surprise)
            np.subtract(bursts, surprise, out=surprise)
            np.multiply(surprise, per_event, out=h)
            np.add(expected, h, out=expected)
            np.multiply(step_size, surprise, out=h)

        return step_h


@Builder.register(BurstLearning)
def build_burst_learning(model, rule_type, rule):
    """Build a `.BurstLearning` object into a model.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    rule_type : BurstLearning
        Learning rule type to build.
    rule : nengo.connection.LearningRule
        The learning rule object corresponding to the learning rule type.

    Notes
    -----
    Does not modify ``model.params[]``.
    """
    ensemble = get_taught_ensemble(rule)
    neuron_type = ensemble.neuron_type
    if not isinstance(neuron_type, ApicalCompartment):
        raise BuildError(
            f"Building {rule}: post is {ensemble}, which has neuron type "
            f"{type(neuron_type).__name__} and so no bursts to learn from. Give the "
            "ensemble neuron_type=nengo_fa.Pyramidal()."
        )
    shared = prepare_encoder_update(model, rule_type, rule)
    neurons, signals = model.sig[ensemble.neurons], model.sig[rule]
    add_signal(model, rule, "surprise", ensemble.n_neurons)
    signals["expected"] = Signal(
        np.full_like(neurons["apical"].initial_value, neuron_type.burst_probability),
        name=f"{rule}.expected",
    )
    model.operators.append(
        SimBurstLearning(
            events=neurons["out"],
            bursts=neurons["bursts"],
            surprise=signals["surprise"],
            expected=signals["expected"],
            amplitude=neuron_type.amplitude,
            **shared,
        )
    )
