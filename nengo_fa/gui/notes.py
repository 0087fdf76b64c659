"""A node that shows what to look for."""

from html import escape

from nengo_fa.gui.nodes import View


class Note(View):
    """Shows a text, in Nengo GUI also before the simulation runs.

    Before play, Nengo GUI shows no view but the labels of all, so the text is the label, too.

    Parameters
    ----------
    text : str
        Without any format.

    Examples
    --------
    >>> from nengo_fa import gui
    >>> with nengo.Network() as model:
    ...     note = gui.Note("Press play: the error falls.")
    """

    def __init__(self, text):
        super().__init__(text)

    def make_step(self, model, arrays, dt):
        html = (
            '<svg data-view="note" width="100%" height="100%" style="background:#fff">'
            '<foreignObject width="100%" height="100%"><div style="text-align:center">'
            f"{escape(self.label)}</div></foreignObject></svg>"
        )
        return lambda x, is_due: html if is_due else None
