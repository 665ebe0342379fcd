"""Contrasts: each group against the average of the groups."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from naps.errors import InputError

Reference = Literal["equal", "count", "none"]


def contrast(profile: xr.Dataset, reference: str = "equal") -> xr.Dataset:
    """Subtract the average over groups from every group's mean.

    Parameters
    ----------
    profile : Dataset
        A layer's profile.
    reference : {"equal", "count", "none"}
        Every group weighs the same (normalised NAP, Krug et al. 2018), or as much as it has
        events; or nothing is subtracted.

    Returns
    -------
    Dataset
        The same with another ``mean`` and the attribute ``contrast``.

    Raises
    ------
    InputError
        If there is no such reference.
    """
    counts = profile["count"].values.astype(np.float64)
    weights = {"equal": np.ones_like(counts), "count": counts, "none": None}
    if reference not in weights:
        raise InputError(f"no contrast {reference!r}; there are: {', '.join(weights)}")
    result = profile.assign_attrs(contrast=reference)
    chosen = weights[reference]
    if chosen is None or not chosen.sum():
        return result
    mean = profile["mean"].values.astype(np.float64)
    average = np.tensordot(chosen / chosen.sum(), mean, axes=1)
    return result.assign(mean=(profile["mean"].dims, mean - average))
