"""How far phones are from each other by their phonetic features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from naps.phonology.inventory import FEATURES, classes


def phonetic_distances(labels: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Count the features that two phones differ in.

    The distance is the share of differing features among those that either phone has: a vowel has
    no place, and is thereby apart from every consonant. Length counts only where both phones have
    one, as English does not use it.

    Parameters
    ----------
    labels : sequence of str
        Symbols of either inventory or of both.

    Returns
    -------
    array, shape (labels, labels)
        From 0 to 1, symmetric. Phones that `FEATURES` do not tell apart, such as L and R, are at
        distance 0. None where a label is no phone.
    """
    differing = np.zeros((len(labels), len(labels)))
    counted = np.zeros_like(differing)
    for feature in FEATURES:
        values = classes(labels, feature)
        if values is None:
            return None
        column = np.array(values, dtype=str)
        has = column != ""
        pairs = has & has[:, None] if feature == "length" else has | has[:, None]
        counted += pairs
        differing += pairs & (column != column[:, None])
    return differing / np.maximum(counted, 1)
