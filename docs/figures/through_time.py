"""A figure of the stored results of ``nengo-fa recurrent`` about the exact gradient."""

import json

import matplotlib.pyplot as plt
from stored import HERE

from nengo_fa import plots
from nengo_fa.experiments.sweep.summary import restore

data = restore(json.loads((HERE.parent / "exact_gradient.json").read_text()))
plt.figure(FigureClass=lambda **options: plots.through_time(data))
