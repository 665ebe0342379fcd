"""The sheet on which a layer's units lie in order of their number, row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from naps.errors import InputError

_HALF = ((0, 1), (1, 0))
_DIAGONALS = ((1, 1), (1, -1))


@dataclass(frozen=True)
class Sheet:
    """Rows and columns of units; unit ``row * columns + column`` lies at (row, column).

    Attributes
    ----------
    rows, columns : int
    torus : bool
        Whether the last row lies beside the first, and the last column beside the first.
    """

    rows: int
    columns: int
    torus: bool

    def pairs(self, count: Literal[4, 8]) -> Tensor:
        """Return every two units that lie side by side, once.

        Parameters
        ----------
        count : {4, 8}
            Whether those that touch at a corner are neighbours, too.

        Returns
        -------
        Tensor of int64, shape (pairs, 2)
            The smaller number first, sorted.
        """
        found = set()
        for row in range(self.rows):
            for column in range(self.columns):
                for down, right in _HALF if count == 4 else _HALF + _DIAGONALS:
                    other = self._unit(row + down, column + right)
                    here = row * self.columns + column
                    # Round a ring of one or two units one meets oneself, or the same unit twice.
                    if other is not None and other != here:
                        found.add((min(here, other), max(here, other)))
        return torch.tensor(sorted(found), dtype=torch.int64).reshape(-1, 2)

    def pools(self, window: Literal[3, 5]) -> Tensor:
        """Weigh the units around every unit by a Gaussian, whose weights sum to 1.

        Its standard deviation is a quarter of the window, so that the window holds nearly all.

        Returns
        -------
        Tensor of float32, shape (units, units)
            Row p has the weights of the window around unit p; units round a small ring come
            twice and have both weights.
        """
        reach, sigma = window // 2, window / 4
        steps = range(-reach, reach + 1)
        weights = torch.zeros(self.rows * self.columns, self.rows * self.columns)
        for here in range(len(weights)):
            row, column = divmod(here, self.columns)
            for down in steps:
                for right in steps:
                    other = self._unit(row + down, column + right)
                    if other is not None:
                        weights[here, other] += math.exp(-(down**2 + right**2) / (2 * sigma**2))
        return weights / weights.sum(1, keepdim=True)

    def blur(self, factor: float) -> Tensor:
        """Return what shrinking a sheet of values and stretching it again does to it.

        Shrunk by means over blocks to ``ceil(rows / factor)`` rows and as many columns; stretched
        by linear interpolation between the middles of the blocks.

        Returns
        -------
        Tensor of float32, shape (units, units)
            Times the values of all units, it gives the blurred ones; its rows sum to 1.
        """
        units = self.rows * self.columns
        each = torch.eye(units).reshape(units, 1, self.rows, self.columns)
        small = (math.ceil(self.rows / factor), math.ceil(self.columns / factor))
        shrunk = functional.adaptive_avg_pool2d(each, small)
        large = functional.interpolate(
            shrunk, size=(self.rows, self.columns), mode="bilinear", align_corners=False
        )
        return large.reshape(units, units).T.contiguous()

    def _unit(self, row: int, column: int) -> int | None:
        if self.torus:
            return row % self.rows * self.columns + column % self.columns
        if 0 <= row < self.rows and 0 <= column < self.columns:
            return row * self.columns + column
        return None


def sheet_sides(layer: str, units: int, given: tuple[int, int] | None) -> tuple[int, int]:
    """Return rows and columns of a layer's sheet, by default as near to a square as can be.

    Raises
    ------
    InputError
        If those given do not hold just the layer's units, there is no such sheet but a line, or
        but one unit.
    """
    if units == 1:
        raise InputError(f"topography: {layer} has one unit, which has no neighbours")
    if given is not None:
        if given[0] * given[1] != units:
            raise InputError(
                f"topography.grid: {given[0]} × {given[1]} is no sheet of the {units} units of "
                f"{layer}"
            )
        return given
    rows = next(n for n in range(math.isqrt(units), 0, -1) if units % n == 0)
    if rows == 1:
        raise InputError(
            f"topography: the {units} units of {layer} make no sheet of rows and columns; take "
            f"another number of channels, or set topography.grid to a line, [1, {units}]"
        )
    return rows, units // rows
