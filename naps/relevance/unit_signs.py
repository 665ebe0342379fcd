"""Units that speak for one class, for the other, or for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from naps.errors import InputError
from naps.relevance.interval import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class UnitSigns:
    """How often each unit was among the strongest, by the class that was predicted.

    Attributes
    ----------
    positive, negative : array of int, shape (units,)
        Items of the positive and of the negative class of which the unit was among the strongest.
    labels : tuple of str
        ``positive``: only with the positive class; ``negative``: only with the negative one;
        ``neutral``: with both; ``silent``: with none.
    p : array, shape (units,)
        Of so unequal a division by chance, if classes meant nothing to the unit (exact binomial
        test, two-sided).
    """

    positive: Ints
    negative: Ints
    labels: tuple[str, ...]
    p: Floats


def unit_signs(relevance: Floats, positive: npt.ArrayLike, *, top: int = 5) -> UnitSigns:
    """Sort units by the classes for which they are among the strongest (Chalkiadakis 2017).

    Parameters
    ----------
    relevance : array, shape (items, units)
        Of each unit over each item, for the predicted class: such as `unit_part` summed over
        steps.
    positive : array of bool, shape (items,)
        Whether the positive class was predicted.
    top : int
        Units of an item that count: those of the highest relevance.

    Returns
    -------
    UnitSigns

    Raises
    ------
    InputError
        If shapes do not fit, or there are fewer units than ``top``.
    """
    values, marks = np.asarray(relevance, dtype=float), np.asarray(positive, dtype=bool)
    if values.ndim != 2 or marks.shape != (len(values),):
        raise InputError(f"relevance of shape {values.shape}, classes of shape {marks.shape}")
    if not 1 <= top <= values.shape[1]:
        raise InputError(f"the {top} strongest of {values.shape[1]} units")
    strongest = np.zeros(values.shape, dtype=np.int64)
    np.put_along_axis(strongest, np.argsort(-values, 1, kind="stable")[:, :top], 1, 1)
    for_, against = strongest[marks].sum(0), strongest[~marks].sum(0)
    share = float(marks.mean()) if len(marks) else 0.5
    p = [
        binomtest(int(a), int(a + b), share).pvalue if a + b and 0 < share < 1 else 1.0
        for a, b in zip(for_, against, strict=True)
    ]
    names = {(True, False): "positive", (False, True): "negative", (True, True): "neutral"}
    labels = [names.get((bool(a), bool(b)), "silent") for a, b in zip(for_, against, strict=True)]
    return UnitSigns(for_, against, tuple(labels), np.array(p))
