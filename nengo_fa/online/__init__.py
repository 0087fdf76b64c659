"""Clock 1: the rules as signals and operators of a simulator."""
