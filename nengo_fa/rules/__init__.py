"""The declarations of a model: rules and their parameters, independent of how they run."""
