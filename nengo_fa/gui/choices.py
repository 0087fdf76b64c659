"""The view that names the choices of sliders."""

from nengo.exceptions import ValidationError

from nengo_fa.gui.svg import CHOSEN, GREY, WIDTH, draw_text, draw_view

# sizes in pixels
LINE = 17
FIRST, COLUMN = 92, 68
LETTER = 6  # the width of bold letters, so that words do not move if they are chosen


def choices(title, options, chosen):
    """Draw the names of choices, because sliders show only numbers.

    Parameters
    ----------
    title : str
        Title above the names.
    options : dict
        The options of each choice, from 0, by the name of the choice. Long lists continue
        on the next line.
    chosen : list of int
        The chosen option of each choice, which is highlighted.

    Returns
    -------
    html : str
        With an attribute ``data-*`` for each choice, the chosen option.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a chosen option does not exist.
    """
    parts, data = [], {}
    y = 36
    for name, words, index in zip(options, options.values(), chosen):
        if not 0 <= index < len(words):
            raise ValidationError(
                f"Must be one of {len(words)} options of {name!r} (got {index})",
                attr="chosen",
            )
        parts.append(draw_text(80, y, name, "end"))
        x = FIRST
        for i, word in enumerate(words):
            style = dict(fill=CHOSEN, font_weight="bold") if i == index else {}
            text = f"{i} {word}"
            width = LETTER * len(text)
            if x > FIRST and x + width > WIDTH:
                x, y = FIRST, y + LINE
            parts.append(draw_text(x, y, text, **(style or dict(fill=GREY))))
            x += max(COLUMN, width)
        data[name] = words[index]
        y += LINE
    return draw_view("choices", title, y, parts, data)
