"""Two short trials of what ``nengo-fa error-populations`` measures."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.error_populations import ErrorPopulationExperiment

experiment = ErrorPopulationExperiment(n_trials=2, seconds=12, delays=(0, 100, 300))
template = experiment.make_template()
results = experiment.run(trial=range(experiment.n_trials))
data = template.assign(
    {name: (template[name].dims, values) for name, values in results.items()}
)
plt.figure(FigureClass=lambda **options: plots.error_populations(data))
