"""Ready-made networks."""

from nengo_fa.networks.arm import TwoJointArm
from nengo_fa.networks.classification import (
    BalancedHypersphere,
    Classifier,
    DeepClassifier,
)
from nengo_fa.networks.control import AdaptiveController, ControlledArm, ScaleError
from nengo_fa.networks.multiplication import (
    BurstMultiplication,
    Multiplication,
    MultiplicationComparison,
)

__all__ = [
    "AdaptiveController",
    "BalancedHypersphere",
    "BurstMultiplication",
    "Classifier",
    "ControlledArm",
    "DeepClassifier",
    "Multiplication",
    "MultiplicationComparison",
    "ScaleError",
    "TwoJointArm",
]
