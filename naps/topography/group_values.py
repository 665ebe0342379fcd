"""What every unit of a layer does for every group: the colours of activation maps."""

from __future__ import annotations

import numpy as np
import xarray as xr

from naps.errors import InputError
from naps.profiles import contrast


def contrasted_groups(
    profile: xr.Dataset, reference: str = "equal", min_count: int = 1
) -> xr.Dataset:
    """Contrast the groups of a profile that have enough events.

    Parameters
    ----------
    profile : Dataset
        A layer's profile.
    reference : str
        See `naps.contrast`.
    min_count : int
        Groups with fewer events are left out, of the reference too.

    Raises
    ------
    InputError
        If there is no such reference, or no group with so many events.
    """
    kept = np.flatnonzero(profile["count"].values >= max(1, min_count))
    if not len(kept):
        raise InputError(
            f"{profile.attrs.get('layer', 'profile')}: no group has {min_count} events or more; "
            f"lower min_count or use more speech"
        )
    chosen = profile.isel(label=kept)
    result = contrast(chosen, reference)
    # What is left of a unit that does the same for all groups is rounding, and would look like
    # a pattern to a cosine.
    groups_and_lags = [str(dim) for dim in chosen["mean"].dims[:2]]
    size = abs(chosen["mean"]).max(groups_and_lags)
    mean = result["mean"].where(~(np.abs(result["mean"]) < 1e-12 * size), 0.0)
    return result.assign(mean=mean)


def group_values(
    profile: xr.Dataset,
    *,
    reference: str = "equal",
    lag: int | None = None,
    min_count: int = 1,
) -> xr.DataArray:
    """Give one value to every unit for every group.

    Parameters
    ----------
    profile : Dataset
        A layer's profile.
    reference, min_count
        See `contrasted_groups`.
    lag : int, optional
        As in the profile's coordinate ``lag``; by default all are averaged.

    Returns
    -------
    DataArray of float64, dimensions label and channel

    Raises
    ------
    InputError
        If there is no such lag, reference, or no group with so many events.
    """
    mean = contrasted_groups(profile, reference, min_count)["mean"].astype(np.float64)
    along = str(mean.dims[1])
    if lag is None:
        return mean.mean(along, skipna=False)
    lags = mean[along].values.tolist()
    if lag not in lags:
        raise InputError(f"no lag {lag}; there are those from {min(lags)} to {max(lags)}")
    return mean.isel({along: lags.index(lag)}, drop=True)
