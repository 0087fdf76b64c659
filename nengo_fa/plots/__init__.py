"""Figures of results."""

from nengo_fa.palette import FIXED, LEARNED
from nengo_fa.plots.arm import arm
from nengo_fa.plots.bands import bands, taught_fields, variants
from nengo_fa.plots.curves import classification_curves, learning_curves, sensitivity
from nengo_fa.plots.depth import depth
from nengo_fa.plots.error_layers import error_layers
from nengo_fa.plots.error_populations import error_populations
from nengo_fa.plots.hebbian import hebbian
from nengo_fa.plots.homeostasis import homeostasis, phase_portrait
from nengo_fa.plots.illustrations import encoder_movement, iterations, tuning_curves
from nengo_fa.plots.images import confusion_matrix, encoder_images
from nengo_fa.plots.layers import layer_metrics
from nengo_fa.plots.online_learning import online, stream
from nengo_fa.plots.plane import draw_encoders
from nengo_fa.plots.products import products
from nengo_fa.plots.pyramidal import pyramidal
from nengo_fa.plots.recurrent import recurrent
from nengo_fa.plots.saving import FORMATS, save
from nengo_fa.plots.spikes import presentation
from nengo_fa.plots.through_time import through_time
from nengo_fa.plots.timescales import timescales

__all__ = [
    "FIXED",
    "FORMATS",
    "LEARNED",
    "arm",
    "bands",
    "classification_curves",
    "confusion_matrix",
    "depth",
    "draw_encoders",
    "encoder_images",
    "encoder_movement",
    "error_layers",
    "error_populations",
    "hebbian",
    "homeostasis",
    "iterations",
    "layer_metrics",
    "learning_curves",
    "online",
    "phase_portrait",
    "presentation",
    "products",
    "pyramidal",
    "recurrent",
    "save",
    "sensitivity",
    "stream",
    "taught_fields",
    "through_time",
    "timescales",
    "tuning_curves",
    "variants",
]
