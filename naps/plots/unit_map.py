"""Topographic activation maps: a layer as seen from above, once for every group."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from naps.errors import InputError
from naps.plots.names import label_names
from naps.plots.profile import COLOURS, symmetric_limit
from naps.plots.style import short, styled
from naps.topography import ActivationMap

_COLUMNS = 8
_SIDE = 1.12
_GAP = 0.3
# On a side of a map, at least.
_POINTS = 78
# Where no unit is near; zero is white.
_NOTHING = "#e3e7eb"


def unit_map(
    found: ActivationMap,
    order: Sequence[str] | None = None,
    *,
    limit: float | None = None,
    notation: str = "as written",
    title: str | None = None,
    columns: int = _COLUMNS,
) -> Figure:
    """Draw the map of every group, all in the same colours; white is zero.

    Parameters
    ----------
    found : ActivationMap
        From `naps.topography.paint`.
    order : sequence of str, optional
        Groups to draw, the first at the top left; all by default.
    limit : float, optional
        Colours go from −limit to limit; by default as far as the map says.
    notation : str
        How phones are written, as for `naps.plots.label_names`.
    title : str, optional
    columns : int
        Maps in a row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the map has no such group, or there is no such notation.
    """
    chosen = list(order) if order is not None else list(found.labels)
    missing = [label for label in chosen if label not in found.labels]
    if missing or not chosen:
        raise InputError(f"the map has no group {', '.join(map(repr, missing)) or 'at all'}")
    places = [found.labels.index(label) for label in chosen]
    top = limit or found.limit or 1.0
    columns = min(columns, len(chosen))
    rows = -(-len(chosen) // columns)
    above = 0.62 if title else 0.34
    width = columns * (_SIDE + _GAP) + 1.05
    height = rows * (_SIDE + _GAP) + above - 0.15
    with styled():
        figure = Figure(figsize=(width, height))
        sheet = (columns * (_SIDE + _GAP), rows * (_SIDE + _GAP))
        bottom = height - above - sheet[1]
        axes = figure.add_axes((0.12 / width, bottom / height, sheet[0] / width, sheet[1] / height))
        # In points of a map, from the upper left corner.
        step = 1 + _GAP / _SIDE
        axes.set_axis_off()
        corners = np.array([(n % columns * step, n // columns * step) for n in range(len(places))])
        if found.images is None:
            _points(axes, found, places, corners, top)
        else:
            _images(axes, found.images[places], corners, top)
        axes.set_xlim(0, columns * step)
        axes.set_ylim(rows * step, 0)
        for (left, up), name in zip(corners, label_names(chosen, notation), strict=True):
            axes.text(left, up - 0.05, short(name, 14), fontsize=9, fontweight="bold")
        if title:
            figure.text(0.12 / width, 1 - 0.24 / height, title, fontsize=10, fontweight="bold")
        scale = figure.add_axes(
            (1 - 0.72 / width, (height - above - _SIDE) / height, 0.11 / width, _SIDE / height)
        )
        beyond = "both" if symmetric_limit(found.values[places]) > top else "neither"
        bar = figure.colorbar(
            ScalarMappable(Normalize(-top, top), COLOURS), cax=scale, extend=beyond
        )
        bar.ax.tick_params(labelsize=7)
    return figure


def _images(
    axes: Axes, images: NDArray[np.float64], corners: NDArray[np.float64], top: float
) -> None:
    """Draw all maps as one picture: forty images take ten times as long."""
    # Few cells are made larger, so that gaps are as wide as they should be.
    times = max(1, round(_POINTS / images.shape[1]))
    large = images.repeat(times, 1).repeat(times, 2)
    rows, columns = large.shape[1:]
    colours = matplotlib.colormaps[COLOURS].with_extremes(bad=_NOTHING)
    last = corners.max(0) + 1 + _GAP / _SIDE
    sheet = np.ones((round(last[1] * rows), round(last[0] * columns), 3))
    for (left, up), values in zip(corners, large, strict=True):
        first, column = round(up * rows), round(left * columns)
        painted = colours(np.ma.masked_invalid(values[::-1] / (2 * top) + 0.5))
        sheet[first : first + rows, column : column + columns] = painted[..., :3]
    axes.imshow(sheet, aspect="auto", extent=(0, last[0], last[1], 0), interpolation="nearest")


def _points(
    axes: Axes,
    found: ActivationMap,
    places: Sequence[int],
    corners: NDArray[np.float64],
    top: float,
) -> None:
    x, y = found.positions.T
    # The strongest of each map last, so that none hides it.
    values = found.values[list(places)]
    order = np.argsort(np.abs(values), axis=1, kind="stable")
    across, down = corners[:, :1] + x[order], corners[:, 1:] + 1 - y[order]
    size = float(np.clip(1300 / len(x), 1.5, 26))
    axes.scatter(
        across.reshape(-1), down.reshape(-1), s=size,
        c=np.take_along_axis(values, order, 1).reshape(-1), cmap=COLOURS, vmin=-top, vmax=top,
        edgecolors="#7b8794", linewidths=0.15, rasterized=True, clip_on=False,
    )  # fmt: skip
