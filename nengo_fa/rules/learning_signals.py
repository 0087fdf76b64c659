"""Nodes with which a network scales the learning rates of its rules."""

import nengo
from nengo.node import Node
from nengo.params import Default

from nengo_fa.rules.error_nodes import EncoderRuleParam
from nengo_fa.rules.learning_rules import EncoderLearningRule


class ScaledRuleParam(EncoderRuleParam):
    """The learning rule of a connection; any encoder rule of nengo_fa."""

    kind = EncoderLearningRule
    remedy = (
        "a rule of nengo_fa. If the connection has several rules, give one of them. "
        "Connect a signal for nengo.Voja to the rule itself; nengo.PES is controlled by a "
        "gate on its error"
    )


def filled_by_the_simulator(t, x):
    """Placeholder function of a `LearningSignal`, whose output the builder computes."""


class LearningSignal(Node):
    r"""Scales the learning rate of an encoder rule by the input of this node.

    As for `nengo.Voja`, the learning rate of the rule is multiplied by one plus the input
    x: :math:`\kappa (1 + x)`. With an input of 0, or without a connection, the rate is
    unchanged; with -1, encoders do not change at all; and with 1, the rate is doubled.

    Parameters
    ----------
    rule : nengo.connection.LearningRule
        The encoder rule, ``connection.learning_rule``; any rule of nengo_fa. A rule can
        have one learning signal.
    label : str, optional
        A name for the node.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the connection has no such rule.

    See Also
    --------
    nengo.Voja

    Notes
    -----
    Input and output have one dimension; the output is the factor :math:`1 + x`. The factor
    is not clipped, so that noise of the input averages out; if it is negative, encoders
    move in the opposite direction. An input with ``synapse=None`` acts in the same step;
    with a filter, it acts gradually.

    The signal only scales the rate of the rule. It does not change errors for other layers,
    feedback weights, or the state of the rule. `.train` ignores it.

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
