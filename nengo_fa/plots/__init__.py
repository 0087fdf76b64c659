"""The figures, from results alone."""

from nengo_fa.plots.curves import learning_curves, sensitivity
from nengo_fa.plots.drawing import FIXED, LEARNED
from nengo_fa.plots.illustrations import encoder_movement, iterations, tuning_curves
from nengo_fa.plots.online_learning import online
from nengo_fa.plots.plane import draw_encoders
from nengo_fa.plots.saving import FORMATS, save

__all__ = [
    "FIXED",
    "FORMATS",
    "LEARNED",
    "draw_encoders",
    "encoder_movement",
    "iterations",
    "learning_curves",
    "online",
    "save",
    "sensitivity",
    "tuning_curves",
]
