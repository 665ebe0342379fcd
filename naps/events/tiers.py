"""Events as labelled intervals: where the phones, letters and words of an utterance lie."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from naps.corpus.interval import Interval
from naps.errors import InputError

EventTiers = dict[str, tuple[Interval, ...]]

TIERS = ("phones", "letters", "words")
# The tiers that have an interval for each event, and the column that labels it.
_LABELS = MappingProxyType({"phones": "phoneme", "letters": "letter"})
_NEEDED = ("utterance", "frame", "time_s", "run_start", "run_end")

# Intervals are made in microseconds: fine enough for any frame, and what a TextGrid can hold.
_RATE = 1_000_000
# What an event outside its recording keeps from the next one when it is moved inside.
_APART = 1_000
# No recording is as long, and integers hold it in microseconds.
_MOST_S = 1e9


class _Row(NamedTuple):
    """An event; times in microseconds."""

    time: int
    before: int  # from the start of the run to the time
    after: int  # from the time to the end of the run
    stretch: tuple[int, int] | None
    letter: str | None
    phoneme: str | None
    word: str | None
    word_index: int | None


class _Moment(NamedTuple):
    """The events of one frame."""

    time: int
    rows: list[_Row]


def event_tiers(
    events: pd.DataFrame, *, frame_s: float, durations: Mapping[str, float]
) -> Iterator[tuple[str, EventTiers]]:
    """Make intervals of events: the tiers phones, letters and words of each utterance.

    CTC says when a letter is most probable, not where it begins and ends. So, by convention:

    * inside a word, two neighbours on a tier meet halfway between their times (``time_s``);
    * a word begins half a frame before the run of its first letter and ends half a frame behind
      the run of its last one; two words whose stretches would overlap meet halfway between the
      times of their letters;
    * the first interval of a word begins with it and the last one ends with it, on both tiers;
      silent letters are not on the phones tier, and their neighbours share their time;
    * the events of one frame, such as a phone that no letter stands for and that of the letter
      in front of it, cut their stretch into equal parts in the order of the table (a label that
      is there twice counts once), and belong to one word;
    * nothing reaches beyond the recording; an event that a delay puts outside is moved to its
      edge.

    Where an utterance's events have ``start_s`` and ``end_s``, these are the intervals instead,
    and a word lasts from the first to the last of its own; what has no length is left out.

    Parameters
    ----------
    events : DataFrame
        In any order, with ``utterance``, ``frame``, ``time_s``, ``run_start``, ``run_end`` and,
        as far as they are known, ``letter``, ``phoneme``, ``word``, ``word_index`` (negative
        outside words), ``start_s`` and ``end_s``; units as in ``docs/run-folder.md``.
    frame_s : float
        Seconds between output frames.
    durations : mapping of str to float
        Seconds of each utterance's recording.

    Yields
    ------
    utterance : str
        Id, in the order of the table.
    tiers : dict of str to tuple of Interval
        All three tiers, each sorted and without overlap; every interval has a length.

    Raises
    ------
    InputError
        If a column or duration is missing, or times contradict each other.
    """
    for utterance, duration, rows in _rows(events, frame_s, durations):
        given = sum(row.stretch is not None for row in rows)
        if given == 0:
            yield utterance, _heard(utterance, rows, duration)
        elif given == len(rows):
            yield utterance, _given(utterance, rows, duration)
        else:
            raise InputError(f"{utterance}: some events have start_s and end_s, and some have not")


def _heard(utterance: str, rows: Sequence[_Row], duration: int) -> EventTiers:
    """Make intervals around the times of events."""
    by_time = [list(group) for _, group in groupby(rows, key=attrgetter("time"))]
    if duration < 2 * len(by_time):
        raise InputError(f"{utterance}: {len(by_time)} events do not fit in {duration / _RATE} s")
    times = _inside([group[0].time for group in by_time], duration)
    moments = [_Moment(time, group) for time, group in zip(times, by_time, strict=True)]
    words = [list(word) for _, word in groupby(moments, key=lambda m: m.rows[0].word_index)]
    starts = [max(0, word[0].time - word[0].rows[0].before) for word in words]
    ends = [min(duration, word[-1].time + word[-1].rows[0].after) for word in words]
    for place, (word, following) in enumerate(pairwise(words)):
        if ends[place] > starts[place + 1]:
            ends[place] = starts[place + 1] = (word[-1].time + following[0].time) // 2
    tiers: dict[str, list[Interval]] = {name: [] for name in TIERS}
    for word, start, end in zip(words, starts, ends, strict=True):
        for name in _LABELS:
            labelled = [(m.time, labels) for m in word if (labels := _labels(m.rows, name))]
            between = [(a + b) // 2 for (a, _), (b, _) in pairwise(labelled)]
            stretches = pairwise([start, *between, end])
            for (_, labels), stretch in zip(labelled, stretches, strict=False):
                tiers[name] += _cut(*stretch, labels)
        head = word[0].rows[0]
        if head.word and head.word_index is not None:
            tiers["words"].append(Interval(start, end, head.word, _RATE))
    return {name: tuple(tier) for name, tier in tiers.items()}


def _inside(times: Sequence[int], duration: int) -> list[int]:
    """Move times from outside the recording to its edges; all stay apart and in order."""
    apart = min(_APART, duration // len(times))
    last = len(times) - 1
    return [
        min(max(time, place * apart), duration - (last - place) * apart)
        for place, time in enumerate(times)
    ]


def _given(utterance: str, rows: Sequence[_Row], duration: int) -> EventTiers:
    """Take the intervals that events have."""
    tiers: dict[str, list[Interval]] = {name: [] for name in TIERS}
    end = 0
    for index, word in groupby(rows, key=attrgetter("word_index")):
        begin, text = None, None
        for (start, stop), group in groupby(word, key=attrgetter("stretch")):
            stop = min(stop, duration)
            if start >= stop:
                continue
            if start < end:
                raise InputError(
                    f"{utterance}: the interval at {start / _RATE} s begins before the one in "
                    f"front of it ends"
                )
            end = stop
            same = list(group)
            for name in _LABELS:
                tiers[name] += _cut(start, end, _labels(same, name))
            if begin is None:
                begin, text = start, same[0].word
        if begin is not None and text and index is not None:
            tiers["words"].append(Interval(begin, end, text, _RATE))
    return {name: tuple(tier) for name, tier in tiers.items()}


def _labels(rows: Sequence[_Row], tier: str) -> list[str]:
    labels = (getattr(row, _LABELS[tier]) for row in rows)
    return list(dict.fromkeys(label for label in labels if label))


def _cut(start: int, end: int, labels: Sequence[str]) -> list[Interval]:
    count = max(1, len(labels))
    edges = [start + (end - start) * k // count for k in range(count + 1)]
    return [
        Interval(edges[k], edges[k + 1], label, _RATE)
        for k, label in enumerate(labels)
        if edges[k] < edges[k + 1]
    ]


def _rows(
    events: pd.DataFrame, frame_s: float, durations: Mapping[str, float]
) -> Iterator[tuple[str, int, list[_Row]]]:
    """Give the events of each utterance, sorted by time, and the length of its recording."""
    missing = [name for name in _NEEDED if name not in events]
    if missing:
        raise InputError(f"the table of events lacks the columns {', '.join(missing)}")
    if not 0 < frame_s < _MOST_S:
        raise InputError(f"frame_s is the seconds between frames, and cannot be {frame_s}")
    codes, ids = pd.factorize(events["utterance"], use_na_sentinel=False)
    lengths = np.array([_duration(str(name), durations) for name in ids], dtype=np.int64)
    frame, time = _numbers(events, "frame"), _numbers(events, "time_s")
    run_start, run_end = _numbers(events, "run_start"), _numbers(events, "run_end")
    start, end = _numbers(events, "start_s"), _numbers(events, "end_s")
    given = ~np.isnan(start) & ~np.isnan(end)
    is_stretch = (start >= 0) & (start <= end) & (end < _MOST_S)
    for complaint, wrong in (
        ("its time is not finite", ~np.isfinite(time)),
        ("its run does not hold it", ~(given | ((run_start <= frame) & (frame < run_end)))),
        (
            "it lies behind the end of the recording",
            frame * frame_s > lengths[codes] / _RATE + frame_s,
        ),
        ("start_s and end_s are no stretch of time", given & ~is_stretch),
    ):
        if wrong.any():
            place = int(wrong.argmax())
            raise InputError(f"{ids[codes[place]]}, event at frame {frame[place]:g}: {complaint}")
    first, last = _ticks(np.where(given, start, 0.0)), _ticks(np.where(given, end, 0.0))
    times = _ticks(time)
    order = np.lexsort((np.where(given, first, times), codes))
    stretches = zip(first[order].tolist(), last[order].tolist(), strict=True)
    rows = map(
        _Row,
        times[order].tolist(),
        _ticks((frame - run_start + 0.5) * frame_s)[order].tolist(),
        _ticks((run_end - frame - 0.5) * frame_s)[order].tolist(),
        (s if there else None for s, there in zip(stretches, given[order].tolist(), strict=True)),
        *(_texts(events, name, order) for name in ("letter", "phoneme", "word")),
        (
            None if math.isnan(i) or i < 0 else int(i)
            for i in _numbers(events, "word_index")[order].tolist()
        ),
    )
    for code, group in groupby(zip(codes[order].tolist(), rows, strict=True), key=itemgetter(0)):
        yield str(ids[code]), int(lengths[code]), [row for _, row in group]


def _duration(utterance: str, durations: Mapping[str, float]) -> int:
    duration = durations.get(utterance)
    if duration is None or not 0 < duration < _MOST_S:
        raise InputError(f"{utterance}: the seconds of its recording are needed, not {duration}")
    return round(duration * _RATE)


def _numbers(events: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """Give a column as numbers, NaN where there is none."""
    if name not in events:
        return np.full(len(events), np.nan)
    try:
        return events[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise InputError(f"the column {name} of the events does not hold numbers") from None


def _texts(events: pd.DataFrame, name: str, order: npt.NDArray[np.intp]) -> list[str | None]:
    """Give a column as texts in another order, None where there is none."""
    if name not in events:
        return [None] * len(events)
    column = events[name].iloc[order]
    missing = column.isna().tolist()
    return [None if m else str(text) for m, text in zip(missing, column.tolist(), strict=True)]


def _ticks(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.rint(np.clip(seconds, -_MOST_S, _MOST_S) * _RATE).astype(np.int64)
