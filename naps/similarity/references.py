"""Distances that layers are related to: how phones are made, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from naps.phonology.feature_distance import phonetic_distances
from naps.similarity.distance import Floats

__all__ = ["phonetic_distances", "spelling_distances"]

# A grouping, and the column of events that says how its labels are spoken or written.
_OPPOSITE = {"letter": "phoneme", "phoneme": "letter"}


def spelling_distances(events: pd.DataFrame, group: str, labels: Sequence[str]) -> Floats | None:
    """Compare letters by the phonemes they stand for, or phonemes by their letters.

    The distance is 1 − the cosine of how often each letter stands for each phoneme, or each phoneme
    is written with each letter: 0 where two are used alike, 1 where they have nothing in common.

    Parameters
    ----------
    events : DataFrame
        With the columns ``letter`` and ``phoneme``; rows without either do not count.
    group : str
        What the labels are: ``"letter"`` or ``"phoneme"``.
    labels : sequence of str

    Returns
    -------
    array, shape (labels, labels), or None
        None for other groups, events without these columns, and where a label never has both a
        letter and a phoneme.
    """
    opposite = _OPPOSITE.get(group)
    if opposite is None or not {group, opposite} <= set(events.columns):
        return None
    table = pd.crosstab(events[group], events[opposite])
    if not len(labels) or not set(labels) <= set(table.index):
        return None
    counts = table.loc[list(labels)].to_numpy(np.float64)
    unit = counts / np.linalg.norm(counts, axis=1, keepdims=True)
    square = np.clip(1.0 - unit @ unit.T, 0.0, 1.0)
    np.fill_diagonal(square, 0.0)
    return np.asarray((square + square.T) / 2)
