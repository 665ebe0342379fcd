"""Means with 95 % intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naps.errors import InputError

Floats = npt.NDArray[np.float64]

_CHUNK = 2**22


@dataclass(frozen=True)
class Interval:
    """Means over items and how far they may be off.

    Attributes
    ----------
    mean, low, high : array
        Of any one shape; low and high end an interval that holds the mean in 95 % of corpora.
    count : int
        Items.
    """

    mean: Floats
    low: Floats
    high: Floats
    count: int


def mean_interval(values: npt.ArrayLike, *, resamples: int = 2000, seed: int = 0) -> Interval:
    """Average over items, with a 95 % bootstrap interval (Efron's percentiles).

    Parameters
    ----------
    values : array, shape (items, ...)
        NaN where an item has no value; it then counts as if it were not there.
    resamples : int
    seed : int

    Returns
    -------
    Interval
        Of the shape behind the items. NaN where no item has a value.

    Raises
    ------
    InputError
        If there are no items.
    """
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        raise InputError("no items to average over")
    count = len(array)
    flat = array.reshape(count, -1)
    there = np.isfinite(flat)
    filled = np.where(there, flat, 0.0)
    random = np.random.default_rng(seed)
    drawn = []
    chunk = max(1, _CHUNK // count)
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        weights = random.multinomial(count, np.full(count, 1 / count), size=size).astype(float)
        drawn.append(_ratio(weights @ filled, weights @ there))
    means = np.concatenate(drawn)
    with np.errstate(invalid="ignore"):
        low, high = np.nanquantile(
            np.where(np.isfinite(means).any(0), means, 0.0), [0.025, 0.975], axis=0
        )
    mean = _ratio(filled.sum(0), there.sum(0))
    low, high = (np.where(np.isfinite(mean), end, np.nan) for end in (low, high))
    shape = array.shape[1:]
    return Interval(mean.reshape(shape), low.reshape(shape), high.reshape(shape), count)


def _ratio(total: Floats, count: npt.ArrayLike) -> Floats:
    number = np.asarray(count, dtype=np.float64)
    return np.where(number > 0, total / np.where(number > 0, number, 1.0), np.nan)
