"""Principal components of the distances between units."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from naps.similarity.distance import Floats


def pca_layout(square: Floats, seed: int) -> Floats:
    """Lay units out by the first two principal components of the rows of their distances.

    Parameters
    ----------
    square : array, shape (units, units)
        Distances of the units' vectors. A unit's row says how it stands to all others; so does
        Krug et al. (2023).
    seed : int
        Of the solver, which draws at random where there are many units.

    Returns
    -------
    array, shape (units, 2)
    """
    return np.asarray(PCA(2, random_state=seed).fit_transform(square))
