"""The error of a neuron that sees one of two dimensions, with five variants."""

import matplotlib.pyplot as plt

from nengo_fa import plots
from nengo_fa.experiments.banded import BandedExperiment
from nengo_fa.experiments.banded_fields import make_fields

data = make_fields(BandedExperiment())
plt.figure(FigureClass=lambda **options: plots.taught_fields(data))
