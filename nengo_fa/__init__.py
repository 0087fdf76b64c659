"""Teach the encoders of Nengo ensembles by feedback alignment and its relatives."""

import sys

from nengo_fa import datasets, equations, geometry, networks
from nengo_fa.exchange.from_nir import from_nir
from nengo_fa.exchange.to_nir import to_nir
from nengo_fa.learned import (
    freeze_params,
    load,
    remove_learning_rules,
    save,
    solve_decoders,
)
from nengo_fa.networks import receptive_fields
from nengo_fa.offline import metrics
from nengo_fa.offline.history import History, LayerHistory
from nengo_fa.offline.predict import predict
from nengo_fa.offline.train import train
from nengo_fa.online import builder
from nengo_fa.online.learning_rates import suggest_learning_rate
from nengo_fa.pyramidal.burst_learning import BurstLearning
from nengo_fa.pyramidal.dendrites import ApicalDendrites
from nengo_fa.pyramidal.neurons import Pyramidal, PyramidalRate
from nengo_fa.rules import feedback
from nengo_fa.rules.derivatives import Derivative, Rate, Step
from nengo_fa.rules.error_nodes import BackpropagatedError, NeuronError
from nengo_fa.rules.learning_rules import (
    Backprop,
    EncoderLearningRule,
    FeedbackAlignment,
)
from nengo_fa.rules.learning_signals import LearningSignal
from nengo_fa.rules.response_functions import Response
from nengo_fa.rules.responses import register_response
from nengo_fa.rules.spike_times import SpikeTimes
from nengo_fa.rules.teach_array import teach_array
from nengo_fa.rules.teach_chain import teach_chain
from nengo_fa.version import __version__

# modules that users import by a shorter name than that of their file
for _module in (builder, feedback, metrics, receptive_fields):
    sys.modules[f"nengo_fa.{_module.__name__.rpartition('.')[2]}"] = _module

__all__ = [
    "ApicalDendrites",
    "Backprop",
    "BackpropagatedError",
    "BurstLearning",
    "Derivative",
    "EncoderLearningRule",
    "FeedbackAlignment",
    "History",
    "LayerHistory",
    "LearningSignal",
    "NeuronError",
    "Pyramidal",
    "PyramidalRate",
    "Rate",
    "Response",
    "SpikeTimes",
    "Step",
    "__version__",
    "builder",
    "datasets",
    "equations",
    "feedback",
    "freeze_params",
    "from_nir",
    "geometry",
    "load",
    "networks",
    "predict",
    "receptive_fields",
    "register_response",
    "remove_learning_rules",
    "save",
    "solve_decoders",
    "suggest_learning_rate",
    "teach_array",
    "teach_chain",
    "to_nir",
    "train",
]
