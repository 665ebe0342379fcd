"""When a unit answers, and how strongly."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from naps.errors import InputError
from naps.profiles.erp.interval import Interval, steps_between

Sign = Literal["abs", "pos", "neg"]
SIGNS: tuple[Sign, ...] = get_args(Sign)

Floats = npt.NDArray[np.float64]


def _signed(values: Floats, sign: str) -> Floats:
    """Return values whose greatest are the peaks of a sign."""
    if sign not in SIGNS:
        raise InputError(f"no sign of peaks {sign!r}; there are: {', '.join(SIGNS)}")
    return {"abs": np.abs(values), "pos": values, "neg": -values}[sign]


def peaks(profile: xr.Dataset, window: Interval = (None, None), sign: str = "abs") -> xr.Dataset:
    """Find the peak of every channel of every group (Luck 2014, chapter 9).

    Parameters
    ----------
    profile : Dataset
        A layer's profile, usually after `baseline` or `naps.contrast`.
    window : tuple of float or None
        First and last millisecond in which to look, ends included; None is the profile's own end.
    sign : {"abs", "pos", "neg"}
        The value farthest from zero, whatever its sign; the greatest; or the least.

    Returns
    -------
    Dataset
        ``amplitude`` (label, channel), with its sign, and ``latency_ms``, of the first such step.
        Steps at which a group has no events or no value are passed over; without any other, both
        are NaN. A channel that is the same all over the window has an amplitude, but no latency.

    Raises
    ------
    InputError
        If there is no such sign, or no step lies in the window.
    """
    steps = steps_between(profile, window)
    values = profile["mean"].values.astype(np.float64)[:, steps]
    known = (profile["lag_count"].values[:, steps] > 0)[:, :, None] & np.isfinite(values)
    height = np.where(known, _signed(values, sign), -np.inf)
    at = height.argmax(1)
    found = known.any(1)
    amplitude = np.take_along_axis(values, at[:, None], 1)[:, 0]
    lowest = np.where(known, values, np.inf).min(1)
    varies = found & (np.where(known, values, -np.inf).max(1) > lowest)
    times = profile["time_ms"].values.astype(np.float64)[steps]
    single = steps.sum() == 1
    dims = ("label", "channel")
    return xr.Dataset(
        {
            "amplitude": (dims, np.where(found, amplitude, np.nan)),
            "latency_ms": (dims, np.where(found if single else varies, times[at], np.nan)),
        },
        coords={name: profile[name] for name in dims if name in profile.coords},
        attrs=profile.attrs | {"peak": sign, "window_ms": [float(times.min()), float(times.max())]},
    )


def fractional_area_latency(
    profile: xr.Dataset,
    window: Interval = (None, None),
    fraction: float = 0.5,
    sign: str = "abs",
) -> xr.DataArray:
    """Find when a channel has done a share of all that it does (Hansen & Hillyard 1980).

    It hangs less on noise than the latency of a peak does. The area under the curve is summed up
    by trapezoids between steps and read linearly inside of them.

    Parameters
    ----------
    profile : Dataset
        A layer's profile, usually after `baseline`.
    window : tuple of float or None
        First and last millisecond, ends included; None is the profile's own end.
    fraction : float
        Share of the area, above 0 and below 1.
    sign : {"abs", "pos", "neg"}
        Area between curve and zero on both sides, above, or below.

    Returns
    -------
    DataArray, shape (labels, channels)
        Milliseconds; NaN where there is no area. Where no event has a value there is none.

    Raises
    ------
    InputError
        If the share is not between 0 and 1, there is no such sign, or the window holds fewer than
        two steps.
    """
    if not 0 < fraction < 1:
        raise InputError(f"a fraction of the area lies between 0 and 1, and {fraction:g} does not")
    steps = steps_between(profile, window)
    if steps.sum() < 2:
        raise InputError(
            f"layer {profile.attrs.get('layer', '?')!r} has one step in the window, and an area "
            f"needs two"
        )
    values = profile["mean"].values.astype(np.float64)[:, steps]
    known = (profile["lag_count"].values[:, steps] > 0)[:, :, None] & np.isfinite(values)
    height = np.where(known, np.maximum(_signed(values, sign), 0.0), 0.0)
    times = profile["time_ms"].values.astype(np.float64)[steps]
    pieces = (height[:, 1:] + height[:, :-1]) / 2 * np.diff(times)[:, None]
    area = np.concatenate([np.zeros_like(height[:, :1]), pieces.cumsum(1)], 1)
    goal = fraction * area[:, -1:]
    # The piece in which the goal is reached: the first that ends at or beyond it.
    piece = (area[:, 1:] >= goal).argmax(1)[:, None]
    before = np.take_along_axis(area, piece, 1)
    size = np.take_along_axis(pieces, piece, 1)
    share = (goal - before) / np.where(size > 0, size, 1.0)
    latency = (times[piece] + share * np.diff(times)[piece])[:, 0]
    return xr.DataArray(
        np.where(area[:, -1] > 0, latency, np.nan),
        dims=("label", "channel"),
        coords={name: profile[name] for name in ("label", "channel") if name in profile.coords},
        name="fractional_area_latency",
        attrs={"units": "ms", "fraction": fraction},
    )
