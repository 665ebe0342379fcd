"""How much of a score its explanation accounts for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naps.errors import InputError
from naps.relevance.explanation import Explanation
from naps.relevance.interval import Interval, mean_interval


@dataclass(frozen=True)
class Conservation:
    """Sums of relevance beside the scores they explain.

    Attributes
    ----------
    error : Interval, shape ()
        Size of the difference between an item's score and the sum of its relevance.
    share : Interval, shape ()
        The same by the size of the score.
    unaccounted : float
        What of all scores is neither the input's nor known to have been absorbed (by biases, the
        stabilizer, initial states, padding); zero but for rounding. NaN for methods that keep no
        account.
    """

    error: Interval
    share: Interval
    unaccounted: float


def conservation(explanation: Explanation) -> Conservation:
    """Compare the sums of relevance with the scores.

    Parameters
    ----------
    explanation : Explanation

    Raises
    ------
    InputError
        If no item has a score to explain other than zero.
    """
    start = explanation.start.double().cpu().numpy()
    sums = explanation.relevance.double().flatten(1).sum(1).cpu().numpy()
    error = np.abs(start - sums)
    some = start != 0
    if not some.any():
        raise InputError("all scores are zero: there is nothing to conserve")
    unaccounted = float("nan")
    if explanation.absorbed:
        unaccounted = float(start.sum() - sums.sum() - sum(explanation.absorbed.values()))
    share = mean_interval(error[some] / np.abs(start[some]))
    return Conservation(mean_interval(error), share, unaccounted)
