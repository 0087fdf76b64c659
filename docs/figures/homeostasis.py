"""Lengths of encoders in the first trials of the multiplication experiment."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.homeostasis import HomeostasisExperiment
from nengo_fa.experiments.multiplication import MultiplicationExperiment

experiment = HomeostasisExperiment(MultiplicationExperiment(n_trials=12))
data = experiment.make_template()
for name, values in experiment.run(range(experiment.n_trials)).items():
    data[name].values[:] = values

plt.figure(FigureClass=lambda **options: plots.homeostasis(data))
