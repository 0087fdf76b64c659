"""One trial, without convolutions, of what ``nengo-fa products`` measures."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.products import QUICK_TASKS, ProductExperiment

data = ProductExperiment(n_trials=1, tasks=QUICK_TASKS).run_here()
plt.figure(FigureClass=lambda **options: plots.products(data))
