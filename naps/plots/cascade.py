"""What is left of a network's distances as its weights are randomised from the top down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import seaborn
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from naps.errors import InputError
from naps.plots.style import INK, placed, short, styled, text_width

# With more cells than this the numbers would be too small to read; they stand in the CSV.
_MOST_NUMBERS = 200
_MISSING = "#d9dde1"


def cascade(
    similarity: ArrayLike,
    starts: Sequence[str],
    layers: Sequence[str],
    *,
    title: str | None = None,
) -> Figure:
    """Draw the similarity of each layer to the trained network, a row for each randomisation.

    Parameters
    ----------
    similarity : array_like, shape (starts, layers)
        Correlation of a layer's distances with those of the trained network; NaN where unknown.
    starts : sequence of str
        From where the weights are random, the least randomised first.
    layers : sequence of str
        From the input up.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the matrix has not a row for each start and a column for each layer.
    """
    matrix = np.asarray(similarity, dtype=float)
    if matrix.shape != (len(starts), len(layers)) or not matrix.size:
        raise InputError(
            f"similarity of shape {matrix.shape} does not fit {len(starts)} randomisations of "
            f"{len(layers)} layers"
        )
    rows = [short(name, 20) for name in starts]
    columns = [short(name, 16) for name in layers]
    left = 0.25 + text_width(rows, 8) / 72
    bottom = 0.42 + 0.62 * text_width(columns, 8) / 72
    top = 0.3 if title else 0.1
    cell = 0.36 if matrix.size <= _MOST_NUMBERS else 0.2
    with styled():
        figure, axes = placed(
            left + cell * len(columns) + 0.7,
            bottom + 0.7 * cell * len(rows) + top,
            left=left,
            bottom=bottom,
            right=0.7,
            top=top,
        )
        colours = seaborn.color_palette("mako", as_cmap=True).with_extremes(bad=_MISSING)
        least = min(0.0, float(np.nanmin(matrix, initial=0.0)))
        image = axes.imshow(
            matrix, cmap=colours, vmin=least, vmax=1.0, aspect="auto", interpolation="nearest"
        )
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xticks(
            range(len(columns)), columns, rotation=60, ha="right", rotation_mode="anchor"
        )
        axes.tick_params(length=0, labelsize=8)
        axes.set_xlabel("layer")
        axes.set_ylabel("weights random from")
        for side in axes.spines.values():
            side.set_visible(False)
        if matrix.size <= _MOST_NUMBERS:
            for (row, column), value in np.ndenumerate(matrix):
                if np.isfinite(value):
                    dark = (value - least) / (1.0 - least) < 0.6
                    axes.text(
                        column, row, _number(value), ha="center",
                        va="center", fontsize=6.5, color="white" if dark else INK,
                    )  # fmt: skip
        width = float(figure.get_size_inches()[0])
        box = axes.get_position()
        beside = figure.add_axes((1 - 0.58 / width, box.y0, 0.1 / width, box.height))
        figure.colorbar(image, cax=beside).ax.tick_params(labelsize=7)
        if title:
            axes.set_title(title)
    return figure


def _number(value: float) -> str:
    # "-0.00" would be read as a sign.
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "\u2212")
