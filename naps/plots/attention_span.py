"""How far back from the end of a sentence the relevance lies."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from naps.errors import InputError
from naps.plots.style import QUIET, styled

_COLOUR = "#1d4ed8"


def attention_span_curve(
    shares: ArrayLike, low: ArrayLike, high: ArrayLike, even: ArrayLike
) -> Figure:
    """Draw the share of relevance by distance from the end.

    Parameters
    ----------
    shares, low, high : array_like, shape (positions,)
        Mean share and its interval.
    even : array_like, shape (positions,)
        What an even spread would give.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there are no positions, or the lines are not of one length.
    """
    lines = [np.asarray(line, dtype=float) for line in (shares, low, high, even)]
    if not len(lines[0]) or len({line.shape for line in lines}) > 1:
        raise InputError("an attention span needs lines of one length, of a position at least")
    mean, below, above, flat = lines
    steps = np.arange(len(mean))
    with styled():
        figure = Figure(figsize=(6.4, 2.6), layout="constrained")
        axes = figure.add_subplot()
        axes.fill_between(steps, below, above, color=_COLOUR, alpha=0.18, linewidth=0)
        axes.plot(steps, mean, color=_COLOUR, marker="o", markersize=3, label="relevance")
        axes.plot(steps, flat, color=QUIET, linestyle="--", label="spread evenly")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("words from the end")
        axes.set_ylabel("share")
        axes.legend()
    return figure
