"""Clock 1: the rules as signals and operators of a simulator."""

from nengo_fa.online import builder, error_nodes

__all__ = ["builder", "error_nodes"]  # which register what they build
