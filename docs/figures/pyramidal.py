"""Two short trials of what ``nengo-fa pyramidal`` measures."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.pyramidal import PyramidalExperiment

experiment = PyramidalExperiment(n_trials=2, seconds=8)
data = experiment.run_here()
plt.figure(FigureClass=lambda **options: plots.pyramidal(data))
