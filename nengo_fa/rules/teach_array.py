"""Rules for all ensembles of an array, with the error of their own dimensions."""

from typing import Any

import nengo
import numpy as np
from nengo.connection import Connection
from nengo.ensemble import Ensemble
from nengo.exceptions import ValidationError
from nengo.network import Network

from nengo_fa.rules.relays import is_relay, passes_on
from nengo_fa.rules.teach_chain import teach_chain


def teach_array(
    array: nengo.networks.EnsembleArray,
    output: nengo.Node,
    error: nengo.Ensemble | nengo.Node | None = None,
    variant: str = "direct",
    decoder_rule: nengo.learning_rules.LearningRuleType | None = None,
    **parameters: Any,
) -> list[nengo.Connection]:
    """Give each ensemble of an array an encoder rule, and connect its part of the error.

    Call this function within a network around the array, because it adds connections.

    Parameters
    ----------
    array : nengo.networks.EnsembleArray
        An array, or another network in which each ensemble has one input connection, such as
        the ``state_ensembles`` of a ``nengo_spa.State``.
    output : nengo.Node
        An output of the array: ``array.output``, or the node that ``array.add_output``
        returned. Each ensemble learns from the error of the dimensions that it computes.
    error : nengo.Node or nengo.Ensemble, optional
        The error of the output, actual minus target. It is connected without a filter.
        `.train` does not need it.
    variant : {"direct", "backprop"}, optional
        Whether the rules are `.FeedbackAlignment` or `.Backprop`.
    decoder_rule : nengo.learning_rules.LearningRuleType, optional
        A rule for the decoders, such as ``nengo.PES()``, which learns from the same error.
    **parameters
        Parameters of all encoder rules, as for `teach_chain`.

    Returns
    -------
    decodes : list of nengo.Connection
        The connections from each ensemble to the output. Pass the list to `.train`, with
        samples of the input to ``array.input``.

    Raises
    ------
    nengo.exceptions.ValidationError
        If no ensemble with one input connection leads to the output; if the error and the
        output differ in size; and as for `teach_chain`.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus, error = nengo.Node(size_in=6), nengo.Node(size_in=3)
    ...     array = nengo.networks.EnsembleArray(30, n_ensembles=3, ens_dimensions=2)
    ...     products = array.add_output("products", np.prod)
    ...     decodes = nengo_fa.teach_array(
    ...         array, products, error, decoder_rule=nengo.PES())
    ...     _ = nengo.Connection(stimulus, array.input, synapse=None)
    >>> x = np.random.RandomState(0).uniform(-1, 1, size=(500, 6))
    >>> histories = nengo_fa.train(
    ...     decodes, x, x[:, ::2] * x[:, 1::2], epochs=5, progress_bar=False, network=model)
    >>> [history.encoders.shape for history in histories]
    [(30, 2), (30, 2), (30, 2)]
    """
    if variant not in ("direct", "backprop"):
        raise ValidationError(
            "Must be 'direct' or 'backprop', because each ensemble is a chain of one layer "
            f"and learns from the error of the output (got {variant!r})",
            attr="variant",
        )
    if not isinstance(array, Network):
        raise ValidationError(
            f"Must be a nengo.networks.EnsembleArray (got {array!r})", attr="array"
        )
    found = _find_decodes(array, output)
    if not found:
        raise ValidationError(
            f"Must be an output of {array}, such as array.output (got {output!r})",
            attr="output",
        )
    decodes = [decode for decode, _ in found]
    encodes = [_find_encode(array, decode) for decode in decodes]
    if error is not None and error.size_out != output.size_in:
        raise ValidationError(
            f"Must have the {output.size_in} dimensions of {output} (got {error.size_out})",
            attr="error",
        )
    for encode, (decode, dimensions) in zip(encodes, found):
        part = None if error is None else error[dimensions]
        teach_chain([encode], decode, part, variant, **parameters)
        if decoder_rule is not None:
            decode.learning_rule_type = decoder_rule
        if decoder_rule is not None and error is not None:
            Connection(part, decode.learning_rule, synapse=None)
    return decodes


def _find_decodes(array, output):
    """Return the connections from ensembles to an output, with their dimensions of it.

    They may lead to the output through other nodes.
    """
    found = []
    for other in array.all_connections:
        if other.post_obj is not output:
            continue
        relays = is_relay(other.pre_obj) and passes_on(other)
        inner = _find_decodes(array, other.pre_obj) if relays else []
        dimensions = np.arange(output.size_in)[other.post_slice]
        found += [(decode, dimensions[part].tolist()) for decode, part in inner] or [
            (other, other.post_slice)
        ]
    return found


def _find_encode(array, decode):
    """Return the connection into the ensemble that a connection leaves."""
    ensemble = decode.pre_obj
    into = [other for other in array.all_connections if other.post_obj is ensemble]
    if not isinstance(ensemble, Ensemble) or len(into) != 1:
        raise ValidationError(
            "Must be computed by ensembles with one input connection, but "
            f"{len(into)} connections of {array} lead to {ensemble}, which {decode} "
            "leaves. Use teach_array for an array within this network, or teach_chain.",
            attr="output",
        )
    return into[0]
