"""Simulators of other packages, with what the learning rules need there."""
