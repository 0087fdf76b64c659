"""Functions with which all views are drawn: text, axes and the document around them.

Elements have no ``id``, because many documents share the page of Nengo GUI.
"""

import re
from html import escape

import numpy as np

from nengo_fa.palette import (
    BACKPROP,
    FIXED,
    HIGHLIGHT,
    LEARNED,
    LEARNED_LIGHT,
    OTHER,
    REFERENCE,
)

WIDTH = 300  # width of all views, in pixels at the smallest size; text has 10 pixels or more

COLOURS = (LEARNED, FIXED, BACKPROP, OTHER, LEARNED_LIGHT, REFERENCE)
CHOSEN = HIGHLIGHT
INK, GREY, FAINT = "#222", "#999", "#ddd"


class Panel:
    """A rectangle of a view with its own coordinates.

    Parameters
    ----------
    x, y, width, height : int
        Upper left corner and size, in pixels.
    xlim, ylim : (float, float)
        Coordinates of the left and right side, and of the lower and upper side.
    """

    def __init__(self, x, y, width, height, xlim, ylim):
        self.x, self.y, self.width, self.height = x, y, width, height
        self.xlim, self.ylim = xlim, ylim

    def place(self, points):
        """Return the pixels (..., 2) of points (..., 2)."""
        low, high = np.transpose([self.xlim, self.ylim])
        fractions = (np.asarray(points) - low) / (high - low)
        return (
            np.array([self.x, self.y + self.height])
            + np.array([self.width, -self.height]) * fractions
        )

    def draw_axes(self, xticks, yticks, xlabel, ylabel="", ylabel_at=0):
        """Draw a frame with numbers and labels; the label of y is at a given x."""
        left, top = self.x, self.y
        bottom = top + self.height
        parts = [
            f'<rect x="{left}" y="{top}" width="{self.width}" height="{self.height}" '
            f'fill="none" stroke="{GREY}" data-part="frame"/>'
        ]
        below = [
            draw_text(self.place((tick, 0))[0], bottom + 12, write_label(tick))
            for tick in xticks
        ]
        below.append(draw_text(left + self.width / 2, bottom + 24, xlabel))
        beside = [
            draw_text(left - 4, self.place((0, tick))[1] + 3.5, write_label(tick))
            for tick in yticks
        ]
        parts.append(f'<g text-anchor="middle">{"".join(below)}</g>')
        if beside:
            parts.append(f'<g text-anchor="end">{"".join(beside)}</g>')
        if ylabel:
            x, y = ylabel_at, write_number(top + self.height / 2)
            parts.append(
                f'<text text-anchor="middle" transform="translate({x} {y})rotate(-90)">'
                f"{clean(ylabel)}</text>"
            )
        return "".join(parts)


def draw_view(name, title, height, parts, data):
    """Return a document that fills its place on the page.

    Parameters
    ----------
    name : str
        Name of the view, for scripts that search for it.
    title : str
        Title above the view.
    height : int
        Height in pixels, for a width of 300.
    parts : list of str
        The elements of the view.
    data : dict
        Attributes without their prefix ``data-``, for scripts that read the view.
    """
    attributes = "".join(
        f' data-{key}="{escape(str(value))}"' for key, value in data.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="100%" height="100%" style="display:block;background:#fff" '
        f'font-family="Arial,Helvetica,sans-serif" font-size="11" fill="{INK}" '
        f'stroke-linecap="round" data-view="{name}"{attributes}>'
        f'<text x="150" y="14" text-anchor="middle" font-size="12" font-weight="bold">'
        f"{clean(title)}</text>{''.join(parts)}</svg>"
    )


def draw_text(x, y, words, anchor="start", limit=60, **attributes):
    """Draw a line of text, whose base line is at ``y``."""
    if anchor != "start":
        attributes["text-anchor"] = anchor
    return (
        f'<text x="{write_number(x)}" y="{write_number(y)}"{_write(attributes)}>'
        f"{clean(words, limit)}</text>"
    )


def draw_line(points, **attributes):
    """Draw a line through pixels (n, 2), with gaps in place of NaN.

    A pixel without neighbours is drawn as a dot.
    """
    known = np.isfinite(points).all(axis=-1)
    path, command = "", "M"
    for point, is_known in zip(write_pairs(points), known):
        if is_known:
            path += command + point
            command = "L"
        else:
            command = "M"
    # a line of length zero, whose round ends are a dot
    path = re.sub(r"M[^ML]+(?=M|$)", r"\g<0>h0", path)
    return draw_path(path, fill="none", **attributes)


def draw_dots(points, size, **attributes):
    """Draw discs of a given size at pixels (n, 2)."""
    path = "".join(f"M{point}h0" for point in write_pairs(points))
    return draw_path(path, stroke_width=size, **attributes)


def draw_circle(panel, **attributes):
    """Draw the unit circle."""
    (x, y), (end, _) = panel.place([(0, 0), (1, 0)])
    return (
        f'<circle cx="{write_number(x)}" cy="{write_number(y)}" '
        f'r="{write_number(end - x)}" fill="none"{_write(attributes)}/>'
    )


def draw_path(path, **attributes):
    """Draw a path. Its lines have round ends, like all lines of the document."""
    return f'<path d="{path}"{_write(attributes)}/>'


def write_pairs(points):
    """Return pixels (n, 2) as short texts."""
    return [f"{x:g} {y:g}" for x, y in (np.round(points, 1) + 0).tolist()]


def write_number(pixel):
    return f"{round(float(pixel), 1) + 0:g}"  # adding zero turns -0 into 0


def write_label(value, digits=6):
    """Return a number as text for readers, with a true minus sign."""
    return f"{value + 0:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def clean(words, limit=42):
    """Return words that a document can contain: of limited length, without markup."""
    if len(words) > limit:
        words = words[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return escape("".join(c if c.isprintable() else " " for c in words), quote=False)


def get_ticks(low, high, n_steps=4):
    """Return round numbers that enclose an interval, in about ``n_steps`` equal steps."""
    if high - low < 1e-12:
        high = low + 1
    raw = (high - low) / n_steps
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * next((factor for factor in (1, 2, 5) if factor * power >= raw), 10)
    # a limit that differs from a tick only by rounding needs no further tick
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return step * np.arange(first, last + 1)


def _write(attributes):
    return "".join(
        f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items()
    )
