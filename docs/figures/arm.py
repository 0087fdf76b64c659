"""Two short trials of what ``nengo-fa arm`` measures."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.arm import ArmExperiment

data = ArmExperiment(n_trials=2, seconds=3).run_here()
plt.figure(FigureClass=lambda **options: plots.arm(data))
