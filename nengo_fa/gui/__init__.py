"""Views and sliders for Nengo GUI, which show how a network learns and change it.

Each view takes one line in a model, and works in any simulator: views draw to
``output._nengo_html_`` of their node. They need Pillow, but not Nengo GUI.
"""

from nengo_fa.gui.controls import Controls
from nengo_fa.gui.notes import Note
from nengo_fa.gui.reset import ResetEncoders
from nengo_fa.gui.sessions import AngleHistory, ErrorHistory
from nengo_fa.gui.snapshots import ErrorFields, PreferredDirections, TuningCurves

__all__ = [
    "AngleHistory",
    "Controls",
    "ErrorFields",
    "ErrorHistory",
    "Note",
    "PreferredDirections",
    "ResetEncoders",
    "TuningCurves",
]
