"""Whether the units of a grid are like those beside them, and in how large regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from naps.errors import InputError
from naps.similarity import Statistic
from naps.similarity.distance import Floats
from naps.similarity.statistic import against_chance
from naps.topography.cells import Cells
from naps.topography.units import Units

Places = npt.NDArray[np.int64]

_SIDES = ((0, 1), (1, 0))
_CORNERS = ((1, 1), (1, -1))


def touching(cells: Cells, *, corners: bool = True) -> Places:
    """Return every two units whose cells touch, once; opposite edges do not.

    Parameters
    ----------
    cells : Cells
        Empty ones touch nothing.
    corners : bool
        Whether touching at a corner is enough.

    Returns
    -------
    array of int64, shape (pairs, 2)
    """
    grid, found = cells.grid, []
    for down, right in _SIDES + _CORNERS * corners:
        here = grid[: cells.rows - down, max(0, -right) : cells.columns - max(0, right)]
        there = grid[down:, max(0, right) : cells.columns - max(0, -right)]
        found.append(np.stack([here.ravel(), there.ravel()], 1))
    pairs = np.concatenate(found)
    return pairs[(pairs >= 0).all(1)]


def grid_moran_test(
    units: Units, cells: Cells, *, permutations: int = 1000, seed: int = 0
) -> Statistic:
    """Test whether the vectors of units that touch are alike, against shuffled units.

    Moran's I of vectors, ``I = n/Σw · Σ w_ij z_i·z_j / Σ |z_i|²`` with z the vectors less their
    mean: the mean of Moran's I over features, each weighed by its variance.

    Parameters
    ----------
    units : Units
    cells : Cells
        Of the same units; w is 1 for those that touch at a side or a corner.
    permutations : int
    seed : int

    Returns
    -------
    Statistic
        ``p`` is one-sided, for more order than by chance.

    Raises
    ------
    InputError
        If no two units differ, or none touch.
    """
    if not units.differ:
        raise InputError(f"{units.layer}: no two units differ, so there is no order to measure")
    centred = units.vectors - units.vectors.mean(0)
    first, second = touching(cells).T
    if not len(first):
        raise InputError(f"{units.layer}: no two units touch in the grid")
    products = centred @ centred.T
    factor = len(units) / (len(first) * np.trace(products))
    random = np.random.default_rng(seed)
    chance = np.empty(permutations)
    for i in range(permutations):
        order = random.permutation(len(units))
        chance[i] = factor * products[order[first], order[second]].sum()
    return against_chance(factor * float(products[first, second].sum()), chance)


def preferred_classes(values: Floats, classes: Sequence[str]) -> list[str]:
    """Say which class of groups every unit answers to most.

    Parameters
    ----------
    values : array, shape (groups, units)
        Such as `group_values`.
    classes : sequence of str
        Of every group, such as `naps.phonology.classes`.

    Returns
    -------
    list of str
        The class whose groups have the highest mean; empty for units that answer to all the same.
    """
    names = sorted(set(classes))
    of = np.array(classes)
    means = np.stack([values[of == name].mean(0) for name in names])
    same = np.ptp(values, axis=0) <= 1e-12 * np.abs(values).max(0)
    return ["" if s else names[i] for i, s in zip(means.argmax(0), same, strict=True)]


def region_test(
    kinds: Sequence[str], cells: Cells, *, permutations: int = 1000, seed: int = 0
) -> Statistic:
    """Measure the largest region of units of one kind, against shuffled units.

    Parameters
    ----------
    kinds : sequence of str
        Of every unit, such as `preferred_classes`; units without one are in no region.
    cells : Cells
        Units belong to one region if their cells touch at a side.
    permutations : int
    seed : int

    Returns
    -------
    Statistic
        ``value`` is in units; ``p`` is one-sided, for larger regions than by chance.

    Raises
    ------
    InputError
        If no unit has a kind.
    """
    names, codes = np.unique(np.array(kinds), return_inverse=True)
    codes = np.where(names[codes] == "", -1, codes)
    if (codes < 0).all():
        raise InputError("no unit answers to one class more than to others, so there is no region")
    pairs = touching(cells, corners=False)
    random = np.random.default_rng(seed)
    chance = [_largest(random.permutation(codes), pairs) for _ in range(permutations)]
    return against_chance(_largest(codes, pairs), np.array(chance, np.float64))


def _largest(codes: npt.NDArray[np.int64], pairs: Places) -> float:
    first, second = pairs.T
    joined = (codes[first] == codes[second]) & (codes[first] >= 0)
    edges = (first[joined], second[joined])
    size = len(codes)
    graph = csr_array((np.ones(int(joined.sum()), np.int8), edges), shape=(size, size))
    _, regions = connected_components(graph, directed=False)
    return float(np.bincount(regions[codes >= 0]).max())
