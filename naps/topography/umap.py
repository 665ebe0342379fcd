"""UMAP of the distances between units; needs the extra ``umap``."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from naps.errors import InputError
from naps.similarity.distance import Floats


def has_umap() -> bool:
    """Say whether umap-learn is installed; it is not loaded, which takes seconds."""
    return find_spec("umap") is not None


def check_umap() -> None:
    """Refuse UMAP where it is not installed."""
    if not has_umap():
        raise InputError(
            "UMAP needs umap-learn: pip install 'naps[umap]', or choose another method"
        )


def umap_layout(square: Floats, seed: int) -> Floats:
    """Lay units out by UMAP (McInnes, Healy & Melville 2018) of the rows of their distances.

    Parameters
    ----------
    square : array, shape (units, units)
        Distances of the units' vectors, see `naps.topography.pca.pca_layout`.
    seed : int

    Returns
    -------
    array, shape (units, 2)

    Raises
    ------
    InputError
        If umap-learn is not installed.
    """
    check_umap()
    umap = import_module("umap")
    units = len(square)
    method = umap.UMAP(
        n_components=2,
        n_neighbors=min(15, units - 1),
        # The spectral start needs more units than it has neighbours to look at.
        init="spectral" if units > 15 else "random",
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        # It tells of islands in its graph, which are no fault of the user's.
        warnings.simplefilter("ignore")
        return np.asarray(method.fit_transform(square), np.float64)
