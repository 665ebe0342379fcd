"""One cell of a grid for every unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from naps.errors import InputError
from naps.similarity.distance import Floats
from naps.topography.som import SomOptions, grid_shape, train_som
from naps.topography.units import Units


@dataclass(frozen=True)
class Cells:
    """Where every unit sits in a grid.

    Attributes
    ----------
    rows, columns : int
    unit_cells : array of int64, shape (units,)
        Cell of every unit, ``row * columns + column``; no two units share one.
    """

    rows: int
    columns: int
    unit_cells: npt.NDArray[np.int64]

    @property
    def positions(self) -> Floats:
        """Column and row of every unit, shape (units, 2)."""
        places = np.divmod(self.unit_cells, self.columns)[::-1]
        return np.stack(places, 1).astype(np.float64)

    @property
    def grid(self) -> npt.NDArray[np.int64]:
        """Unit in every cell, −1 in empty ones, shape (rows, columns)."""
        found = np.full(self.rows * self.columns, -1, np.int64)
        found[self.unit_cells] = np.arange(len(self.unit_cells))
        return found.reshape(self.rows, self.columns)


def assign_cells(costs: Floats, rows: int, columns: int) -> Cells:
    """Give every unit a cell of its own so that the sum of costs is least.

    Parameters
    ----------
    costs : array, shape (units, rows * columns)
        Of every unit in every cell.
    rows, columns : int

    Raises
    ------
    InputError
        If there are more units than cells.
    """
    units = len(costs)
    if units > rows * columns:
        raise InputError(
            f"{units} units do not fit into {rows} × {columns} cells; take "
            f"{' × '.join(map(str, grid_shape(units)))} or more"
        )
    _, cells = linear_sum_assignment(costs)
    return Cells(rows, columns, np.asarray(cells, np.int64))


def som_cells(
    units: Units,
    rows: int | None = None,
    columns: int | None = None,
    *,
    seed: int = 0,
    options: SomOptions | None = None,
) -> Cells:
    """Order units by a self-organising map, one in a cell.

    Units get the cells whose prototypes are nearest to them, all taken together.

    Parameters
    ----------
    units : Units
    rows, columns : int, optional
        By default as few as hold all units, in a square if neither is given.
    seed : int
    options : SomOptions, optional
        Of the map; they say rows and columns then.

    Raises
    ------
    InputError
        If there are more units than cells.
    """
    chosen = options or SomOptions.for_units(len(units), rows, columns)
    som = train_som(units.vectors, chosen, seed=seed)
    return assign_cells(som.squared_distances(units.vectors), chosen.rows, chosen.columns)


def plane_cells(positions: Floats, rows: int | None = None, columns: int | None = None) -> Cells:
    """Move the units of a layout to cells of a grid over the unit square, as little as can be.

    Parameters
    ----------
    positions : array, shape (units, 2)
        Such as `Layout.positions`.
    rows, columns : int, optional
        By default as few as hold all units, in a square if neither is given.

    Raises
    ------
    InputError
        If there are more units than cells.
    """
    rows, columns = grid_shape(len(positions), rows, columns)
    y, x = np.divmod(np.arange(rows * columns), columns)
    centres = np.stack([(x + 0.5) / columns, (y + 0.5) / rows], 1)
    return assign_cells(cdist(positions, centres, "sqeuclidean"), rows, columns)
