"""Labelled samples to learn from: digits, bands, or your own, all in one form."""

from nengo_fa.datasets.dataset import Dataset
from nengo_fa.datasets.loading import digits, load, load_npz, mnist
from nengo_fa.datasets.tasks import banded, find_bands, parity

__all__ = [
    "Dataset",
    "banded",
    "digits",
    "find_bands",
    "load",
    "load_npz",
    "mnist",
    "parity",
]
