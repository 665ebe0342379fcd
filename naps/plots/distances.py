"""How far every label is from every other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from naps.errors import InputError
from naps.plots.names import label_names
from naps.plots.style import moved, placed, short, styled, text_width

# Beyond this many the names would be a grey smear; they stand in the CSV.
_MOST_NAMES = 100
_SIDE = 4.2


def distance_map(
    distances: ArrayLike,
    labels: Sequence[str],
    order: Sequence[int],
    *,
    notation: str = "as written",
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
    notation : str
        How phones are written, as for `naps.plots.label_names`.
    metric : str
        What the colours measure.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the parts do not fit together, or there is no such notation.
    """
    matrix = np.asarray(distances, dtype=float)
    if matrix.shape != (len(labels), len(labels)) or sorted(order) != list(range(len(labels))):
        raise InputError(
            f"{len(labels)} labels need a square matrix and an order of that size; got a matrix "
            f"of shape {matrix.shape} and an order of {len(order)}"
        )
    matrix = matrix[np.ix_(order, order)]
    names = label_names([labels[index] for index in order], notation)
    names = [short(name, 12) for name in names] if len(names) <= _MOST_NAMES else []
    size = float(np.clip(265 / max(len(names), 1), 5.0, 8.5))
    margin = (10 + text_width(names, size)) / 72
    scale = 0.75
    top = 0.26 if title else 0.06
    with styled():
        figure, axes = placed(
            margin + _SIDE + scale,
            margin + _SIDE + top,
            left=margin,
            bottom=margin,
            right=scale,
            top=top,
        )
        image = axes.imshow(
            matrix,
            cmap=seaborn.color_palette("mako", as_cmap=True),
            vmin=0.0,
            vmax=float(np.nanmax(matrix, initial=0.0)) or 1.0,
            aspect="auto",
            interpolation="nearest",
        )
        axes.set_xticks([])
        axes.set_yticks([])
        below = moved(axes, axes.get_xaxis_transform(), 0, -3)
        before = moved(axes, axes.get_yaxis_transform(), -3, 0)
        for place, name in enumerate(names):
            axes.text(
                place, 0, name, transform=below, rotation=90, ha="center", va="top", fontsize=size
            )
            axes.text(
                0, place, name, transform=before, ha="right", va="center_baseline", fontsize=size
            )
        for spine in axes.spines.values():
            spine.set_visible(False)
        width, height = (float(side) for side in figure.get_size_inches())
        beside = figure.add_axes(
            (1 - (scale - 0.12) / width, margin / height, 0.12 / width, 0.6 * _SIDE / height)
        )
        figure.colorbar(image, cax=beside, label=f"{metric} distance").ax.tick_params(labelsize=7.5)
        if title:
            axes.set_title(title)
    return figure
