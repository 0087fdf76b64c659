"""Views of a network that learns: functions that draw arrays as documents for Nengo GUI.

Each document is SVG of less than 5 kB, for ``_nengo_html_`` of a node's function. Views are
drawn many times per second, so that only the shapes of arrays are checked. Equal arrays give
equal documents. The attributes ``data-*`` of a document contain its numbers, for scripts.
"""

from nengo_fa.gui.choices import choices
from nengo_fa.gui.curves import history
from nengo_fa.gui.directions import preferred_directions
from nengo_fa.gui.heat_maps import error_fields, tuning_curves

__all__ = [
    "choices",
    "error_fields",
    "history",
    "preferred_directions",
    "tuning_curves",
]
