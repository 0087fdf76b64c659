"""The views of fields over the plane of two inputs, as heat maps side by side."""

from zlib import crc32

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.gui.arrays import check_shape, find_largest, get_mean, write_json
from nengo_fa.gui.colours import draw_field
from nengo_fa.gui.svg import Panel, draw_circle, draw_text, draw_view, get_ticks
from nengo_fa.palette import ERRORS, RATES

MOST_POINTS = 32  # largest number of points along each side


def tuning_curves(before, now, chosen, title="Tuning curves"):
    """Draw the firing rates of a neuron over the plane, before learning and now.

    Parameters
    ----------
    before, now : (n_points, n_points) array_like
        Rates in Hz over the square from -1 to 1, with at most 32 points along each side.
        Rows are values of the second input, from the bottom to the top, and columns are
        values of the first. NaN is left blank.
    chosen : int
        Index of the neuron.
    title : str, optional
        Title above the maps, to which the neuron is added.

    Returns
    -------
    html : str
        With ``data-highest``, the highest rates before and now, and ``data-change``, the
        mean absolute difference between the two, all in Hz.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the arrays are not square, differ in size, or are too large.
    """
    before = _check_field("before", before)
    now = check_shape("now", now, before.shape)
    limits = (0, _get_limit(before, now))
    panels = _make_panels(len(before))
    bar = Panel(panels[0].x + 50, 188, 150, 8, limits, (0, 1))
    return draw_view(
        "tuning_curves",
        f"{title}, neuron {chosen}",
        224,
        [
            *_draw_map(panels[0], before, limits, RATES, "before learning"),
            *_draw_map(panels[1], now, limits, RATES, "now"),
            *_draw_colour_bar(bar, RATES, "Firing rate (Hz)"),
        ],
        {
            "chosen": chosen,
            "highest": write_json([find_largest(before), find_largest(now)]),
            "change": write_json(get_mean(np.abs(now - before))),
            "limit": write_json(limits[1]),
        },
    )


def error_fields(projected, gated, chosen, title="Error that teaches"):
    """Draw the error that reaches a neuron over the plane, and the signal it learns from.

    Parameters
    ----------
    projected : (n_points, n_points) array_like
        Error times feedback weights, over the plane as for `tuning_curves`.
    gated : (n_points, n_points) array_like
        The projected error times the derivative of the neuron. The update of the encoder is
        an average of this product times the input.
    chosen : int
    title : str, optional
        As for `tuning_curves`.

    Returns
    -------
    html : str
        With ``data-largest``, the largest absolute value of each field; and
        ``data-limits``, the value at which the colours of each field end: a round number
        above the largest value within the unit circle.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the arrays are not as for `tuning_curves`.
    """
    projected = _check_field("projected", projected)
    gated = check_shape("gated", gated, projected.shape)
    panels = _make_panels(len(projected))
    # Outside the circle, errors may be large, but there are no inputs.
    axis = np.linspace(-1, 1, len(projected))
    inside = np.hypot(*np.meshgrid(axis, axis)) <= 1 + 1e-9
    parts, limits = [], []
    # Each field has its own colour bar, because derivatives have different units and sizes.
    for panel, field, name, label in (
        (panels[0], projected, "projected error", "Error × feedback"),
        (panels[1], gated, "gated by derivative", "Error × feedback × f′"),
    ):
        limit = _get_limit(np.abs(field[inside]))
        limits.append(limit)
        parts += _draw_map(panel, field, (-limit, limit), ERRORS, name)
        bar = Panel(panel.x + 8, 188, panel.width - 16, 8, (-limit, limit), (0, 1))
        parts += _draw_colour_bar(bar, ERRORS, label)
    return draw_view(
        "error_fields",
        f"{title}, neuron {chosen}",
        224,
        parts,
        {
            "chosen": chosen,
            "largest": write_json(
                [find_largest(np.abs(projected)), find_largest(np.abs(gated))]
            ),
            "limits": write_json(limits),
            "checksum": crc32(projected.tobytes() + gated.tobytes()),
        },
    )


def _check_field(name, field):
    field = check_shape(name, field, (None, None))
    if field.shape[0] != field.shape[1] or not 2 <= len(field) <= MOST_POINTS:
        raise ValidationError(
            f"Must be square, with 2 to {MOST_POINTS} points per side (got {field.shape}). "
            "Larger images take too long to send.",
            attr=name,
        )
    return field


def _make_panels(n_points):
    """Return two square panels, in which the outer points are as wide as all others."""
    end = 1 + 1 / (n_points - 1)
    return [Panel(x, 36, 118, 118, (-end, end), (-end, end)) for x in (38, 174)]


def _draw_map(panel, field, limits, colours, title):
    is_first = panel.x < 150
    return [
        draw_text(panel.x + panel.width / 2, 31, title, "middle"),
        draw_field(field, limits, colours, panel),
        draw_circle(panel, stroke="#666", stroke_dasharray="3 2"),
        panel.draw_axes(
            (-1, 0, 1),
            (-1, 0, 1) if is_first else (),
            "x₁",
            "x₂" if is_first else "",
            12,
        ),
    ]


def _draw_colour_bar(panel, colours, label):
    low, high = panel.xlim
    ticks = (low, 0, high) if low < 0 else (0, high / 2, high)
    return [
        draw_field(np.linspace(low, high, 32)[None], (low, high), colours, panel),
        panel.draw_axes(ticks, (), label),
    ]


def _get_limit(*fields):
    """Return a round number above the largest value, which changes only rarely."""
    return get_ticks(0, find_largest(*fields), 2)[-1]
