"""How well two runs agree about a layer: one number and all that it has to be read with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from naps.comparison.estimate import Estimate, estimate
from naps.similarity.distance import Floats
from naps.similarity.statistic import Statistic


@dataclass(frozen=True)
class Correlation:
    """A correlation between two runs.

    Attributes
    ----------
    estimate : Estimate
        With its 95 % interval.
    chance_mean, chance_p99 : float
        Mean and 99th percentile over random pairings of the groups.
    p : float
        Share of pairings, the true one counted in, that reach the value.
    ceiling : float
        What it would be if the runs differed by noise alone: √(reliability in a · reliability in
        b). NaN where it is not known. Two models that hear the same speech share the noise of its
        events, and may reach beyond.
    p_corrected : float
        ``p`` with regard to all layers that are compared (Benjamini & Hochberg 1995).
    """

    estimate: Estimate
    chance_mean: float
    chance_p99: float
    p: float
    ceiling: float
    p_corrected: float = math.nan

    @classmethod
    def of(cls, tested: Statistic, replicates: Floats, blocks: int, ceiling: float) -> Correlation:
        """Put a statistic, its interval and its ceiling together.

        Parameters
        ----------
        tested : Statistic
        replicates : array, shape (replicates,)
        blocks : int
            See `estimate`.
        ceiling : float
        """
        return cls(
            estimate(tested.value, replicates, blocks),
            tested.chance_mean,
            tested.chance_p99,
            tested.p,
            ceiling,
        )


def noise_ceiling(a: Floats | float, b: Floats | float) -> Floats:
    """Return the correlation that noise leaves of equal things with these reliabilities.

    √(r_a r_b) (Spearman 1904); 0 where a reliability is below zero.
    """
    return np.asarray(np.sqrt(np.maximum(a, 0.0) * np.maximum(b, 0.0)))
