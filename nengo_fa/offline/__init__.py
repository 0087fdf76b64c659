"""Clock 2: epochs of encoder updates, with decoders solved after each epoch."""
