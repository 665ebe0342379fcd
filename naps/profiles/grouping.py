"""Which group each event belongs to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naps.errors import InputError
from naps.profiles.error_modes import ERROR_MODES, error_groups


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


def split_name(name: str) -> tuple[str, str | None]:
    """Return the column and the error mode that a grouping's name says.

    ``phoneme_binary`` are phonemes, correct and wrong ones apart; see `error_groups`.
    """
    column, _, mode = name.rpartition("_")
    return (column, mode) if column and mode in ERROR_MODES else (name, None)


def grouping(events: pd.DataFrame, name: str) -> Grouping:
    """Group events by a column, or by a column and whether the recognizer was wrong.

    Parameters
    ----------
    events : DataFrame
    name : str
        A column, or one with ``_binary`` or ``_confusion`` behind its name.

    Raises
    ------
    InputError
        If there is no such column, or no event has a value in it.
    """
    column, mode = split_name(name)
    if mode is None or name in events:
        return Grouping(events, name)
    groups = error_groups(events, column, mode).column
    return Grouping(pd.DataFrame({name: groups}), name)
