"""Time courses made of profiles: field power and difference waves."""

from __future__ import annotations

import numpy as np
import xarray as xr

from naps.profiles.contrast import combine, pair_weights


def global_field_power(profile: xr.Dataset) -> xr.DataArray:
    """Compute how much the channels differ at each moment (Lehmann & Skrandies 1980).

    Parameters
    ----------
    profile : Dataset
        A layer's profile.

    Returns
    -------
    DataArray, shape (labels, lags)
        Population standard deviation over channels of the mean; NaN where no event has a value.
    """
    power = profile["mean"].astype(np.float64).std("channel")
    return power.where(profile["lag_count"] > 0).rename("global_field_power")


def difference(profile: xr.Dataset, first: str, second: str) -> xr.Dataset:
    """Subtract the profile of one group from that of another: the difference wave.

    Parameters
    ----------
    profile : Dataset
        A layer's profile.
    first, second : str
        Labels.

    Returns
    -------
    Dataset
        One label, ``first-second``, as `naps.profiles.contrast.combine` makes it: ``mean``; its
        ``standard_error``, √(e₁² + e₂²) of the groups' own; and ``count`` and ``lag_count``, the
        effective number of events 1 / (1/n₁ + 1/n₂).

    Raises
    ------
    InputError
        If there is no such group; the message lists those that there are.
    """
    labels = [str(label) for label in profile["label"].values]
    return combine(profile, pair_weights(labels, first, second))
