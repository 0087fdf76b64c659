"""Fields of numbers as small colour images."""

from base64 import b64encode
from functools import lru_cache
from io import BytesIO

import numpy as np

try:
    from PIL import Image
except ImportError as error:
    raise ImportError(
        "The views of Nengo GUI need Pillow. Install it with pip install nengo-gui pillow"
    ) from error

N_COLOURS = 21  # odd, to include zero; few, because the images are sent often


def draw_field(field, limits, colours, panel):
    """Return an image of a field (n_rows, n_columns), lowest row first, that fills a panel.

    Colours are evenly spaced between the limits. NaN is transparent.
    """
    # squares keep their shape without this attribute
    stretch = ' preserveAspectRatio="none"' if panel.width != panel.height else ""
    return (
        f'<image x="{panel.x}" y="{panel.y}" width="{panel.width}" '
        f'height="{panel.height}"{stretch} '
        f'href="data:image/png;base64,{_encode(field, limits, colours)}"/>'
    )


def _encode(field, limits, colours):
    """Return a PNG image as text."""
    field = np.asarray(field, dtype=float)[::-1]  # images begin at the top
    low, high = limits
    fraction = np.clip((field - low) / (high - low), 0, 1)
    known = np.isfinite(fraction)
    index = np.zeros(field.shape, dtype=np.uint8)
    index[known] = 1 + np.round(fraction[known] * (N_COLOURS - 1))
    return _write_png(index.tobytes(), index.shape[::-1], colours)


@lru_cache(maxsize=64)  # some images, such as the initial images, do not change
def _write_png(indices, size, colours):
    image = Image.frombytes("P", size, indices)
    image.putpalette(_make_palette(colours))
    file = BytesIO()
    image.save(file, "PNG", transparency=0)
    return b64encode(file.getvalue()).decode()


def _make_palette(colours):
    """Return red, green and blue of missing values, and of all colours."""
    known = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours]
    at = np.linspace(0, len(colours) - 1, N_COLOURS)
    shades = [np.interp(at, range(len(colours)), channel) for channel in zip(*known)]
    palette = np.round(np.transpose(shades)).astype(np.uint8)
    return bytes(3) + palette.tobytes()
