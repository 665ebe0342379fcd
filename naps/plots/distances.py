"""How far every label is from every other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from naps.errors import InputError
from naps.plots.style import blank, short, styled


def distance_map(
    distances: ArrayLike,
    labels: Sequence[str],
    order: Sequence[int],
    *,
    metric: str = "cosine",
    title: str | None = None,
) -> Figure:
    """Draw a distance matrix as a heat map in leaf order; dark is near.

    Parameters
    ----------
    distances : array_like, shape (labels, labels)
        In the order of ``labels``.
    labels : sequence of str, length labels
    order : sequence of int, length labels
        Leaf order as indices into ``labels``.
    metric : str
        What the colours measure.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    matrix = np.asarray(distances, dtype=float)
    if matrix.shape != (len(labels), len(labels)) or sorted(order) != list(range(len(labels))):
        raise InputError(
            f"{len(labels)} labels need a square matrix and an order of that size; got a matrix "
            f"of shape {matrix.shape} and an order of {len(order)}"
        )
    matrix = matrix[np.ix_(order, order)]
    names = [short(labels[index], 12) for index in order]
    top = float(np.nanmax(matrix, initial=0.0))
    # Beyond this many the names would be a grey smear; they stand in the CSV.
    ticks: list[str] | bool = names if len(names) <= 100 else False
    size = float(np.clip(230 / max(len(names), 1), 5.0, 8.5))
    with styled():
        figure = blank(4.6, 3.9 + (0.2 if title else 0))
        axes = figure.add_subplot()
        seaborn.heatmap(
            matrix,
            ax=axes,
            vmin=0.0,
            vmax=top or 1.0,
            cmap="mako",
            square=True,
            xticklabels=ticks,
            yticklabels=ticks,
            rasterized=True,
            cbar_kws={"label": f"{metric} distance", "shrink": 0.75},
        )
        axes.tick_params(length=0, labelsize=size)
        axes.tick_params(axis="x", labelrotation=90)
        axes.tick_params(axis="y", labelrotation=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        if title:
            axes.set_title(title)
    return figure
