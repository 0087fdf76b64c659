"""What a figure shows, for tests to compare with its data."""

import io

from matplotlib.text import Text

EPOCHS = 21
RULES = ["FeedbackAlignment", "Backprop"]
NORMALIZATIONS = ["none", "forced", "augmented"]
CONDITIONS = [
    ((rule, normalization), f"{name}, {how}")
    for rule, name in zip(RULES, ["feedback alignment", "backpropagation"])
    for normalization, how in zip(
        NORMALIZATIONS,
        ["no normalization", "forced normalization", "augmented gradient"],
    )
]


def as_image(figure):
    file = io.BytesIO()
    figure.savefig(file, format="rgba", dpi=60)
    return file.getvalue()


def fits_page(figure):
    """Whether nothing is cut off at the edges of a figure, with letters of any resolution."""
    page = figure.bbox_inches
    for dpi in (100, 150):
        figure.set_dpi(dpi)
        box = figure.get_tightbbox()
        if not (page.x0 <= box.x0 and box.x1 <= page.x1):
            return False
    return page.y0 <= box.y0 and box.y1 <= page.y1


def texts(axes):
    shown = [text for text in axes.findobj(Text) if text.get_text().strip()]
    return [text for text in shown if text.get_visible()]


def lines_by_label(axes):
    return {line.get_label(): line for line in axes.lines}


def image(axes):
    (image,) = axes.images
    return image


def arrow_tips(axes):
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    return [text.xy for text in arrows]
