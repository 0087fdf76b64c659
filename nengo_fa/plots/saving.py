"""Save figures as files."""

import logging
from os import PathLike
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

#: Endings of the files that a figure can be saved to.
FORMATS = tuple(sorted(FigureCanvasBase.filetypes))


def save(figure: Figure, path: str | PathLike[str]) -> tuple[Path, ...]:
    """Save a figure as PDF and as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path-like
        File name without an ending.

    Returns
    -------
    paths : tuple of pathlib.Path
        Paths of the PDF and the PNG. Equal figures give equal PDF files.

    Examples
    --------
    >>> from nengo_fa import plots
    >>> from matplotlib.figure import Figure
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pdf, png = plots.save(Figure(), f"{folder}/figure")
    >>> pdf.name, png.name
    ('figure.pdf', 'figure.png')
    """
    path = Path(path)
    pdf, png = (path.with_name(f"{path.name}.{ending}") for ending in ("pdf", "png"))
    font_log = logging.getLogger("fontTools")
    level = font_log.level
    font_log.setLevel(logging.ERROR)  # it warns of the date of Matplotlib's own fonts
    try:
        # letters as text and not as paths, as publishers require
        with rc_context({"pdf.fonttype": 42}):
            figure.savefig(pdf, dpi=300, metadata={"CreationDate": None})
    finally:
        font_log.setLevel(level)
    figure.savefig(png, dpi=200)
    return pdf, png
