"""Topographic activation maps: a layer as seen from above, once for every group."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from naps.errors import InputError
from naps.plots.names import label_names
from naps.plots.profile import COLOURS
from naps.plots.style import short, styled
from naps.topography import ActivationMap

_COLUMNS = 8
_SIDE = 1.12
_GAP = 0.3
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
    height = rows * (_SIDE + _GAP) + above - 0.1
    with styled():
        figure = Figure(figsize=(width, height))
        sheet = (columns * (_SIDE + _GAP), rows * (_SIDE + _GAP))
        bottom = height - above - sheet[1] + _GAP
        axes = figure.add_axes(
            (0.12 / width, bottom / height - _GAP / height, sheet[0] / width, sheet[1] / height)
        )
        # In inches of the sheet, from the upper left corner.
        axes.set_xlim(0, sheet[0])
        axes.set_ylim(sheet[1], 0)
        axes.set_axis_off()
        corners = [
            (n % columns * (_SIDE + _GAP), n // columns * (_SIDE + _GAP))
            for n in range(len(places))
        ]
        drawn = (
            _points(axes, found, places, corners, top)
            if found.images is None
            else _images(axes, found.images[places], corners, top, found.mode)
        )
        for (left, up), name in zip(corners, label_names(chosen, notation), strict=True):
            axes.text(left, up - 0.05, short(name, 14), fontsize=9, fontweight="bold")
        if title:
            figure.suptitle(title, x=0.12 / width, ha="left", fontsize=10, fontweight="bold")
        scale = figure.add_axes(
            (1 - 0.72 / width, (height - above - _SIDE) / height, 0.11 / width, _SIDE / height)
        )
        bar = figure.colorbar(drawn or ScalarMappable(Normalize(-top, top), COLOURS), cax=scale)
        bar.ax.tick_params(labelsize=7)
    return figure


def _images(
    axes: Axes,
    images: NDArray[np.float64],
    corners: Sequence[tuple[float, float]],
    top: float,
    mode: str,
) -> AxesImage | None:
    colours = matplotlib.colormaps[COLOURS].with_extremes(bad=_NOTHING)
    image = None
    for (left, up), values in zip(corners, images, strict=True):
        image = axes.imshow(
            values, cmap=colours, vmin=-top, vmax=top, origin="lower", aspect="auto",
            extent=(left, left + _SIDE, up + _SIDE, up),
            interpolation="nearest" if mode == "cell" else "auto", zorder=0,
        )  # fmt: skip
    # An image sets the limits of its axes.
    axes.set_xlim(0, max(left for left, _ in corners) + _SIDE + _GAP)
    axes.set_ylim(max(up for _, up in corners) + _SIDE + _GAP, 0)
    return image


def _points(
    axes: Axes,
    found: ActivationMap,
    places: Sequence[int],
    corners: Sequence[tuple[float, float]],
    top: float,
) -> PathCollection:
    x, y = found.positions.T
    middles = np.array(corners)
    # The strongest of each map last, so that none hides it.
    values = found.values[list(places)]
    order = np.argsort(np.abs(values), axis=1, kind="stable")
    across = middles[:, :1] + _SIDE * x[order]
    down = middles[:, 1:] + _SIDE * (1 - y[order])
    size = float(np.clip(1300 / len(x), 1.5, 26))
    return axes.scatter(
        across.reshape(-1), down.reshape(-1), s=size,
        c=np.take_along_axis(values, order, 1).reshape(-1), cmap=COLOURS,
        vmin=-top, vmax=top, edgecolors="#7b8794", linewidths=0.15, rasterized=True, clip_on=False,
    )  # fmt: skip
