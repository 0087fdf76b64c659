"""The view of curves over the whole session."""

import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.gui.arrays import check_shape, write_json
from nengo_fa.gui.svg import (
    COLOURS,
    FAINT,
    Panel,
    draw_dots,
    draw_line,
    draw_path,
    draw_text,
    draw_view,
    get_ticks,
    write_label,
    write_number,
)

MOST_SAMPLES = 170  # largest number of samples that is drawn, over all curves


def history(times, curves, title, label, colours=COLOURS):
    """Draw curves over the whole session.

    Parameters
    ----------
    times : (n_samples,) array_like
        Increasing times in seconds, not negative.
    curves : dict
        The values (n_samples,) of up to 6 curves by their names. Values that are not finite
        are gaps.
    title : str
        Title above the curves.
    label : str
        Label of the vertical axis, with the unit.
    colours : sequence of str, optional
        Colours of the curves.

    Returns
    -------
    html : str
        With ``data-last``, the last finite value of each curve as a JSON list, null for
        a curve without any; and ``data-samples``, the number of times.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there are no curves or too many, or if the numbers of values and times differ.

    Notes
    -----
    Long histories are drawn as means over 2, 4, 8 ... samples. The borders between these
    groups of samples do not move when the history grows.
    """
    times = check_shape("times", times, (None,))
    if not 1 <= len(curves) <= len(COLOURS):
        raise ValidationError(
            f"Must be 1 to {len(COLOURS)} curves (got {len(curves)}). Draw the other "
            "curves in another view.",
            attr="curves",
        )
    values = np.array(
        [check_shape(f"curves[{name!r}]", v, times.shape) for name, v in curves.items()]
    )
    values = np.where(np.isfinite(values), values, np.nan)
    last = [v[np.isfinite(v)][-1:] for v in values]
    at, *means = _thin(np.vstack([times, values]), MOST_SAMPLES // len(curves))

    finite = [v for mean in means for v in mean[np.isfinite(mean)]]
    yticks = get_ticks(min([0, *finite]), max([0, *finite]))
    end = times[-1] if len(times) and times[-1] > 0 else 1.0
    width = 300 - 48 - 26 - min(16, max(map(len, curves))) * 6
    panel = Panel(48, 24, width, 162, (0, end), (yticks[0], yticks[-1]))

    xticks = [tick for tick in get_ticks(0, end) if tick <= end]
    return draw_view(
        "history",
        title,
        220,
        [
            _draw_grid(panel, yticks),
            panel.draw_axes(xticks, yticks, "Time (s)", label, ylabel_at=12),
            *_draw_curves(panel, at, means, colours),
            *_draw_names(panel, list(curves), last, colours),
        ],
        {
            "samples": len(times),
            "last": write_json([v[0] if len(v) else np.nan for v in last]),
        },
    )


def _draw_curves(panel, at, means, colours):
    for mean, colour in reversed(list(zip(means, colours))):  # the first on top
        pixels = panel.place(np.transpose([at, mean]))
        yield draw_line(pixels, stroke=colour, stroke_width=1.8, data_part="curve")
        known = pixels[np.isfinite(pixels).all(axis=-1)]
        if len(known) == 1:  # a line of one point is not seen
            yield draw_dots(known, 6, stroke=colour)


def _thin(values, most):
    """Return values (n, n_samples), or means over 2, 4, 8 ... values if there are too many."""
    n_samples = values.shape[1]
    size = 1
    while size * most < n_samples:
        size *= 2
    missing = -n_samples % size
    values = np.pad(values, [(0, 0), (0, missing)], constant_values=np.nan)
    values = values.reshape(len(values), -1, size)
    known = np.isfinite(values)
    means = np.full(values.shape[:2], np.nan)
    n_known = known.sum(axis=-1)
    np.divide(values.sum(axis=-1, where=known), n_known, out=means, where=n_known > 0)
    return means


def _draw_grid(panel, yticks):
    path = ""
    for tick in yticks[1:-1]:
        _, y = panel.place((0, tick))
        path += (
            f"M{write_number(panel.x)} {write_number(y)}h{write_number(panel.width)}"
        )
    return draw_path(path, stroke=FAINT)


def _draw_names(panel, names, last, colours):
    """Draw names with the last values, beside the ends of curves if there is space."""
    room = 24
    top, bottom = panel.y + 6, panel.y + panel.height - 14
    ends = [panel.place((0, v[0]))[1] if len(v) else bottom for v in last]
    parts, y = [], top - room
    for rank, i in enumerate(np.argsort(ends, kind="stable")):
        lowest = bottom - room * (len(names) - 1 - rank)
        y = min(max(ends[i], y + room), lowest)
        x = panel.x + panel.width + 4
        middle = write_number(y)
        parts += [
            draw_path(f"M{x} {middle}h10", stroke=colours[i], stroke_width=3),
            draw_text(x + 15, y + 3, names[i], limit=16),
            draw_text(
                x + 15, y + 14, write_label(last[i][0], 3) if len(last[i]) else "–"
            ),
        ]
    return parts
