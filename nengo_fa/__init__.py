"""Teach the encoders of Nengo ensembles by feedback alignment and its relatives."""

from nengo_fa import builder, datasets, equations, feedback, geometry, networks
from nengo_fa.burst_learning import BurstLearning
from nengo_fa.chains import teach_chain
from nengo_fa.derivatives import Derivative, Rate, Step
from nengo_fa.error_nodes import BackpropagatedError, NeuronError
from nengo_fa.history import History, LayerHistory
from nengo_fa.learned import freeze_params, load, save
from nengo_fa.learning_rules import Backprop, FeedbackAlignment
from nengo_fa.neurons import Pyramidal, PyramidalRate
from nengo_fa.pyramidal import ApicalDendrites
from nengo_fa.training import train
from nengo_fa.version import __version__

__all__ = [
    "ApicalDendrites",
    "Backprop",
    "BackpropagatedError",
    "BurstLearning",
    "Derivative",
    "FeedbackAlignment",
    "History",
    "LayerHistory",
    "NeuronError",
    "Pyramidal",
    "PyramidalRate",
    "Rate",
    "Step",
    "__version__",
    "builder",
    "datasets",
    "equations",
    "feedback",
    "freeze_params",
    "geometry",
    "load",
    "networks",
    "save",
    "teach_chain",
    "train",
]
