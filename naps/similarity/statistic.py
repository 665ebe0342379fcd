"""A number beside what chance would give."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from naps.similarity.distance import Floats

# Values that differ by less are ties that rounding has parted.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Statistic:
    """A number and what it would be if the categories, or the labels, meant nothing.

    Attributes
    ----------
    value : float
    chance_mean, chance_p99 : float
        Mean and 99th percentile over random permutations of the categories or labels.
    p : float
        Share of permutations, the observed one counted in, that reach the value.
    permutations : int
    p_corrected : float
        The same after a correction for several tests, see `corrected`; NaN where there was none.
    """

    value: float
    chance_mean: float
    chance_p99: float
    p: float
    permutations: int
    p_corrected: float = math.nan


UNDEFINED = Statistic(math.nan, math.nan, math.nan, math.nan, 0)


def against_chance(value: float, chance: Floats) -> Statistic:
    """Compare a value with those of random permutations.

    Parameters
    ----------
    value : float
    chance : array, shape (permutations,)
    """
    reached = int((chance >= value - _ROUNDING).sum())
    return Statistic(
        value=value,
        chance_mean=float(chance.mean()) if chance.size else math.nan,
        chance_p99=float(np.quantile(chance, 0.99)) if chance.size else math.nan,
        p=(reached + 1) / (chance.size + 1),
        permutations=chance.size,
    )
