"""Exchange of networks with other simulators."""
