"""Nodes through which a network scales the learning rates of its rules."""

import nengo
from nengo.node import Node
from nengo.params import Default

from nengo_fa.rules.error_nodes import EncoderRuleParam
from nengo_fa.rules.learning_rules import EncoderLearningRule


class ScaledRuleParam(EncoderRuleParam):
    """The learning rule of a connection, any encoder rule of nengo_fa."""

    kind = EncoderLearningRule
    remedy = (
        "a rule of nengo_fa; of several rules, one. nengo.Voja takes its learning signal "
        "itself, and nengo.PES is controlled by a gate on its error"
    )


def filled_by_the_simulator(t, x):
    """The function of `LearningSignal`, which is built without it."""


class LearningSignal(Node):
    r"""Scales the learning rate of an encoder rule by what is connected to it.

    As for `nengo.Voja`, the learning rate is that of the rule times one plus the sum x of
    all that is connected: :math:`\kappa (1 + x)`. So 0, or no connection, is the rate
    itself, -1 is no learning, to the last bit, and 1 is twice the rate.

    Parameters
    ----------
    rule : nengo.connection.LearningRule
        The encoder rule, ``connection.learning_rule``; any rule of nengo_fa. A rule has
        one learning signal at most.
    label : str, optional
        A name for the node.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no such rule.

    See Also
    --------
    nengo.Voja

    Notes
    -----
    The input has one dimension, and so has the output, which is the factor
    :math:`1 + x`. The factor is not clipped, so that the noise of a signal averages out;
    below zero, encoders move against the rule. A connection to the signal acts in the same
    step with ``synapse=None``; with a filter, learning fades.

    Only the rate of the rule is scaled. Errors that go on to other layers, feedback weights
    and what a rule remembers are as without the signal. `.train` takes the rate as it is.

    Examples
    --------
    Learning for 0.1 s:

    >>> with nengo.Network(seed=1) as model:
    ...     stimulus, error = nengo.Node([0.5, -0.5]), nengo.Node([1.0])
    ...     hidden = nengo.Ensemble(20, 2)
    ...     encode = nengo.Connection(
    ...         stimulus, hidden, learning_rule_type=nengo_fa.FeedbackAlignment(1))
    ...     _ = nengo.Connection(error, encode.learning_rule)
    ...     schedule = nengo.Node(lambda t: 0 if t <= 0.1 else -1)
    ...     signal = nengo_fa.LearningSignal(encode.learning_rule)
    ...     _ = nengo.Connection(schedule, signal, synapse=None)
    """

    rule = ScaledRuleParam("rule", readonly=True)

    def __init__(
        self, rule: nengo.connection.LearningRule, label: str = Default
    ) -> None:
        self.rule = rule
        super().__init__(filled_by_the_simulator, size_in=1, size_out=1, label=label)
