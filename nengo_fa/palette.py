"""Colours of the figures and of the views of Nengo GUI: one colour for each meaning.

Families of one colour differ in lightness, so that they survive a grey copy.
"""

import numpy as np

#: What has learned encoders, by feedback alignment where rules are compared.
LEARNED = "#0b3c8c"
#: Variants of feedback alignment next to `LEARNED`.
LEARNED_MEDIUM, LEARNED_LIGHT = "#4f86c6", "#67b8e3"
#: What has fixed encoders.
FIXED = "#e08214"
#: A second curve with fixed encoders.
FIXED_LIGHT = "#f0b265"
#: What learns by backpropagation, and its local variant.
BACKPROP, BACKPROP_LIGHT = "#12a37c", "#8fd3ba"
#: Anything else that learns: from bursts, by recursive least squares, homeostatic.
OTHER = "#8e3a80"
#: What is pointed at: predictions, mistakes, the neuron that is chosen.
HIGHLIGHT = "#c2185b"
#: What curves are compared with: baselines and chance.
REFERENCE = "#595959"

#: Fields of firing rates, from zero to the highest.
RATES = ("#ffffff", "#6f9fd8", "#08306b")
#: Fields of errors. Zero is white. Below it errors are darker than above.
ERRORS = ("#08306b", "#2b66b1", "#ffffff", "#fcc98c", "#e08214")


def shade_layers(n_layers: int) -> list[str]:
    """Return a colour for each layer of a network, from `LEARNED` to `LEARNED_LIGHT`.

    Examples
    --------
    >>> nengo_fa.palette.shade_layers(2) == [LEARNED, LEARNED_LIGHT]
    True
    """
    first, last = (
        np.array([*bytes.fromhex(end[1:])]) for end in (LEARNED, LEARNED_LIGHT)
    )
    shares = np.linspace(0, 1, n_layers)[:, np.newaxis]
    shades = np.round(first + shares * (last - first)).astype(np.uint8)
    return [f"#{shade.tobytes().hex()}" for shade in shades]
