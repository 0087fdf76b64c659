"""Views of a network that learns: from arrays to a document that Nengo GUI shows.

Each is SVG of less than 5 kB, for the ``_nengo_html_`` of the function of a node. A view
is drawn many times a second, so of its arrays only the shapes are checked. Equal arrays
give equal documents. What they show also stands in attributes ``data-*`` of the document,
for scripts.
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
