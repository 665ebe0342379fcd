"""Particle swarm: units drawn together by likeness, then spaced evenly (Krug et al. 2023)."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from naps.similarity.distance import Floats

# A thousand steps of 2000 units take minutes; a hundred space them evenly, too.
_MANY = 500
_ROWS = 256


def global_force(square: Floats) -> Floats:
    """Attract units by the likeness of what they do.

    Parameters
    ----------
    square : array, shape (units, units)
        Distances of the units' vectors, not all zero.

    Returns
    -------
    array, shape (units, units)
        Positive where units attract each other.
    """
    return np.asarray(1.5 * (1 - (square / square.max()) ** 3) - 0.5 * np.exp(-square / 2))


def local_force(gaps: Floats) -> Floats:
    """Push units apart by their distance in the map; it attracts beyond 23.9."""
    return np.asarray(1.5 / (gaps + 1) ** 3 - 15 * np.exp(-gaps / 2))


def swarm_steps(units: int) -> int:
    """Return how many steps a swarm of so many units makes."""
    return 1000 if units <= _MANY else 100


def swarm(positions: Floats, square: Floats | None, steps: int) -> Floats:
    """Let units move from where they are.

    Parameters
    ----------
    positions : array, shape (units, 2)
        At first.
    square : array, shape (units, units), or None
        Distances of the units' vectors, for the global force, which fades while the local one
        grows. Without them there is only the local one.
    steps : int

    Returns
    -------
    array, shape (units, 2)
    """
    attraction = None if square is None else global_force(square)
    found = positions.astype(np.float64)
    for phase in np.tanh(np.linspace(-3, 6, steps)):
        near, far = (1 + phase) / 2, (1 - phase) / 2
        moves = np.empty_like(found)
        # Some rows at a time stay in the cache.
        for start in range(0, len(found), _ROWS):
            rows = slice(start, start + _ROWS)
            gaps = np.maximum(cdist(found[rows], found), 0.01)
            force = near * local_force(gaps)
            if attraction is not None:
                force += far * attraction[rows]
            moves[rows] = force @ found - force.sum(1, keepdims=True) * found[rows]
        found += moves / (2 * len(found))
    return found
