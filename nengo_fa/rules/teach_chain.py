"""Rules for all layers of a chain at once, with the errors for these rules."""

from collections.abc import Callable, Sequence
from typing import Any

import nengo
from nengo.connection import Connection
from nengo.dists import Distribution
from nengo.exceptions import ValidationError
from nengo.params import Default
from nengo.utils.numpy import is_iterable
from numpy.typing import ArrayLike

from nengo_fa.rules.error_nodes import BackpropagatedError, NeuronError
from nengo_fa.rules.feedback import Feedback
from nengo_fa.rules.learning_rules import Backprop, FeedbackAlignment

#: How the error reaches a hidden layer, by name: the node that passes it on, and whether it
#: includes the derivative of the next layer. None: the layer learns from the output error.
VARIANTS: dict[str, Any] = {
    "backprop": (BackpropagatedError, True),
    "local backprop": (BackpropagatedError, False),
    "global": (NeuronError, True),
    "local": (NeuronError, False),
    "direct": None,
}


def teach_chain(
    encodes: Sequence[nengo.Connection],
    decode: nengo.Connection,
    error: nengo.Ensemble | nengo.Node | None = None,
    variant: str = "direct",
    learning_rate: Sequence[float] | float = Default,
    feedback: Callable | nengo.dists.Distribution | ArrayLike = Default,
    **parameters: Any,
) -> None:
    """Give each layer of a chain an encoder rule, and connect the errors of the layers.

    Call this function within the network that contains the connections, or within a network
    around it, because it adds nodes and connections.

    Parameters
    ----------
    encodes : sequence of nengo.Connection
        The connections that lead to the layers, from the first to the last, without
        learning rules. Their ``learning_rule_type`` is set.
    decode : nengo.Connection
        The connection from the last layer to the output.
    error : nengo.Node or nengo.Ensemble, optional
        The error of the output, actual minus target. It is connected without a filter.
        `.train` does not need it.
    variant : {"direct", "global", "local", "backprop", "local backprop"}, optional
        The error from which the layers before the last learn. ``"direct"``: the error of
        the output. ``"global"`` and ``"local"``: the error that the next layer projects to
        each of its neurons through random feedback weights, with and without the derivative
        of that layer. ``"backprop"`` and ``"local backprop"``: the same through the current
        forward weights.
    learning_rate : float or sequence of float, optional
        The learning rate of all rules, or one for each rule. By default, the rules have
        the default rate in a simulator, and `.train` finds rates.
    feedback : array_like or nengo.dists.Distribution or callable, optional
        The feedback weights of all rules of feedback alignment. A callable, such as
        `nengo_fa.feedback.SignSymmetric`, receives the connection to the next layer and
        ``to_neurons``, and returns the feedback weights of a layer.
    **parameters
        Other parameters of all rules.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the variant is unknown; if the connections are not connections, do not form a
        chain or already have a rule; if the number of learning rates differs from the
        number of layers; or if feedback weights are given for backpropagation or do not fit.

    Notes
    -----
    Nengo's seeds depend on the number of nodes and connections in a network, and so do the
    neurons of ensembles without a seed. To compare variants with the same neurons, give the
    ensembles seeds, or call this function in a network around their network.

    See Also
    --------
    NeuronError, BackpropagatedError

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus, output = nengo.Node(size_in=2), nengo.Node(size_in=1)
    ...     first, second = nengo.Ensemble(30, 2), nengo.Ensemble(20, 30)
    ...     encodes = [
    ...         nengo.Connection(stimulus, first, synapse=None),
    ...         nengo.Connection(first.neurons, second, transform=np.eye(30)),
    ...     ]
    ...     decode = nengo.Connection(second, output, function=lambda x: 0)
    ...     nengo_fa.teach_chain(encodes, decode, variant="global", learning_rate=0.1)
    >>> [encode.learning_rule.size_in for encode in encodes]
    [20, 1]
    """
    if variant not in list(VARIANTS):
        raise ValidationError(
            f"Must be one of {', '.join(map(repr, VARIANTS))} (got {variant!r})",
            attr="variant",
        )
    for name in {"size_in", "connection"} & set(parameters):
        raise ValidationError(
            f"Must not be given, because the chain determines it, which ends with {decode}",
            attr=name,
        )
    encodes = list(encodes) if is_iterable(encodes) else []
    chain = [*encodes, decode]
    _check_chain(chain)
    by_backprop = variant in ("backprop", "local backprop")
    if by_backprop:
        _check_no_feedback(variant, feedback)
    rates = _find_rates(learning_rate, len(encodes))
    node = None
    for encode, following, rate in zip(chain[-2::-1], chain[:0:-1], rates[::-1]):
        if by_backprop:
            rule = Backprop(following, learning_rate=rate, **parameters)
        else:
            size_in = decode.size_out if node is None else node.size_out
            of_layer = feedback
            if callable(feedback):
                of_layer = _make_feedback(feedback, following, node, size_in)
            rule = FeedbackAlignment(size_in, rate, of_layer, **parameters)
        encode.learning_rule_type = rule
        source = error if node is None else node
        if source is not None:
            Connection(source, encode.learning_rule, synapse=None)
        if VARIANTS[variant] is not None and encode is not encodes[0]:
            make_node, gated = VARIANTS[variant]
            node = make_node(encode.learning_rule, gated=gated)


