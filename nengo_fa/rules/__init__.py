"""What a modeller declares; it knows nothing of the two clocks."""
