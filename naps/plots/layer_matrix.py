"""How alike every layer of one network is to every layer of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from naps.errors import InputError
from naps.plots.style import blank, short, styled

# With more layers than this the numbers would be too small to read; they stand in the CSV.
_NUMBERED = 12


def layer_matrix(
    values: ArrayLike,
    layers_a: Sequence[str],
    layers_b: Sequence[str],
    *,
    measure: str,
    names: tuple[str, str],
) -> Figure:
    """Draw the likeness of all pairs of layers as a heat map; dark is alike.

    Parameters
    ----------
    values : array_like, shape (layers of the first, layers of the second)
        NaN where there is none.
    layers_a, layers_b : sequence of str
        From the input up; the first of both stand at the bottom left.
    measure : str
        What the colours say.
    names : tuple of str
        Of the two runs: vertical axis, horizontal axis.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the matrix has another shape.
    """
    matrix = np.asarray(values, dtype=float)
    if matrix.shape != (len(layers_a), len(layers_b)) or not matrix.size:
        raise InputError(
            f"{len(layers_a)} and {len(layers_b)} layers need a matrix of that size; got one of "
            f"shape {matrix.shape}"
        )
    largest = max(matrix.shape)
    numbered = largest <= _NUMBERED
    with styled():
        figure = blank(4.8, 4.3)
        axes = figure.add_subplot()
        seaborn.heatmap(
            matrix[::-1],
            ax=axes,
            vmin=min(0.0, float(np.nanmin(matrix, initial=0.0))),
            vmax=1.0,
            cmap="mako_r",
            square=True,
            annot=numbered,
            fmt=".2f",
            annot_kws={"size": 6.5 if largest > 8 else 7.5},
            xticklabels=[short(layer, 14) for layer in layers_b],
            yticklabels=[short(layer, 14) for layer in reversed(layers_a)],
            rasterized=True,
            cbar_kws={"label": measure, "shrink": 0.75},
        )
        size = float(np.clip(150 / largest, 5.0, 8.5))
        axes.tick_params(length=0, labelsize=size)
        axes.tick_params(axis="x", labelrotation=90)
        axes.tick_params(axis="y", labelrotation=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xlabel(short(names[1], 40))
        axes.set_ylabel(short(names[0], 40))
    return figure
