"""What a G2P model looks at while it writes a pronunciation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from naps.errors import InputError
from naps.plots.style import blank, styled


def attention_map(
    weights: ArrayLike, letters: Sequence[str], phones: Sequence[str], *, title: str | None = None
) -> Figure:
    """Draw attention weights as a heat map, letters across and phones down.

    Parameters
    ----------
    weights : array_like, shape (len(phones) or one more, len(letters))
        Each row sums to one. A row beyond the phones is that of the end of the word.
    letters, phones : sequence of str
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the weights do not fit letters and phones.
    """
    matrix = np.asarray(weights, dtype=float)
    if (
        matrix.ndim != 2
        or matrix.shape[1] != len(letters)
        or len(matrix) - len(phones) not in (0, 1)
    ):
        raise InputError(
            f"attention of shape {matrix.shape} does not fit {len(letters)} letters and "
            f"{len(phones)} phones"
        )
    names = [*phones, "end"][: len(matrix)]
    with styled():
        figure = blank(1.5 + 0.32 * len(letters), 0.9 + 0.27 * len(names) + (0.2 if title else 0))
        axes = figure.add_subplot()
        seaborn.heatmap(
            matrix,
            ax=axes,
            vmin=0.0,
            vmax=1.0,
            cmap="mako_r",
            xticklabels=list(letters),
            yticklabels=names,
            linewidths=0.5,
            cbar_kws={"label": "attention", "shrink": 0.8},
        )
        axes.tick_params(length=0)
        axes.tick_params(axis="x", labelrotation=0)
        axes.tick_params(axis="y", labelrotation=0)
        if title:
            axes.set_title(title)
    return figure