def _check_no_feedback(variant, feedback):
    if feedback is not Default:
        raise ValidationError(
            f"The variant {variant!r} has no feedback weights, because its errors pass "
            "through the forward weights. Use 'global' or 'local'.",
            attr="feedback",
        )


def _find_rates(learning_rate, n_layers):
    """Return the learning rate of each layer."""
    rates = list(learning_rate) if is_iterable(learning_rate) else [learning_rate]
    rates = rates * n_layers if len(rates) == 1 else rates
    if len(rates) != n_layers:
        raise ValidationError(
            f"Must be one number, or one for each of {n_layers} layers (got {len(rates)})",
            attr="learning_rate",
        )
    return rates


def _make_feedback(kind, following, node, size_in):
    """Return the feedback weights of a layer, for an error of this size."""
    if isinstance(kind, type) and issubclass(kind, Distribution):
        raise ValidationError(
            f"{kind.__name__} is a class. Give an instance of it, such as "
            f"{kind.__name__}().",
            attr="feedback",
        )
    feedback = kind(following, to_neurons=node is not None)
    if isinstance(feedback, Feedback) and feedback.size_in != size_in:
        raise ValidationError(
            f"{type(feedback).__name__} follows the weights of {following}, which has "
            f"{feedback.size_in} dimensions, but the error has {size_in}. With 'direct', "
            "no connection leads from the layers before the last to the output. Use fixed "
            "feedback weights, or the variant 'global' or 'local'.",
            attr="feedback",
        )
    return feedback


def _check_chain(chain):
    if len(chain) < 2 or not all(isinstance(other, Connection) for other in chain):
        raise ValidationError(
            "Must be the connections to each layer, [encode1, encode2, ...], and the "
            "connection from the last layer to the output",
            attr="encodes",
        )
    for encode in chain[:-1]:
        # if that rule is equal to the new rule, their errors would be added
        if encode.learning_rule_type:
            raise ValidationError(
                f"Must not have learning rules yet, but {encode} has "
                f"{encode.learning_rule_type}. Declare the network again for another "
                "chain, or set learning_rule_type to None and remove the nodes and "
                "connections of the errors.",
                attr="encodes",
            )
    for before, behind in zip(chain, chain[1:]):
        ensemble = getattr(behind.pre_obj, "ensemble", behind.pre_obj)
        if before.post_obj is not ensemble:
            raise ValidationError(
                f"Must form a chain, but {behind} does not leave {before.post_obj}, to "
                f"which {before} leads",
                attr="encodes",
            )
