"""The view of encoders in the plane."""

from zlib import crc32

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.geometry import angle_to_axes
from nengo_fa.gui.arrays import check_shape, get_mean, write_json
from nengo_fa.gui.svg import (
    CHOSEN,
    GREY,
    INK,
    LEARNED,
    Panel,
    draw_circle,
    draw_dots,
    draw_line,
    draw_path,
    draw_text,
    draw_view,
    write_number,
    write_pairs,
)

LONGEST = 1.4  # longer encoders are drawn at this length

LIMITS = (-LONGEST, LONGEST)  # of both axes

MOST_NEURONS = 60  # limits the size of the document

SHORTEST_ARROW = 12  # in pixels


def preferred_directions(
    start,
    now,
    chosen,
    error_direction,
    point,
    title="Preferred directions",
    *,
    ahead=None,
    error_name="preferred error direction",
    colour=LEARNED,
):
    """Draw encoders in the plane, at the start of learning and now.

    Parameters
    ----------
    start, now : (n_neurons, 2) array_like
        Encoders. Encoders longer than 1.4 are drawn at this length, and NaN is left out. At
        most 60 encoders are drawn.
    chosen : int
        Index of the neuron to highlight.
    error_direction : (size_out,) array_like
        The feedback weights of this neuron, or another signal through which it receives the
        error. If it is one number, its sign is drawn at the encoder.
    point : (2,) array_like
        The current input. Inputs outside the axes are drawn at their edge.
    title : str, optional
        Title above the plane.
    ahead : (2,) array_like, optional
        The end of an arrow that shows where the chosen encoder is moving.
    error_name : str, optional
        Name of ``error_direction`` in the legend.
    colour : str, optional
        Colour of the current encoders.

    Returns
    -------
    html : str
        With ``data-angle``, the mean angle between encoders and the nearest diagonal in
        radians; ``data-length``, their mean length; ``data-direction``, the encoder of
        the chosen neuron; and ``data-checksum``, which differs if any encoder does.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an array has another shape, or the chosen neuron does not exist.
    """
    start = check_shape("start", start, (None, 2))
    now = check_shape("now", now, start.shape)
    error_direction = check_shape("error_direction", error_direction, (None,))
    point = check_shape("point", point, (2,))
    ahead = check_shape("ahead", np.full(2, np.nan) if ahead is None else ahead, (2,))
    if not 0 <= chosen < len(now):
        raise ValidationError(
            f"Must be the index of one of {len(now)} neurons (got {chosen})",
            attr="chosen",
        )
    plane = Panel(40, 50, 220, 220, LIMITS, LIMITS)
    if len(now) > MOST_NEURONS:
        title = f"{title} ({MOST_NEURONS} of {len(now)})"
    parts = [
        *_draw_legend(f"neuron {chosen}, {error_name}", error_direction, colour),
        _draw_diagonals(plane),
        draw_circle(plane, stroke=GREY),
        plane.draw_axes((-1, 0, 1), (-1, 0, 1), "x₁", "x₂", ylabel_at=20),
        *_draw_others(plane, start, now, chosen, colour),
        *_draw_chosen(
            plane,
            *(_shorten(encoder) for encoder in (start[chosen], now[chosen], ahead)),
            error_direction,
        ),
    ]
    if np.isfinite(point).all():
        x, y = plane.place(np.clip(point, *LIMITS))
        parts.append(_draw_cross(x, y, data_part="point"))

    data = {
        "neurons": len(now),
        "chosen": chosen,
        **_get_means(now),
        "direction": write_json(now[chosen]),
        "ahead": write_json(ahead),
        "error-direction": write_json(error_direction[:8]),
        "point": write_json(point),
        "checksum": crc32(now.tobytes()),
    }
    return draw_view("preferred_directions", title, 300, parts, data)


def _get_means(encoders):
    """Return the mean angle and length of encoders that have a direction."""
    length = np.linalg.norm(encoders, axis=-1)
    known = encoders[np.isfinite(length) & (length > 0)]
    return {
        "angle": write_json(get_mean(angle_to_axes(known))),
        "length": write_json(get_mean(np.linalg.norm(known, axis=-1))),
    }


