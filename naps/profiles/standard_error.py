"""How exactly the means of a profile are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr


def squared_errors(profile: xr.Dataset) -> npt.NDArray[np.float64]:
    """Return the squared standard error of every mean, shape (labels, lags, channels).

    See `standard_error`.
    """
    counts = profile["lag_count"].values.astype(np.float64)[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = profile["std"].values.astype(np.float64) ** 2 / np.where(
            counts > 1, counts - 1, np.nan
        )
    if profile.attrs.get("mask_kind") == "group" and "mask" in profile:
        # There the mask is applied once, to the mean, and the spread is that of unmasked values.
        squares = squares * profile["mask"].values.astype(np.float64) ** 2
    return np.asarray(squares)


def standard_error(profile: xr.Dataset) -> xr.DataArray:
    """Compute the standard error of the mean at every lag of every channel.

    A profile holds the population's standard deviation, so the sample's divided by √N is
    ``std / √(N − 1)``. Events count as independent; events of one utterance or one speaker are
    not quite, see `naps.similarity.bootstrap_distances` for what holds then.

    Parameters
    ----------
    profile : Dataset
        A layer's profile.

    Returns
    -------
    DataArray, shape (labels, lags, channels)
        NaN where fewer than two events have a value.
    """
    return profile["mean"].copy(data=np.sqrt(squared_errors(profile))).rename("standard_error")
