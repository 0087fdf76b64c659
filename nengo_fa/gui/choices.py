"""The view of what is chosen, in words."""

from nengo.exceptions import ValidationError

from nengo_fa.gui.svg import CHOSEN, GREY, draw_text, draw_view

LINE = 17  # in pixels


def choices(title, options, chosen):
    """What sliders mean: they show nothing but numbers.

    Parameters
    ----------
    title : str
        Stands above the words.
    options : dict
        To the name of each choice its options, from 0: up to three words each.
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
    for line, (name, words, index) in enumerate(zip(options, options.values(), chosen)):
        if not 0 <= index < len(words):
            raise ValidationError(
                f"Must be one of {len(words)} options of {name!r} (got {index})",
                attr="chosen",
            )
        y = 36 + LINE * line
        parts.append(draw_text(80, y, name, "end"))
        for i, word in enumerate(words):
            style = dict(fill=CHOSEN, font_weight="bold") if i == index else {}
            parts.append(
                draw_text(92 + 68 * i, y, f"{i} {word}", **(style or dict(fill=GREY)))
            )
        data[name] = words[index]
    return draw_view("choices", title, 36 + LINE * len(options), parts, data)
