"""Neurons with apical dendrites, and the rule that learns from their bursts."""
