"""Topographic activation maps: a layer's units painted with what they do for a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator, RBFInterpolator
from scipy.spatial import Delaunay, QhullError

from naps.errors import InputError
from naps.similarity.distance import Floats
from naps.topography.cells import Cells, plane_cells

Mode = Literal["linear", "smooth", "nearest", "cell", "scatter"]
MODES: tuple[Mode, ...] = get_args(Mode)
_NEIGHBOURS = 32


@dataclass(frozen=True)
class ActivationMap:
    """A picture of a layer for every group, all in the same colours.

    Attributes
    ----------
    labels : tuple of str
        Groups.
    positions : array of float64, shape (units, 2)
        In the unit square; centres of cells where the mode is ``cell``.
    values : array of float64, shape (groups, units)
    limit : float
        Colours go from −limit to limit: the greatest absolute value of all groups.
    images : array of float64, shape (groups, rows, columns), or None
        From low to high in both directions; NaN where there is no unit near. None for
        ``scatter``.
    mode : str
    cells : Cells or None
        Of the units, where the mode is ``cell``.
    """

    labels: tuple[str, ...]
    positions: Floats
    values: Floats
    limit: float
    images: Floats | None
    mode: str
    cells: Cells | None = None


def paint(
    positions: Floats,
    values: Floats,
    labels: Sequence[str],
    *,
    mode: str = "linear",
    size: int = 100,
) -> ActivationMap:
    """Paint the units of a layout with values of groups.

    Parameters
    ----------
    positions : array, shape (units, 2)
        Such as `Layout.positions`.
    values : array, shape (groups, units)
        Such as `group_values`.
    labels : sequence of str
        Names of the groups.
    mode : {"linear", "smooth", "nearest", "cell", "scatter"}
        Between units: ``linear`` over triangles, as in Krug et al. (2023); ``smooth`` by thin
        plates through all units; both paint nothing outside of the outermost units. ``nearest``:
        of the nearest unit.
        ``cell``: a cell of its own for every unit, in the smallest square. ``scatter``: no image.
    size : int
        Points on a side of an interpolated image.

    Raises
    ------
    InputError
        If there is no such mode, shapes do not fit, values are not finite, or units lie on a
        line so that nothing can be painted between them.
    """
    if mode not in MODES:
        raise InputError(f"no mode {mode!r} of a map; there are: {', '.join(MODES)}")
    if values.shape != (len(labels), len(positions)):
        raise InputError(
            f"values of {values.shape[0]} groups and {values.shape[-1]} units do not fit "
            f"{len(labels)} labels and {len(positions)} units"
        )
    if not np.isfinite(values).all():
        raise InputError("values to be painted are not finite numbers")
    limit = float(np.abs(values).max(initial=0.0))
    names = tuple(str(label) for label in labels)
    if mode == "scatter":
        return ActivationMap(names, positions, values, limit, None, mode)
    if mode == "cell":
        cells = plane_cells(positions)
        images = np.full((len(values), cells.rows * cells.columns), np.nan)
        images[:, cells.unit_cells] = values
        centres = (cells.positions + 0.5) / [cells.columns, cells.rows]
        square = images.reshape(-1, cells.rows, cells.columns)
        return ActivationMap(names, centres, values, limit, square, mode, cells)
    return ActivationMap(
        names, positions, values, limit, _between(positions, values, mode, size), mode
    )


def _between(positions: Floats, values: Floats, mode: str, size: int) -> Floats:
    """Interpolate all groups at once, shape (groups, size, size)."""
    steps = np.linspace(0, 1, size)
    grid = np.stack(np.meshgrid(steps, steps), 2).reshape(-1, 2)
    # Of units at one place, the mean: triangles and plates know one value a place.
    places, inverse, counts = np.unique(positions, axis=0, return_inverse=True, return_counts=True)
    sums = np.zeros((len(places), len(values)))
    np.add.at(sums, inverse.reshape(-1), values.T)
    means = sums / counts[:, None]
    try:
        if mode == "linear":
            painted = LinearNDInterpolator(places, means)(grid)
        elif mode == "smooth":
            near = min(_NEIGHBOURS, len(places))
            painted = RBFInterpolator(places, means, neighbors=near)(grid)
            # Beyond the outermost units plates bend without bound.
            painted[Delaunay(places).find_simplex(grid) < 0] = np.nan
        else:
            painted = NearestNDInterpolator(places, means)(grid)
    except (QhullError, np.linalg.LinAlgError, ValueError):
        raise InputError(
            "units of this layout lie on a line, so nothing can be painted between them; take the "
            "mode scatter, cell or nearest, or another layout"
        ) from None
    return np.asarray(painted.T.reshape(len(values), size, size))
