"""Online learning: the rules as signals and operators of a simulator."""

from nengo_fa.online import builder, error_nodes, learning_signals

__all__ = [
    "builder",
    "error_nodes",
    "learning_signals",
]  # which register their build functions
