"""One short trial, in few conditions, of what ``nengo-fa recurrent`` measures."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.recurrent import RecurrentExperiment

experiment = RecurrentExperiment(
    n_trials=1, seconds=24, conditions=("fixed, PES 0.003", "0.3 per second")
)
data = experiment.run_here()
plt.figure(FigureClass=lambda **options: plots.recurrent(data))
