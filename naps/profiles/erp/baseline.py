"""Profiles against what the units did in a stretch of time before."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from naps.errors import InputError
from naps.profiles.erp.interval import Interval, steps_between

BaselineMode = Literal["mean", "ratio", "logratio", "percent", "zscore", "zlogratio"]
MODES: tuple[BaselineMode, ...] = get_args(BaselineMode)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def baseline(
    profile: xr.Dataset,
    interval_ms: Interval = (None, 0.0),
    mode: str = "mean",
    *,
    eps: float = 1e-6,
) -> xr.Dataset:
    """Put every channel's mean in proportion to its own baseline.

    The six modes of MNE-Python (``mne.baseline.rescale``), applied to each group's mean x. With
    the mean m and the spread s (population) of x over the baseline: ``mean`` x − m, ``ratio``
    x / m, ``logratio`` log10(x / m), ``percent`` (x − m) / m, ``zscore`` (x − m) / s,
    ``zlogratio`` log10(x / m) divided by the spread of log10(x / m) over the baseline.

    A unit behind a ReLU may be silent, so m and s may be zero. A channel can be divided by m or s
    only where that is greater than `eps` times the layer's greatest absolute mean, and by a
    spread of logarithms only where that is greater than `eps`. Where it is not, a value that
    equals m within the same bound has not changed (0, and 1 as a ``ratio``), and any other is
    NaN. So is a logarithm of what is not positive. Steps at which no event of a group has a value
    are no part of its baseline, and have not changed either.

    The baseline is taken as known: ``std`` is divided by what ``mean`` is divided by, and the
    logarithmic modes have none.

    Parameters
    ----------
    profile : Dataset
        A layer's profile, or what `naps.contrast` makes of it.
    interval_ms : tuple of float or None
        First and last millisecond, ends included; None is the profile's own end.
    mode : {"mean", "ratio", "logratio", "percent", "zscore", "zlogratio"}
    eps : float
        See above.

    Returns
    -------
    Dataset
        With another ``mean`` and ``std``, and the attributes ``baseline_mode`` and ``baseline_ms``.

    Raises
    ------
    InputError
        If there is no such mode, no step lies in the interval, or no channel can be divided by
        its baseline.
    """
    if mode not in MODES:
        raise InputError(f"no baseline mode {mode!r}; there are: {', '.join(MODES)}")
    steps = steps_between(profile, interval_ms)
    values = profile["mean"].values.astype(np.float64)
    known: Bools = profile["lag_count"].values > 0
    inside: Bools = known & steps
    if not inside.any():
        raise InputError("no event has a value in the baseline; take another interval")
    level = _mean(values, inside)
    least = eps * float(np.abs(values).max(initial=0.0))
    changed = np.where(known[:, :, None], np.abs(values - level) > least, False)
    with np.errstate(divide="ignore", invalid="ignore"):
        divisor = _divisor(values, inside, level, mode)
        # A spread of logarithms has no unit, so that the layer's scale is no measure for it.
        bound = {"mean": 0.0, "logratio": 0.0, "zlogratio": eps}.get(mode, least)
        usable = np.abs(divisor) > bound
        if mode in ("logratio", "zlogratio"):
            usable &= np.abs(level) > least
            rescaled = _logarithm(values / level) / divisor
        else:
            rescaled = (values - (0.0 if mode == "ratio" else level)) / divisor
    if not (usable & known[:, :, None] & np.isfinite(rescaled)).any():
        raise InputError(
            f"baseline mode {mode!r} has nothing to divide by: no channel of layer "
            f"{profile.attrs.get('layer', '?')!r} is active, or varies, in the baseline; take mode "
            f"'mean' or another interval"
        )
    rescaled = np.where(usable, rescaled, np.nan)
    still = ~known[:, :, None] | (~usable & ~changed & np.isfinite(level))
    rescaled[still] = 1.0 if mode == "ratio" else 0.0
    times = profile["time_ms"].values[steps]
    result = profile.assign(mean=(profile["mean"].dims, rescaled)).assign_attrs(
        baseline_mode=mode, baseline_ms=[float(times.min()), float(times.max())]
    )
    if "std" not in profile:
        return result
    if mode in ("logratio", "zlogratio"):
        return result.drop_vars("std")
    with np.errstate(divide="ignore", invalid="ignore"):
        std = profile["std"].values / np.where(usable, np.abs(divisor), np.nan)
    return result.assign(std=(profile["std"].dims, std))


def _mean(values: Floats, inside: Bools) -> Floats:
    """Return the mean over the steps inside, shape (labels, 1, channels); NaN without steps."""
    chosen = inside[:, :, None]
    with np.errstate(invalid="ignore"):
        mean = np.where(chosen, values, 0.0).sum(1, keepdims=True) / chosen.sum(1, keepdims=True)
    return np.asarray(mean)


def _spread(values: Floats, inside: Bools) -> Floats:
    """Return the population standard deviation over the steps inside."""
    return np.asarray(np.sqrt(_mean((values - _mean(values, inside)) ** 2, inside)))


def _logarithm(ratio: Floats) -> Floats:
    return np.asarray(np.log10(np.where(ratio > 0, ratio, np.nan)))


def _divisor(values: Floats, inside: Bools, level: Floats, mode: str) -> Floats:
    """Return what a mode divides by at the end, shape (labels, 1, channels)."""
    if mode in ("ratio", "percent"):
        return level
    if mode == "zscore":
        return _spread(values, inside)
    if mode == "zlogratio":
        return _spread(_logarithm(values / level), inside)
    return np.where(np.isfinite(level), 1.0, np.nan)
