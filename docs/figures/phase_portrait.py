"""The length of one neuron under a constant gradient."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.phase_portrait import make_phase_portrait

data = make_phase_portrait()
plt.figure(FigureClass=lambda **options: plots.phase_portrait(data))
