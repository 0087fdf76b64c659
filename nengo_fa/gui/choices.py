"""The view of what is chosen, in words."""

from nengo.exceptions import ValidationError

from nengo_fa.gui.svg import CHOSEN, GREY, WIDTH, draw_text, draw_view

# in pixels
LINE = 17
FIRST, COLUMN = 92, 68
LETTER = 6  # of the width of bold ones, so that nothing moves with the choice


def choices(title, options, chosen):
    """What sliders mean: they show nothing but numbers.

    Parameters
    ----------
    title : str
        Stands above the words.
    options : dict
        To the name of each choice its options, from 0. What does not fit into a line is
        in the next.
    chosen : list of int
        The option of each that is chosen, which is highlighted.

    Returns
    -------
    html : str
        With an attribute ``data-*`` of each choice, the option that is chosen.

    Raises
    ------
    nengo.exceptions.ValidationError
        If one is chosen that is not among the options.
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
