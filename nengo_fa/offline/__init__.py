"""Offline learning: epochs of encoder updates, with decoders solved after each epoch."""
