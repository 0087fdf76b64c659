"""Figures of the results that are stored beside these pages."""

import json
from pathlib import Path

import matplotlib.pyplot as plt

from nengo_fa.experiments.sweep.summary import restore

HERE = Path(__file__).parent.parent / "results"


def draw(plot, name, store):
    """Draw a store of a result by one of the functions of `nengo_fa.plots`."""
    result = json.loads((HERE / f"{name}.json").read_text())
    data = restore(result["stores"][store])
    plt.figure(FigureClass=lambda **options: plot(data))
