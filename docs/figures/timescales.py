"""A short trial, at few rates, of what ``nengo-fa timescales`` measures."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.timescales import TimescaleExperiment

experiment = TimescaleExperiment(
    n_trials=1, seconds=6, encoder_rates=(0.0, 1.0, 10.0, 100.0)
)
data = experiment.run_here()
plt.figure(FigureClass=lambda **options: plots.timescales(data))
