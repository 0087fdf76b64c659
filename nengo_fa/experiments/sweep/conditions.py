"""The six conditions of the paper's experiments: two rules with three normalizations."""

from typing import Any

import nengo

from nengo_fa.experiments.sweep.claims import cross
from nengo_fa.rules.derivatives import Rate
from nengo_fa.rules.learning_rules import Backprop, FeedbackAlignment

RULES = ("FeedbackAlignment", "Backprop")
NORMALIZATIONS = ("none", "forced", "augmented")

#: Conditions of claims: each rule, each normalization, and each rule with each of the two
#: normalizations that control the length of encoders.
EACH_RULE = cross("{rule}", rule=RULES)
EACH_NORMALIZATION = cross("{normalization}", normalization=NORMALIZATIONS)
NORMALIZED = cross(
    "{rule}, {normalization}", rule=RULES, normalization=NORMALIZATIONS[1:]
)


def make_rule(
    rule: str, normalization: str, decode: nengo.Connection, **parameters: Any
) -> FeedbackAlignment | Backprop:
    """Return an encoder rule by its names.

    Parameters
    ----------
    rule : str
        One of ``RULES``.
    normalization : str
        One of ``NORMALIZATIONS``.
    decode : nengo.Connection
        The connection whose decoders backpropagation reads. Its output has the size of the
        error.
    **parameters
        Other parameters of the rule.
    """
    parameters["derivative"] = Rate()
    parameters["normalization"] = None if normalization == "none" else normalization
    if rule == "Backprop":
        return Backprop(decode, **parameters)
    return FeedbackAlignment(decode.post.size_in, **parameters)


def make_coordinates(n_trials: int, epochs: int) -> dict[str, Any]:
    """Return coordinates of results: conditions, trials and epochs."""
    return {
        "rule": RULES,
        "normalization": NORMALIZATIONS,
        "trial": range(n_trials),
        "epoch": range(epochs + 1),
    }
