"""The view of what is chosen, in words."""

from nengo_fa.gui.svg import INK, draw_text, draw_view

LINE = 17  # in pixels


def choices(title, values):
    """What is chosen, in words, as sliders show nothing but numbers.

    Parameters
    ----------
    title : str
        Stands above the words.
    values : dict
        To the name of each choice what was chosen, a str.

    Returns
    -------
    html : str
        With an attribute ``data-*`` of each choice; spaces in its name become hyphens.
    """
    parts = []
    for line, (name, value) in enumerate(values.items()):
        y = 36 + LINE * line
        parts += [
            draw_text(140, y, name, "end", fill="#666"),
            draw_text(150, y, value, fill=INK, font_weight="bold"),
        ]
    data = {name.replace(" ", "-"): value for name, value in values.items()}
    return draw_view("choices", title, 36 + LINE * len(values), parts, data)
