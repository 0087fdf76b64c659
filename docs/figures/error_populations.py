"""Two short trials of what ``nengo-fa error-populations`` measures."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.error_populations import ErrorPopulationExperiment

experiment = ErrorPopulationExperiment(n_trials=2, seconds=12, delays=(0, 100, 300))
data = experiment.run_here()
plt.figure(FigureClass=lambda **options: plots.error_populations(data))
