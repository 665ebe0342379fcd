"""Groups of events by whether, and how, the recognizer was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr

from naps.errors import InputError
from naps.events.phonemes import UNSAID
from naps.profiles.contrast import GroupWeights, combine

ErrorMode = Literal["binary", "confusion"]
ERROR_MODES: tuple[ErrorMode, ...] = get_args(ErrorMode)

CORRECT, WRONG = "_correct", "_wrong"


@dataclass(frozen=True)
class ErrorGroups:
    """A column to group events by.

    Attributes
    ----------
    column : Series of str
        Group of every event, with the index of the events; null for an event without one.
    dropped : mapping of str to int
        How many events have none, by reason.
    """

    column: pd.Series[str]
    dropped: Mapping[str, int]


def error_groups(
    events: pd.DataFrame, by: str = "letter", mode: str = "binary", *, min_count: int = 1
) -> ErrorGroups:
    """Split the groups of events by correctness (error modes of Krug et al. 2023).

    The **label** is what it should have been: by ``letter`` the letter of the true text
    (``reference``), by any other column, such as ``phoneme``, the event's own value there. What
    was **predicted** is always the letter, and an event is correct if its letter is. So
    ``S_wrong`` are the moments at which S was said and another letter than the true one written,
    and ``S_c`` those at which a c was written.

    An event of a letter where nothing, or a space, was said has no label by letter. What was said
    and not written at all has no event, so that it is in no group either.

    Parameters
    ----------
    events : DataFrame
        As in ``events.parquet``.
    by : str
        ``letter``, ``phoneme`` or any other column.
    mode : {"binary", "confusion"}
        ``binary`` gives ``LABEL_correct`` and ``LABEL_wrong``; ``confusion`` gives
        ``LABEL_PREDICTED`` for each pair that occurs.
    min_count : int
        Groups of fewer events are none.

    Returns
    -------
    ErrorGroups

    Raises
    ------
    InputError
        If there is no such mode or column, the events do not say what was said or predicted, or
        no group has enough of them.
    """
    if mode not in ERROR_MODES:
        raise InputError(f"no error mode {mode!r}; there are: {', '.join(ERROR_MODES)}")
    label_name = "reference" if by == "letter" else by
    needed = [label_name, "correct"] if mode == "binary" else [label_name, "letter"]
    for name in needed:
        if name not in events:
            raise InputError(
                f"no column {name!r} to split events by error; there are: "
                f"{', '.join(map(str, events.columns))}"
            )
    label = events[label_name].astype("string")
    label = label.mask(label == " ") if by == "letter" else label
    if mode == "binary":
        correct = events["correct"].astype("boolean")
        ending = correct.map({True: CORRECT, False: WRONG}).astype("string")
        unknown = "not known whether it is correct"
    else:
        _check_predictions(events)
        ending = "_" + events["letter"].astype("string")
        unknown = "no letter predicted"
    column = label + ending
    dropped = {
        UNSAID if by == "letter" else f"no {by}": int(label.isna().sum()),
        unknown: int((label.notna() & ending.isna()).sum()),
    }
    rare = column.notna() & (column.map(column.value_counts()).fillna(0) < min_count)
    dropped[f"fewer than {min_count} events in its group"] = int(rare.sum())
    column = column.mask(rare)
    if column.isna().all():
        reasons = "; ".join(f"{reason}: {count}" for reason, count in dropped.items() if count)
        raise InputError(f"no {mode} error group of {by} has events ({reasons or 'no events'})")
    return ErrorGroups(column, {reason: count for reason, count in dropped.items() if count})


def _check_predictions(events: pd.DataFrame) -> None:
    """See that letters are what was predicted: where the true text is forced they are not."""
    if not {"correct", "reference"} <= set(events.columns):
        return
    wrong = ~events["correct"].astype("boolean").fillna(True)
    same = (events["letter"].astype("string") == events["reference"].astype("string")).fillna(False)
    if bool((wrong & same).any()):
        raise InputError(
            "events.mode reference says where letters of the text were missed, but not what was "
            "predicted instead; take events.mode=predicted or the error mode binary"
        )


def binary_contrast(profile: xr.Dataset) -> xr.Dataset:
    """Subtract what a group looks like when it is wrong from what it looks like when correct.

    Parameters
    ----------
    profile : Dataset
        A layer's profile of ``binary`` groups.

    Returns
    -------
    Dataset
        A label for each that has both groups, as `naps.profiles.contrast.combine` makes it.

    Raises
    ------
    InputError
        If no label has both.
    """
    groups = [str(label) for label in profile["label"].values]
    counts = dict(zip(groups, profile["count"].values.tolist(), strict=True))
    labels = [
        group.removesuffix(CORRECT)
        for group in groups
        if group.endswith(CORRECT)
        and counts[group] > 0
        and counts.get(group.removesuffix(CORRECT) + WRONG, 0) > 0
    ]
    if not labels:
        raise InputError(
            f"no label has events in both LABEL{CORRECT} and LABEL{WRONG}; the groups are: "
            f"{', '.join(groups)}"
        )
    matrix = np.zeros((len(labels), len(groups)))
    for row, label in enumerate(labels):
        matrix[row, groups.index(label + CORRECT)] = 1.0
        matrix[row, groups.index(label + WRONG)] = -1.0
    return combine(profile, GroupWeights(tuple(labels), matrix)).assign_attrs(
        contrast="correct-wrong"
    )
