"""Which group each event belongs to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naps.errors import InputError


class Grouping:
    """A column of the events: its labels, and the code of each event.

    Parameters
    ----------
    events : DataFrame
    column : str
        Any column of it.

    Attributes
    ----------
    labels : list of str
        Sorted.
    codes : array of int, shape (events,)
        Index into ``labels``; −1 for an event without a value.

    Raises
    ------
    InputError
        If there is no such column, or no event has a value in it.
    """

    def __init__(self, events: pd.DataFrame, column: str) -> None:
        if column not in events:
            raise InputError(
                f"no column {column!r} to group events by; there are: {', '.join(events.columns)}"
            )
        text = events[column].astype("string")
        self.labels: list[str] = sorted(text.dropna().unique().tolist())
        if not self.labels:
            raise InputError(f"no event has a value in column {column!r}")
        self.codes = pd.Categorical(text, categories=self.labels).codes.astype(np.int64)
