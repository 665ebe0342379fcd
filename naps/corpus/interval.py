"""Labelled stretches of a recording, and the JSON Lines files that hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from naps.errors import InputError
from naps.files import read_text

Tiers = Mapping[str, tuple["Interval", ...]]


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
        if self.start < 0 or self.end < self.start:
            raise InputError(f"interval {self.label!r} runs from {self.start} to {self.end}")

    @classmethod
    def from_seconds(cls, start: float, end: float, label: str, rate: int = 16_000) -> Interval:
        """Round times in seconds to samples."""
        return cls(round(start * rate), round(end * rate), label, rate)

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
            interval = Interval.from_seconds(float(start), float(end), str(label))
        except (TypeError, ValueError) as error:
            raise InputError(f"{where}: bad interval {row!r}: {error}") from None
        if intervals and interval.start < intervals[-1].end:
            raise InputError(f"{where}: interval {row!r} begins before the one in front of it ends")
        intervals.append(interval)
    return tuple(intervals)


def tier_to_json(intervals: Sequence[Interval]) -> list[list[float | str]]:
    """Give ``[[start_s, end_s, label], ...]`` with times rounded to 0.1 ms."""
    return [[round(i.start_s, 4), round(i.end_s, 4), i.label] for i in intervals]


def read_tiers(path: Path) -> dict[str, dict[str, tuple[Interval, ...]]]:
    """Read a JSON Lines file of tiers, one line per utterance and tier.

    A line is ``{"utterance": id, "tier": name, "intervals": [[start_s, end_s, label], ...]}``.

    Returns
    -------
    dict
        utterance id → tier name → intervals.
    """
    tiers: dict[str, dict[str, tuple[Interval, ...]]] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
            utterance, tier = str(record["utterance"]), str(record["tier"])
            rows = record["intervals"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"{where}: not a tier record ({error!r})") from None
        tiers.setdefault(utterance, {})[tier] = tier_from_json(rows, where)
    return tiers


def label_at(intervals: Iterable[Interval], sample: int) -> str | None:
    """Return the label of the interval that holds ``sample``, or None."""
    return next((i.label for i in intervals if i.start <= sample < i.end), None)
