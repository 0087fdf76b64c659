"""What Nengo GUI shows of a network that learns."""
