"""Significance where many questions were asked at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import false_discovery_control

from naps.similarity.distance import Floats


def corrected(p: Sequence[float]) -> Floats:
    """Correct p values of several tests for their number (Benjamini & Hochberg 1995).

    Of the tests whose corrected value is at most 0.05, 5 % are expected to be false discoveries.

    Parameters
    ----------
    p : sequence of float
        NaN for a test that could not be made: it stays NaN, and does not count.

    Returns
    -------
    array of float64, shape (tests,)
    """
    values = np.asarray(p, np.float64)
    known = ~np.isnan(values)
    result = np.full(len(values), np.nan)
    if known.any():
        result[known] = false_discovery_control(values[known])
    return result
