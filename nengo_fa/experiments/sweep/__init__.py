"""Experiments with many trials, which run in parts, store their results and test claims."""

from nengo_fa.experiments.sweep.executors import get_n_processors, open_executor
from nengo_fa.experiments.sweep.run import estimate_time, precision, run_trials

__all__ = [
    "estimate_time",
    "get_n_processors",
    "open_executor",
    "precision",
    "run_trials",
]
