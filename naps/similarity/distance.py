"""Distances between the profiles of groups."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.spatial.distance import cdist

from naps.errors import InputError

Floats = npt.NDArray[np.float64]
Metric = Literal["cosine", "correlation", "euclidean"]
METRICS: tuple[Metric, ...] = ("cosine", "correlation", "euclidean")


def distances(profile: xr.Dataset, metric: str = "cosine") -> Floats:
    """Compare the profiles of every pair of groups, flattened over lags and channels.

    Where a cosine or correlation is not defined because a profile is constant, the distance is 1,
    and 0 between two such profiles.

    Parameters
    ----------
    profile : Dataset
        A layer's profile, usually after `naps.contrast`.
    metric : {"cosine", "correlation", "euclidean"}

    Returns
    -------
    array, shape (labels, labels)
        Symmetric, with zeros on the diagonal.

    Raises
    ------
    InputError
        If there is no such metric.
    """
    if metric not in METRICS:
        raise InputError(f"no metric {metric!r}; there are: {', '.join(METRICS)}")
    mean = profile["mean"].values.astype(np.float64)
    rows = mean.reshape(len(mean), -1)
    if metric == "euclidean":
        square = np.asarray(cdist(rows, rows))
    else:
        centred = rows - rows.mean(1, keepdims=True) if metric == "correlation" else rows
        norms = np.linalg.norm(centred, axis=1)
        silent = norms <= 1e-12 * max(1.0, float(norms.max(initial=0.0)))
        unit = centred / np.where(silent, 1.0, norms)[:, None]
        square = np.clip(1.0 - unit @ unit.T, 0.0, 2.0)
        square[silent] = 1.0
        square[:, silent] = 1.0
        square[np.ix_(silent, silent)] = 0.0
    square = (square + square.T) / 2
    np.fill_diagonal(square, 0.0)
    return np.asarray(square)
