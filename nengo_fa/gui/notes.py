"""A node that shows a text."""

from collections.abc import Callable
from html import escape

import nengo
import numpy as np

from nengo_fa.gui.nodes import View


class Note(View):
    """Shows a text, in Nengo GUI also before the simulation runs.

    Before you press play, Nengo GUI shows only the labels of views, so the text is also the
    label.

    Parameters
    ----------
    text : str
        Plain text.

    Examples
    --------
    >>> from nengo_fa import gui
    >>> with nengo.Network() as model:
    ...     note = gui.Note("Press play: the error falls.")
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def make_step(
        self, model: nengo.builder.Model, arrays: list[np.ndarray], dt: float
    ) -> Callable:
        html = (
            '<svg data-view="note" width="100%" height="100%" style="background:#fff">'
            '<foreignObject width="100%" height="100%"><div style="text-align:center">'
            f"{escape(self.label)}</div></foreignObject></svg>"
        )
        return lambda x, is_due: html if is_due else None
