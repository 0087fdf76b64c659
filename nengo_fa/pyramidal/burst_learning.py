"""A learning rule for pyramidal neurons, from presynaptic activity, events and bursts."""

import numpy as np
from nengo.builder import Builder, Operator, Signal
from nengo.builder.learning_rules import build_or_passthrough
from nengo.exceptions import BuildError
from nengo.learning_rules import LearningRuleType
from nengo.params import BoolParam, Default, NumberParam
from nengo.synapses import SynapseParam

from nengo_fa.online.builder import (
    check_normalization,
    find_taught_entries,
    get_taught_ensemble,
)
from nengo_fa.online.operators import NORMALIZATIONS
from nengo_fa.pyramidal.neurons import ApicalCompartment
from nengo_fa.rules.learning_rules import NormalizationParam
from nengo_fa.rules.params import FiniteParam


class BurstLearning(LearningRuleType):
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

    modifies = "encoders"
    probeable = ("delta", "surprise", "expected", "scaled_encoders")

    learning_rate = FiniteParam("learning_rate", low=0, default=0.004, readonly=True)
    normalization = NormalizationParam(
        "normalization", default="forced", optional=True, readonly=True
    )
    pre_synapse = SynapseParam("pre_synapse", default=None, readonly=True)
    n_events = NumberParam("n_events", low=1, default=np.inf, readonly=True)
    sparse = BoolParam("sparse", default=False, readonly=True)

    def __init__(
        self,
        learning_rate=Default,
        normalization=Default,
        pre_synapse=Default,
        n_events=Default,
        sparse=Default,
    ):
        super().__init__(learning_rate, size_in=0)
        self.normalization = normalization
        self.pre_synapse = pre_synapse
        self.n_events = n_events
        self.sparse = sparse


class SimBurstLearning(Operator):
    r"""Calculate the change of scaled encoders by `.BurstLearning`.

    With :math:`s = \alpha / r`, it is :math:`h_i x` without normalization, where

    .. math:: h_i = -\kappa \, dt \, s_i^2 \, (b_i - \bar P_i e_i)

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
    scale : (n_neurons,) ndarray
        Gain over radius.
    columns, fields : ndarray, optional
        As for `.SimEncoderLearning`.
    tag : str, optional
        A label associated with the operator, for debugging purposes.

    Notes
    -----
    1. sets ``[surprise, expected]``
    2. incs ``[]``
    3. reads ``[events, bursts, x, scaled_encoders]``
    4. updates ``[delta]``
    """

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
        columns=None,
        fields=None,
        tag=None,
    ):
        super().__init__(tag=tag)
        self.rule = rule
        self.amplitude = amplitude
        self.scale = scale
        self.columns = columns
        self.fields = fields

        self.sets = [surprise, expected]
        self.incs = []
        self.reads = [events, bursts, x, scaled_encoders]
        self.updates = [delta]

    @property
    def _descstr(self):
        return f"{self.rule} -> {self.updates[0]}"

    def make_step(self, signals, dt, rng):
        events, bursts, x, encoders = (signals[signal] for signal in self.reads)
        surprise, expected = (signals[signal] for signal in self.sets)
        delta = signals[self.updates[0]]

        step_size = (-self.rule.learning_rate * dt * self.scale**2).astype(delta.dtype)
        per_event = dt / (self.amplitude * self.rule.n_events)
        h = np.empty_like(surprise)
        make_step_outer = NORMALIZATIONS[self.rule.normalization]
        step_outer = make_step_outer(h, x, encoders, delta, self.fields, self.scale)
        columns = self.columns
        if columns is not None:
            columns = np.tile(columns, (len(delta), 1))

        def step_simburstlearning():
            np.multiply(expected, events, out=surprise)
            np.subtract(bursts, surprise, out=surprise)
            np.multiply(surprise, per_event, out=h)
            np.add(expected, h, out=expected)
            np.multiply(step_size, surprise, out=h)
            step_outer()
            if columns is not None:
                np.multiply(delta, columns, out=delta)

        return step_simburstlearning


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
    built, encoders = model.params[ensemble], model.sig[ensemble]["encoders"]
    check_normalization(rule_type, rule, encoders.initial_value)
    columns, fields = find_taught_entries(rule_type, rule, encoders.initial_value)
    neurons = model.sig[ensemble.neurons]

    signals = model.sig[rule]
    signals["scaled_encoders"] = encoders
    signals["surprise"] = Signal(shape=(ensemble.n_neurons,), name=f"{rule}.surprise")
    signals["expected"] = Signal(
        np.full_like(neurons["apical"].initial_value, neuron_type.burst_probability),
        name=f"{rule}.expected",
    )
    model.add_op(
        SimBurstLearning(
            events=neurons["out"],
            bursts=neurons["bursts"],
            x=build_or_passthrough(
                model, rule_type.pre_synapse, model.sig[ensemble]["in"]
            ),
            scaled_encoders=encoders,
            surprise=signals["surprise"],
            expected=signals["expected"],
            delta=signals["delta"],
            rule=rule_type,
            amplitude=neuron_type.amplitude,
            scale=built.gain / ensemble.radius,
            columns=columns,
            fields=fields,
        )
    )
