"""Three short trials of what ``nengo-fa pyramidal`` measures."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments import pyramidal

data = pyramidal.run(n_trials=3, seconds=12.0, progress_bar=False)
plt.figure(FigureClass=lambda **options: plots.pyramidal(data))
