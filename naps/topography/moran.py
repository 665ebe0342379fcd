"""Moran's I: whether units near each other in a map are alike."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from naps.errors import InputError
from naps.similarity import Statistic
from naps.similarity.distance import Floats
from naps.similarity.statistic import against_chance

# Shuffled values are made in blocks to bound memory.
_BLOCK = 500


def neighbour_weights(positions: Floats, neighbours: int = 8) -> csr_array:
    """Weigh for every unit those nearest to it in the map by one each.

    Parameters
    ----------
    positions : array, shape (units, 2)
    neighbours : int
        As many as there are others, at most.

    Returns
    -------
    sparse array, shape (units, units)
    """
    units = len(positions)
    count = min(neighbours, units - 1)
    _, nearest = cKDTree(positions).query(positions, k=count + 1)
    # A unit is usually first among its own neighbours, but not among units at one place.
    others = nearest != np.arange(units)[:, None]
    others[others.all(1), -1] = False
    columns = nearest[others]
    rows = np.repeat(np.arange(units), count)
    return csr_array((np.ones(len(columns)), (rows, columns)), shape=(units, units))


def morans_i(values: Floats, weights: csr_array) -> Floats:
    """Compute Moran's I of values over a map (Moran 1950).

    ``I = n/Σw · Σ w_ij z_i z_j / Σ z_i²`` with z the values less their mean: 1 for the smoothest
    map, −1/(n − 1) expected of one without order.

    Parameters
    ----------
    values : array, shape (..., units)
    weights : sparse array, shape (units, units)
        Such as `neighbour_weights`.

    Returns
    -------
    array, shape (...)
        NaN where all values are equal.
    """
    flat = values.reshape(-1, values.shape[-1])
    centred = flat - flat.mean(1, keepdims=True)
    varies = np.ptp(flat, axis=1) > 1e-12 * np.abs(flat).max(1)
    products = (centred * (weights @ centred.T).T).sum(1)
    squares = np.where(varies, (centred**2).sum(1), np.nan)
    found = values.shape[-1] / weights.sum() * products / squares
    return np.asarray(found.reshape(values.shape[:-1]))


def moran_test(
    values: Floats, weights: csr_array, *, permutations: int = 10_000, seed: int = 0
) -> Statistic:
    """Test Moran's I of one value a unit against maps with shuffled units.

    Parameters
    ----------
    values : array, shape (units,)
    weights : sparse array, shape (units, units)
    permutations : int
    seed : int

    Returns
    -------
    Statistic
        ``p`` is one-sided, for more order than by chance.

    Raises
    ------
    InputError
        If a value is not finite, or all are equal.
    """
    if not np.isfinite(values).all():
        raise InputError(f"{int((~np.isfinite(values)).sum())} units have no value to be mapped")
    value = float(morans_i(values, weights))
    if np.isnan(value):
        raise InputError("all units have the same value, so a map of it has no order")
    random = np.random.default_rng(seed)
    drawn = []
    for start in range(0, permutations, _BLOCK):
        size = min(_BLOCK, permutations - start)
        drawn.append(morans_i(random.permuted(np.tile(values, (size, 1)), axis=1), weights))
    return against_chance(value, np.concatenate([*drawn, np.zeros(0)]))


def joint_moran_test(
    values: Floats, weights: csr_array, *, permutations: int = 10_000, seed: int = 0
) -> Statistic:
    """Test the mean Moran's I of several values a unit against maps with shuffled units.

    All values of a unit stay together when units are shuffled, so that groups that are alike
    count as alike.

    Parameters
    ----------
    values : array, shape (groups, units)
        Such as `group_values`. Groups that are equal in all units are left out.
    weights : sparse array, shape (units, units)
    permutations : int
    seed : int

    Returns
    -------
    Statistic
        ``p`` is one-sided, for more order than by chance.

    Raises
    ------
    InputError
        If a value is not finite, or no group varies over units.
    """
    if not np.isfinite(values).all():
        raise InputError("values of units are not finite numbers, so their map has no order")
    kept = values[np.ptp(values, axis=1) > 1e-12 * np.abs(values).max(1, initial=0.0)]
    if not len(kept):
        raise InputError("all units have the same values, so a map of them has no order")
    centred = kept - kept.mean(1, keepdims=True)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    # The mean over groups of I is Σ w_ij c_ij, c the mean products of units; shuffling permutes c.
    products = centred.T @ centred / len(kept)
    factor = values.shape[1] / weights.sum()
    rows, columns = weights.nonzero()
    weight = factor * weights[rows, columns]
    value = float(weight @ products[rows, columns])
    random = np.random.default_rng(seed)
    chance = np.empty(permutations)
    for i in range(permutations):
        order = random.permutation(values.shape[1])
        chance[i] = weight @ products[order[rows], order[columns]]
    return against_chance(value, chance)
