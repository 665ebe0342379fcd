"""Events whose labels mean nothing: what is found in them is found by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from naps.errors import InputError

PLACES = ("utterance", "frame", "unit")
"""Columns that say where an event is and what was predicted there."""


def shuffled_labels(events: pd.DataFrame, columns: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """Deal the labels of events out anew among the events that have one.

    Every column is shuffled on its own, so that each label is as frequent as before and no column
    tells of another. All else stays: where the event is, and the output unit that was predicted
    there.

    Parameters
    ----------
    events : DataFrame
        As in ``events.parquet``.
    columns : sequence of str
        Such as ``letter`` and ``phoneme``.
    seed : int
        A column is shuffled the same way whatever the others.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        If there is no such column, or it says where events are.
    """
    found = events.copy()
    for column in columns:
        if column not in events:
            raise InputError(
                f"no column {column!r} to shuffle; there are: {', '.join(events.columns)}"
            )
        if column in PLACES:
            raise InputError(f"column {column!r} says where an event is: it cannot be shuffled")
        labelled = np.flatnonzero(events[column].notna())
        random = np.random.default_rng([seed, *column.encode()])
        dealt = events[column].array.copy()
        dealt[labelled] = events[column].array[random.permutation(labelled)]
        found[column] = dealt
    return found
