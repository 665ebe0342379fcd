"""t-SNE of the distances between units."""

from __future__ import annotations

import numpy as np
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from naps.similarity.distance import Floats


def tsne_layout(square: Floats, seed: int) -> Floats:
    """Lay units out by t-SNE (van der Maaten & Hinton 2008) of the rows of their distances.

    Parameters
    ----------
    square : array, shape (units, units)
        Distances of the units' vectors, see `naps.topography.pca.pca_layout`.
    seed : int

    Returns
    -------
    array, shape (units, 2)
    """
    # A perplexity beyond a third of the units is refused or means nothing.
    perplexity = min(30.0, (len(square) - 1) / 3)
    method = TSNE(2, perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed)
    # Threads gain little with so few points; where UMAP ran before they wait by spinning.
    with threadpool_limits(1, user_api="openmp"):
        return np.asarray(method.fit_transform(square), np.float64)
