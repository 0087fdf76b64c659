"""Preferred directions over time in the first trial of the Hebbian experiment."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.hebbian import HebbianExperiment

experiment = HebbianExperiment(n_trials=1)
data = experiment.make_template()
for name, values in experiment.run(range(1)).items():
    data[name].values[:] = values

plt.figure(FigureClass=lambda **options: plots.hebbian(data))
