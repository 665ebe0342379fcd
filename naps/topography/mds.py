"""Multidimensional scaling of the distances between units."""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import eigsh
from sklearn.manifold import smacof

from naps.similarity.distance import Floats


def mds_layout(square: Floats, seed: int) -> Floats:
    """Lay units out so that distances in the map are those of their vectors.

    Metric scaling by majorisation (SMACOF, de Leeuw 1977) from classical scaling (Torgerson 1952).

    Parameters
    ----------
    square : array, shape (units, units)
        Distances of the units' vectors.
    seed : int
        Of the vector that the eigenvalue solver begins with; the result hardly depends on it.

    Returns
    -------
    array, shape (units, 2)
    """
    positions, _ = smacof(
        square, n_components=2, init=classical_scaling(square, seed), n_init=1, eps=1e-6,
        normalized_stress=False,
    )  # fmt: skip
    return np.asarray(positions)


def classical_scaling(square: Floats, seed: int) -> Floats:
    """Return the two principal coordinates of distances, shape (units, 2)."""
    squares = square**2
    means = squares.mean(0)
    products = (means[:, None] + means - squares - means.mean()) / 2
    start = np.random.default_rng(seed).standard_normal(len(square))
    values, vectors = eigsh(products, k=2, which="LA", v0=start)
    return np.asarray(vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], 0.0)))
