"""Labelled samples in a uniform format: digits, bands, or your own data."""

from nengo_fa.datasets.dataset import Dataset
from nengo_fa.datasets.loading import digits, load, load_idx, load_npz, mnist
from nengo_fa.datasets.tasks import banded, find_bands, parity
from nengo_fa.learned.scaling import Scaling

__all__ = [
    "Dataset",
    "Scaling",
    "banded",
    "digits",
    "find_bands",
    "load",
    "load_idx",
    "load_npz",
    "mnist",
    "parity",
]
