"""Simulators of other packages, extended for the learning rules."""