def _draw_others(plane, start, now, chosen, colour):
    """Draw the encoders of all neurons but the chosen one, up to the largest number."""
    others = np.zeros(len(now), dtype=bool)
    others[np.linspace(0, len(now) - 1, min(len(now), MOST_NEURONS)).astype(int)] = True
    others[chosen] = False
    starts, ends = (
        plane.place(encoders[others & np.isfinite(encoders).all(axis=-1)])
        for encoders in (_shorten(start), _shorten(now))
    )
    return [
        draw_dots(starts, 4, stroke=GREY, data_part="start"),
        _draw_rays(plane, ends, colour),
        draw_dots(ends, 6, stroke=colour, data_part="now"),
    ]


def _draw_legend(name, error_direction, colour):
    # decoders can be small
    largest = np.abs(error_direction).max()
    form = "+.2f" if largest >= 0.1 or largest == 0 else "+.0e"
    values = ", ".join(format(value, form) for value in error_direction[:2])
    if len(error_direction) > 1:
        values = f"({values}{', …' if len(error_direction) > 2 else ''})"
    values = values.replace("-", "\N{MINUS SIGN}")
    return [
        draw_dots([(68, 26)], 4, stroke=GREY),
        draw_text(75, 30, "start"),
        draw_dots([(126, 26)], 6, stroke=colour),
        draw_text(133, 30, "now"),
        _draw_cross(184, 26),
        draw_text(194, 30, "input"),
        draw_path("M10 40h14", stroke=CHOSEN, stroke_width=3),
        draw_text(30, 44, f"{name} {values}"),
    ]


def _draw_rays(plane, ends, colour):
    """Draw lines from the origin; the command z returns to it."""
    origin = plane.place((0, 0))
    rays = "".join(f"l{ray}z" for ray in write_pairs(ends - origin))
    return draw_path(f"M{write_pairs([origin])[0]}{rays}", stroke=colour)


def _draw_diagonals(plane):
    end = LONGEST
    corners = plane.place([(-end, -end), (end, end), (-end, end), (end, -end)])
    a, b, c, d = write_pairs(corners)
    return draw_path(f"M{a}L{b}M{c}L{d}", stroke=GREY, stroke_dasharray="2 3")


def _draw_chosen(plane, start, now, ahead, error_direction):
    """Draw the neuron's encoders, and the sign of its feedback if it is one number."""
    origin = plane.place((0, 0))
    parts = []
    if np.isfinite(start).all():
        line = [origin, plane.place(start)]
        parts.append(
            draw_line(line, stroke=GREY, stroke_width=2, data_part="chosen-start")
        )
    if np.isfinite(now).all():
        end = x, y = plane.place(now)
        if np.isfinite(ahead).all():
            parts += _draw_arrow(end, plane.place(ahead))
        parts += [
            draw_line(
                [origin, end], stroke=CHOSEN, stroke_width=3, data_part="chosen-now"
            ),
            draw_dots([end], 14, stroke=CHOSEN),
        ]
        if len(error_direction) == 1:
            sign = {1: "+", -1: "\N{MINUS SIGN}"}.get(np.sign(error_direction[0]), "0")
            parts += [
                draw_dots([end], 11, stroke="#fff"),
                draw_text(x, y + 4, sign, "middle", data_part="error-sign"),
            ]
    return parts


def _draw_arrow(start, end):
    """Draw an arrow, unless it is too short to be seen beyond the disc at its start."""
    length = np.linalg.norm(end - start)
    if length < SHORTEST_ARROW:
        return []
    back = 5 / length * (start - end)
    side = 0.7 * np.array([-back[1], back[0]])
    arrow = [start, end, end + back + side, end + back - side, end]
    return [draw_line(arrow, stroke=CHOSEN, stroke_width=2, data_part="ahead")]


def _draw_cross(x, y, **attributes):
    path = f"M{write_number(x - 4)} {write_number(y - 4)}l8 8m0-8l-8 8"
    return draw_path(path, stroke="#fff", stroke_width=5) + draw_path(
        path, stroke=INK, stroke_width=2, **attributes
    )


def _shorten(encoders):
    """Return encoders that fit into the view; NaN for encoders without a direction."""
    length = np.linalg.norm(encoders, axis=-1, keepdims=True)
    known = np.isfinite(length) & (length > 0)
    scale = np.full(length.shape, np.nan)
    np.divide(LONGEST, length, out=scale, where=known)
    return encoders * np.minimum(1, scale)
