"""Labelled stretches of a recording, and the JSON Lines files that hold them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short

from naps.corpus.lines import numbered_lines
from naps.errors import InputError

Tiers = Mapping[str, tuple["Interval", ...]]

# Beyond it, times as floats no longer tell samples apart.
_MOST_SAMPLES = 2**53


@dataclass(frozen=True, order=True, slots=True)
class Interval:
    """A half-open stretch ``[start, end)`` of a recording with a label.

    Attributes
    ----------
    start, end : int
        Samples at ``rate``.
    label : str
        What is heard there, such as a phone or a word.
    rate : int
        Samples a second.
    """

    start: int
    end: int
    label: str
    rate: int = 16_000

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= _MOST_SAMPLES:
            raise InputError(f"interval {short(self.label)} runs from {self.start} to {self.end}")

    @classmethod
    def from_seconds(cls, start: float, end: float, label: str, rate: int = 16_000) -> Interval:
        """Round times in seconds to samples.

        Raises
        ------
        InputError
            If a time is negative or not finite, or the end lies before the start.
        """
        first, last = start * rate, end * rate
        if not (math.isfinite(first) and math.isfinite(last)):
            raise InputError(f"interval {short(label)} runs from {start} s to {end} s")
        return cls(round(first), round(last), label, rate)

    def at_rate(self, rate: int) -> Interval:
        """Return the same stretch in samples at another rate."""
        if rate == self.rate:
            return self
        return Interval.from_seconds(self.start_s, self.end_s, self.label, rate)

    @property
    def start_s(self) -> float:
        """Start in seconds."""
        return self.start / self.rate

    @property
    def end_s(self) -> float:
        """End in seconds."""
        return self.end / self.rate


def tier_from_json(rows: object, where: str) -> tuple[Interval, ...]:
    """Turn ``[[start_s, end_s, label], ...]`` into sorted, non-overlapping intervals.

    Raises
    ------
    InputError
        If a row has another form, or if intervals are unsorted or overlap.
    """
    if not isinstance(rows, list):
        raise InputError(f"{where}: intervals must be a list of [start, end, label]")
    intervals: list[Interval] = []
    for row in rows:
        try:
            start, end, label = row
            if not isinstance(label, str):
                raise TypeError("the label must be text")
            label.encode()  # JSON can spell half a surrogate pair, which no file can hold.
            interval = Interval.from_seconds(float(start), float(end), label)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{where}: bad interval {short(row)}: {error}") from None
        if intervals and interval.start < intervals[-1].end:
            raise InputError(
                f"{where}: interval {short(row)} begins before the one in front of it ends"
            )
        intervals.append(interval)
    return tuple(intervals)


def tier_to_json(intervals: Sequence[Interval]) -> list[list[float | str]]:
    """Give ``[[start_s, end_s, label], ...]`` with times rounded to 0.1 ms."""
    return [[round(i.start_s, 4), round(i.end_s, 4), i.label] for i in intervals]


@dataclass(frozen=True, slots=True)
class TierRecord:
    """One line of a JSON Lines file of tiers, its intervals not yet looked at.

    Attributes
    ----------
    where : str
        File and line, for messages.
    utterance : str
        Its utterance's id.
    record : mapping
        The line, which may lack ``tier`` or ``intervals``.
    """

    where: str
    utterance: str
    record: Mapping[str, object]

    def add_to(self, tiers: dict[str, tuple[Interval, ...]]) -> None:
        """Read the tier and put it beside the others of its utterance.

        Raises
        ------
        InputError
            If there is no name or no intervals, the intervals are bad, or the name is taken.
        """
        if not isinstance(self.record.get("tier"), str) or "intervals" not in self.record:
            raise InputError(f"{self.where}: lacks 'tier' (a name) or 'intervals'")
        name = str(self.record["tier"])
        if name in tiers:
            raise InputError(f"{self.where}: a second tier {name!r} of {self.utterance!r}")
        tiers[name] = tier_from_json(self.record["intervals"], self.where)


def tier_records(path: Path) -> Iterator[TierRecord]:
    """Read a JSON Lines file of tiers line by line.

    Raises
    ------
    InputError
        At a line that names no utterance; what else may be wrong shows in `TierRecord.add_to`.
    """
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
            utterance = str(record["utterance"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(
                f"{where}: not {{'utterance': ..., 'tier': ..., 'intervals': ...}} ({error!r})"
            ) from None
        yield TierRecord(where, utterance, record)


def read_tiers(path: Path) -> dict[str, dict[str, tuple[Interval, ...]]]:
    """Read a JSON Lines file of tiers, one line per utterance and tier.

    A line is ``{"utterance": id, "tier": name, "intervals": [[start_s, end_s, label], ...]}``.

    Returns
    -------
    dict
        utterance id → tier name → intervals.

    Raises
    ------
    InputError
        At the first line that is no such record or whose intervals are bad.
    """
    tiers: dict[str, dict[str, tuple[Interval, ...]]] = {}
    for record in tier_records(path):
        record.add_to(tiers.setdefault(record.utterance, {}))
    return tiers


def label_at(intervals: Iterable[Interval], sample: int) -> str | None:
    """Return the label of the interval that holds ``sample``, or None."""
    return next((i.label for i in intervals if i.start <= sample < i.end), None)
