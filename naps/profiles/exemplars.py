"""Events to listen to: those of each group that the recognizer was surest of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naps.profiles.grouping import grouping

EXEMPLAR_COLUMNS = (
    "utterance",
    "frame",
    "time_s",
    "probability",
    "letter",
    "phoneme",
    "word",
    "speaker",
)


def exemplars(events: pd.DataFrame, used: npt.ArrayLike, group: str, count: int) -> pd.DataFrame:
    """Choose events of every group, the most probable of each utterance first.

    Parameters
    ----------
    events : DataFrame
        As in ``events.parquet``.
    used : array_like of int
        Rows of the events that were averaged.
    group : str
        As of `naps.profiles.grouping.grouping`.
    count : int
        How many of each group: at most one of each utterance while there are others.

    Returns
    -------
    DataFrame
        ``label``, ``rank`` from 1, and of the event where it is and what it is.
    """
    found = grouping(events, group)
    rows = np.asarray(used, np.int64)
    rows = rows[found.codes[rows] >= 0]
    said = [name for name in EXEMPLAR_COLUMNS if name in events]
    chosen = events.iloc[rows][said].assign(label=np.asarray(found.labels)[found.codes[rows]])
    if "probability" not in chosen:
        chosen["probability"] = np.nan
    order = chosen.sort_values("probability", ascending=False, kind="stable")
    again = order.groupby(["label", "utterance"], sort=False).cumcount()
    order = order.assign(again=again).sort_values(["label", "again"], kind="stable")
    order["rank"] = order.groupby("label", sort=False).cumcount() + 1
    return order[order["rank"] <= count][["label", "rank", *said]].reset_index(drop=True)
