"""Steps of a profile by their time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from naps.errors import InputError

Interval = tuple[float | None, float | None]

# Times are products of steps and milliseconds: 480 ms must count as 480 whatever the last bit says.
_ROUNDING_MS = 1e-6


def steps_between(profile: xr.Dataset, interval_ms: Interval) -> npt.NDArray[np.bool_]:
    """Say which steps lie in an interval, ends included.

    Parameters
    ----------
    profile : Dataset
        A layer's profile.
    interval_ms : tuple of float or None
        First and last millisecond; the first and the last step of the profile for None.

    Returns
    -------
    array of bool, shape (lags,)

    Raises
    ------
    InputError
        If no step lies in it.
    """
    times = profile["time_ms"].values.astype(np.float64)
    first, last = (
        times[end] if limit is None else limit
        for limit, end in zip(interval_ms, (0, -1), strict=True)
    )
    chosen = (times >= first - _ROUNDING_MS) & (times <= last + _ROUNDING_MS)
    if not chosen.any():
        raise InputError(
            f"no step of layer {profile.attrs.get('layer', '?')!r} lies between {first:g} and "
            f"{last:g} ms; its steps reach from {times.min():g} to {times.max():g} ms"
        )
    return np.asarray(chosen)
