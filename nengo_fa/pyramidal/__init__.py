"""Neurons with apical dendrites, and the rule that learns from their bursts."""

from nengo_fa.pyramidal import builder, burst_learning

__all__ = ["builder", "burst_learning"]  # which register their build functions
