"""What ``nengo-fa recurrent`` has found of the exact gradient, from the stored results."""

import json
from pathlib import Path

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.sweep.summary import restore

path = Path(__file__).parent.parent / "exact_gradient.json"
data = restore(json.loads(path.read_text()))
plt.figure(FigureClass=lambda **options: plots.through_time(data))
