"""Colours of a heat map of words: red for, blue against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def heat_colors(scores: npt.ArrayLike) -> list[str]:
    """Give each score a colour from blue over white to red.

    White is zero, full red or blue the largest size. Where all scores have one sign, the largest
    has the full colour and zero is white (the colours of Arras et al. 2017, of 256 steps as in
    matplotlib's map ``bwr``).

    Parameters
    ----------
    scores : array, shape (words,)

    Returns
    -------
    list of str
        Such as ``#ff1111``.
    """
    values = np.asarray(scores, dtype=float)
    largest = np.abs(values).max(initial=0.0)
    place = 0.5 + 0.5 * values / largest if largest > 0 else np.full(len(values), 0.5)
    steps = np.minimum((place * 256).astype(int), 255) / 255
    red, blue = np.minimum(2 * steps, 1), np.minimum(2 * (1 - steps), 1)
    rgb = (255 * np.stack([red, np.minimum(red, blue), blue], 1)).astype(int)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rgb]
