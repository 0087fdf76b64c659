"""What all figures are drawn with: colours, sizes of the page and of its text."""

from functools import wraps
from typing import Any

from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from nengo.exceptions import ValidationError

from nengo_fa import palette
from nengo_fa.offline.history import History

# Widths of one and of two columns of a page, in inches. Text is of this size on it.
COLUMN, PAGE = 3.5, 7.0
STYLE: dict[Any, float] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


#: Decorates what draws a figure of anything.
in_style = rc_context(STYLE)


def styled(draw):
    """Decorate what draws a figure of a dataset; it refuses the history of a training."""

    @in_style
    @wraps(draw)
    def draw_dataset(*args, **kwargs):
        if any(isinstance(value, History) for value in (*args, *kwargs.values())):
            raise ValidationError(
                f"{draw.__name__} draws an xarray.Dataset as its docstring describes. The "
                "history of a training is drawn by history.plot(), and what train has "
                "measured with metrics=True by nengo_fa.plots.layer_metrics.",
                attr="data",
            )
        return draw(*args, **kwargs)

    return draw_dataset


RATES = LinearSegmentedColormap.from_list("rates", palette.RATES)
# an odd number of colours, for one of them is white
ERRORS = LinearSegmentedColormap.from_list("errors", palette.ERRORS, N=257)


def make_figure(width, height):
    return Figure(figsize=(width, height), layout="constrained")


def make_page(height):
    """Return a figure as wide as a page, of a height in inches."""
    return make_figure(PAGE, height)


def set_font_size(axes):
    # ticks are made after the figure, when its style is no longer that of Matplotlib
    axes.tick_params(which="both", labelsize=STYLE["font.size"])


def open_frame(axes):
    """Leave axes the lines on the left and below, with labels of the size of the text."""
    axes.spines[["top", "right"]].set_visible(False)
    set_font_size(axes)


def add_colorbar(figure, image, panels, label, **options):
    bar = figure.colorbar(image, ax=panels, label=label, **options)
    bar.outline.set_linewidth(0.4)
    set_font_size(bar.ax)
