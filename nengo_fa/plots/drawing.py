"""Functions and settings of all figures: colours, and sizes of pages and text."""

from functools import wraps
from typing import Any

from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from nengo.exceptions import ValidationError

from nengo_fa import palette
from nengo_fa.offline.history import History

# Widths of one and of two columns of a page, in inches, and the size of text on it.
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


#: Decorator for functions that draw a figure of any data.
in_style = rc_context(STYLE)


def styled(draw):
    """Decorate a function that draws a dataset; it refuses the history of a training."""

    @in_style
    @wraps(draw)
    def draw_dataset(*args, **kwargs):
        if any(isinstance(value, History) for value in (*args, *kwargs.values())):
            raise ValidationError(
                f"{draw.__name__} draws an xarray.Dataset as its docstring describes. To draw "
                "the history of a training, use history.plot(); to draw the metrics of "
                "metrics=True, use nengo_fa.plots.layer_metrics.",
                attr="data",
            )
        return draw(*args, **kwargs)

    return draw_dataset


RATES = LinearSegmentedColormap.from_list("rates", palette.RATES)
# an odd number of colours, so that the middle colour is white
ERRORS = LinearSegmentedColormap.from_list("errors", palette.ERRORS, N=257)


def make_figure(width, height):
    return Figure(figsize=(width, height), layout="constrained")


def make_page(height):
    """Make a figure as wide as a page, with a height in inches."""
    return make_figure(PAGE, height)


def set_font_size(axes):
    # ticks are drawn later, when the style of the figure is no longer active
    axes.tick_params(which="both", labelsize=STYLE["font.size"])


def open_frame(axes):
    """Keep only the left and lower line of axes, with labels in the size of the text."""
    axes.spines[["top", "right"]].set_visible(False)
    set_font_size(axes)


def add_colorbar(figure, image, panels, label, **options):
    bar = figure.colorbar(image, ax=panels, label=label, **options)
    bar.outline.set_linewidth(0.4)
    set_font_size(bar.ax)
