"""Keep learned parameters: write them to a network or a file, and load them."""

from nengo_fa.learned.files import load, save
from nengo_fa.learned.frozen import (
    FrozenFunction,
    FrozenWeights,
    LearnedDecoders,
    freeze_ensemble,
    freeze_params,
    freeze_weights,
)
from nengo_fa.learned.live import get_live_signals
from nengo_fa.learned.removing import remove_learning_rules
from nengo_fa.learned.solving import solve_decoders

__all__ = [
    "FrozenFunction",
    "FrozenWeights",
    "LearnedDecoders",
    "freeze_ensemble",
    "freeze_params",
    "freeze_weights",
    "get_live_signals",
    "load",
    "remove_learning_rules",
    "save",
    "solve_decoders",
]
