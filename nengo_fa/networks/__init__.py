"""Ready-made networks."""

from nengo_fa.networks.classification import (
    BalancedHypersphere,
    Classifier,
    DeepClassifier,
)
from nengo_fa.networks.multiplication import (
    BurstMultiplication,
    Multiplication,
    MultiplicationComparison,
)

__all__ = [
    "BalancedHypersphere",
    "BurstMultiplication",
    "Classifier",
    "DeepClassifier",
    "Multiplication",
    "MultiplicationComparison",
]
