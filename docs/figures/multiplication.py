"""The first trials of the multiplication experiment, as Figure 5 of the paper."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.multiplication import MultiplicationExperiment

experiment = MultiplicationExperiment(n_trials=10)
data = experiment.make_template()
for name, values in experiment.run(range(experiment.n_trials)).items():
    data[name].values[:] = values

plt.figure(FigureClass=lambda **options: plots.learning_curves(data))
