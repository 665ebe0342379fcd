"""How well phoneme events agree with phone times from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naps.corpus import Interval
from naps.errors import InputError
from naps.phonology import classes

_Floats = npt.NDArray[np.float64]

# An event farther than this from the middle of any interval of its phone has no offset: the
# phone was said otherwise, or not at all.
_FARTHEST_S = 0.3


@dataclass(frozen=True)
class LabelQuality:
    """Agreement of phoneme events with intervals.

    Attributes
    ----------
    tolerance_s : float
        An event agrees when an interval of its phone holds its time or is this near.
    events : int
        Phoneme events compared.
    share : float
        Of events that agree.
    chance_mean, chance_p99 : float
        The share when the events of every utterance are shifted together by a random time, round
        the ends: mean and 99th percentile over `shifts`.
    shifts : int
    offset_s : float
        Median time from the middle of the nearest interval of the same phone to the event;
        positive when events are late.
    groups : DataFrame
        The same by kind of label: columns ``by`` (``manner``, ``phoneme``, ``source`` …),
        ``value``, ``events``, ``share``, ``chance``, and quantiles of the offset in seconds,
        ``offset_p5``, ``offset_p25``, ``offset_median``, ``offset_p75``, ``offset_p95``.
    offsets : DataFrame
        One row for each event with an offset: ``phoneme``, ``manner``, ``offset_s``.
    """

    tolerance_s: float
    events: int
    share: float
    chance_mean: float
    chance_p99: float
    shifts: int
    offset_s: float
    groups: pd.DataFrame
    offsets: pd.DataFrame


def label_quality(
    events: pd.DataFrame,
    intervals: Mapping[str, Sequence[Interval]],
    read: Callable[[str], Sequence[Sequence[str]]],
    *,
    tolerance_s: float = 0.04,
    shifts: int = 100,
    seed: int = 0,
) -> LabelQuality:
    """Compare phoneme events with phone intervals that the recognizer did not make.

    Parameters
    ----------
    events : DataFrame
        Columns ``utterance``, ``time_s``, ``phoneme``; events without a phoneme do not count.
    intervals : mapping of str to sequence of Interval
        Phones of each utterance; events of other utterances do not count.
    read : callable
        From a label of the intervals to the phones that it may stand for, as sequences; an
        interval counts for every phone in any of them.
    tolerance_s : float
        How far an event may lie from an interval of its phone.
    shifts : int
        Random shifts for the chance level.
    seed : int
        Of the shifts.

    Raises
    ------
    InputError
        If no phoneme event lies in an utterance with intervals, or `read` refuses a label.
    """
    known = events[events["phoneme"].notna() & events["utterance"].isin(list(intervals))]
    if known.empty:
        raise InputError("no phoneme event lies in an utterance whose phone times are known")
    random = np.random.default_rng(seed)
    phones_of = _reader(read)
    near = np.zeros(len(known), bool)
    by_chance = np.zeros((shifts, len(known)), bool)
    offsets = np.full(len(known), np.nan)
    times = known["time_s"].to_numpy(np.float64)
    labels = known["phoneme"].to_numpy(str)
    for utterance, rows in sorted(known.groupby("utterance").indices.items()):
        tier = intervals[str(utterance)]
        end = max((i.end_s for i in tier), default=0.0)
        end = max(end, float(times[rows].max()) + 1e-9)
        shift = random.uniform(0.0, end, (shifts, 1))
        bounds: dict[str, list[tuple[float, float]]] = {}
        for interval in tier:
            for phone in phones_of(interval.label):
                bounds.setdefault(phone, []).append((interval.start_s, interval.end_s))
        for phone in np.unique(labels[rows]):
            if phone not in bounds:
                continue
            here = rows[labels[rows] == phone]
            starts, ends = np.array(bounds[phone]).T
            at = times[here]
            near[here] = _distance(at, starts, ends) <= tolerance_s + 1e-9
            moved = (at[None] + shift) % end
            by_chance[:, here] = _distance(moved, starts, ends) <= tolerance_s + 1e-9
            middle = (starts + ends) / 2
            nearest = middle[np.abs(at[:, None] - middle[None]).argmin(1)]
            offsets[here] = at - nearest
    offsets[np.abs(offsets) > _FARTHEST_S] = np.nan
    table = pd.DataFrame(
        {
            "phoneme": labels,
            "near": near,
            "chance": by_chance.mean(0) if shifts else np.nan,
            "offset_s": offsets,
        }
    )
    found = classes(sorted(set(labels)), "manner")
    if found is not None:
        table["manner"] = table["phoneme"].map(dict(zip(sorted(set(labels)), found, strict=True)))
    for column in ("phone_source", "correct"):
        if column in known:
            table[column] = known[column].astype("string").to_numpy()
    chance = by_chance.mean(1)
    parts = [c for c in ("manner", "phoneme", "phone_source", "correct") if c in table]
    columns = [c for c in ("phoneme", "manner", "offset_s") if c in table]
    return LabelQuality(
        tolerance_s=tolerance_s,
        events=len(table),
        share=float(near.mean()),
        chance_mean=float(chance.mean()) if shifts else float("nan"),
        chance_p99=float(np.quantile(chance, 0.99)) if shifts else float("nan"),
        shifts=shifts,
        offset_s=float(table["offset_s"].median()),
        groups=pd.concat([_group(table, by) for by in parts], ignore_index=True),
        offsets=table.loc[table["offset_s"].notna(), columns].reset_index(drop=True),
    )


def _reader(read: Callable[[str], Sequence[Sequence[str]]]) -> Callable[[str], frozenset[str]]:
    seen: dict[str, frozenset[str]] = {}

    def phones_of(label: str) -> frozenset[str]:
        if label not in seen:
            seen[label] = frozenset(phone for sequence in read(label) for phone in sequence)
        return seen[label]

    return phones_of


def _distance(times: _Floats, starts: _Floats, ends: _Floats) -> _Floats:
    """Return how far times lie from the nearest of sorted, non-overlapping intervals."""
    after = np.searchsorted(starts, times, side="right")
    before = np.clip(after - 1, 0, None)
    past = np.where(after > 0, np.maximum(times - ends[before], 0.0), np.inf)
    ahead = np.where(
        after < len(starts), starts[np.clip(after, None, len(starts) - 1)] - times, np.inf
    )
    nearest: _Floats = np.minimum(past, ahead)
    return nearest


def _group(table: pd.DataFrame, by: str) -> pd.DataFrame:
    grouped = table.dropna(subset=[by]).groupby(by)
    result = pd.DataFrame(
        {
            "events": grouped.size(),
            "share": grouped["near"].mean(),
            "chance": grouped["chance"].mean(),
        }
    )
    for quantile in (5, 25, 50, 75, 95):
        name = "offset_median" if quantile == 50 else f"offset_p{quantile}"
        result[name] = grouped["offset_s"].quantile(quantile / 100)
    return result.rename_axis("value").reset_index().assign(by=by)[["by", "value", *result.columns]]
