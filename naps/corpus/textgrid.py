"""Praat's TextGrid files, long and short form, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from reprlib import repr as short

from naps.corpus.interval import Interval
from naps.errors import InputError
from naps.files import write_text

# Praat reads values that stand alone: quoted texts, numbers and flags. All else is for people,
# such as "xmin =" or "intervals [3]:", and "!" begins a comment.
# Possessive quantifiers ("*+") never go back, so that no text, however malformed, takes longer
# than its length.
_VALUE = re.compile(r'"[^"]*+(?:""[^"]*+)*+"|<[A-Za-z]+>|![^\n]*|[^\s"]+')
_NUMBER = re.compile(r"[+-]?(\d++(\.\d*+)?|\.\d++)([eE][+-]?\d++)?")
# Times are written to the microsecond.
_MICROSECONDS = 1_000_000


def read_textgrid(path: Path, rate: int = 16_000) -> dict[str, tuple[Interval, ...]]:
    """Read the interval tiers of a TextGrid.

    Point tiers, which have times but no lengths, and intervals without a label are left out;
    blanks around labels are taken off.

    Parameters
    ----------
    path : Path
        In any encoding that Praat writes: UTF-8, UTF-16 or, where neither fits, Latin-1.
    rate : int
        Samples a second that times are rounded to.

    Returns
    -------
    dict of str to tuple of Interval
        By tier, in the order of the file.

    Raises
    ------
    InputError
        If the file is no text TextGrid, is cut short, two tiers have one name, or a tier's
        intervals overlap or are unsorted.

    References
    ----------
    Boersma and Weenink, Praat manual, "TextGrid file formats", www.praat.org.
    """
    values = _values(_decode(path))
    try:
        if next(values) != '"ooTextFile"' or next(values) != '"TextGrid"':
            raise InputError(f"{path}: not a TextGrid")
        _number(values), _number(values)
        flag = next(values)
        if flag not in ("<exists>", "<absent>"):
            raise _UnexpectedError(f"<exists> is expected where {short(flag)} stands")
        return _tiers(values, path, rate) if flag == "<exists>" else {}
    except StopIteration:
        raise InputError(f"{path}: the TextGrid ends too early") from None
    except _UnexpectedError as error:
        raise InputError(f"{path}: not a TextGrid ({error})") from None


def write_textgrid(path: Path, tiers: Mapping[str, Sequence[Interval]], duration_s: float) -> None:
    """Write tiers in the long form; gaps become empty intervals, as Praat wants them.

    Parameters
    ----------
    path : Path
        Replaced in one step; UTF-8.
    tiers : mapping of str to sequence of Interval
        Sorted and without overlap.
    duration_s : float
        End of the recording; an interval that reaches beyond it moves it.

    Raises
    ------
    InputError
        If the intervals of a tier overlap, are unsorted or shorter than a microsecond (Praat
        drops the neighbours of an interval without length), or if nothing has any length.
    """
    end = max([_ticks(duration_s), *(_ticks(i.end_s) for tier in tiers.values() for i in tier)])
    if end <= 0:
        raise InputError(f"{path}: a TextGrid of {duration_s} s cannot be opened; give its length")
    lines = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0",
        f"xmax = {_seconds(end)}", "tiers? <exists>", f"size = {len(tiers)}", "item []:",
    ]  # fmt: skip
    for number, (name, tier) in enumerate(tiers.items(), 1):
        rows = list(_without_gaps(tier, end, f"{path}, tier {name!r}"))
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(name)}",
            "        xmin = 0",
            f"        xmax = {_seconds(end)}",
            f"        intervals: size = {len(rows)}",
        ]
        for place, (start, stop, label) in enumerate(rows, 1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {_seconds(start)}",
                f"            xmax = {_seconds(stop)}",
                f"            text = {_quoted(label)}",
            ]
    write_text(path, "\n".join(lines) + "\n")


class _UnexpectedError(Exception):
    """A value that a TextGrid does not have at this place."""


def _decode(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if not data.strip():
        raise InputError(f"{path}: the file is empty")
    if data.startswith(b"ooBinaryFile"):
        raise InputError(f"{path}: a binary TextGrid; save it as a text file in Praat")
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        # Without a byte order mark: the first letter, of "File type", shows where its zero is.
        if 0 in data[:2]:
            return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: cannot be read as UTF-16 text: {error}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _values(text: str) -> Iterator[str]:
    for match in _VALUE.finditer(text):
        value = match.group()
        if value[0] in '"<' or _NUMBER.fullmatch(value):
            yield value


def _number(values: Iterator[str]) -> float:
    value = next(values)
    try:
        return float(value)
    except ValueError:
        raise _UnexpectedError(f"a number is expected where {short(value)} stands") from None


def _count(values: Iterator[str]) -> int:
    count = _number(values)
    if not count.is_integer() or count < 0:
        raise _UnexpectedError(f"{count} is no number of tiers, intervals or points")
    return int(count)


def _text(values: Iterator[str]) -> str:
    value = next(values)
    if not value.startswith('"'):
        raise _UnexpectedError(f"a quoted text is expected where {short(value)} stands")
    return value[1:-1].replace('""', '"')


def _tiers(values: Iterator[str], path: Path, rate: int) -> dict[str, tuple[Interval, ...]]:
    tiers: dict[str, tuple[Interval, ...]] = {}
    for _ in range(_count(values)):
        kind, name = _text(values), _text(values)
        _number(values), _number(values)
        count = _count(values)
        if kind == "TextTier":
            for _ in range(count):
                _number(values), _text(values)
        elif kind != "IntervalTier":
            raise _UnexpectedError(f"a tier of class {short(kind)}")
        elif name in tiers:
            raise InputError(f"{path}: two tiers are named {name!r}; rename one in Praat")
        else:
            tiers[name] = _intervals(values, count, rate, f"{path}, tier {short(name)}")
    return tiers


def _intervals(values: Iterator[str], count: int, rate: int, where: str) -> tuple[Interval, ...]:
    intervals: list[Interval] = []
    end = 0
    for place in range(1, count + 1):
        start_s, end_s, label = _number(values), _number(values), _text(values).strip()
        try:
            interval = Interval.from_seconds(start_s, end_s, label, rate)
        except InputError as error:
            raise InputError(f"{where}, interval {place}: {error}") from None
        if interval.start < end:
            raise InputError(f"{where}: interval {place} begins before the one in front of it ends")
        end = interval.end
        if label:
            intervals.append(interval)
    return tuple(intervals)


def _without_gaps(tier: Sequence[Interval], end: int, where: str) -> Iterator[tuple[int, int, str]]:
    at = 0
    for interval in tier:
        start, stop = _ticks(interval.start_s), _ticks(interval.end_s)
        if start < at:
            raise InputError(
                f"{where}: {interval.label!r} begins before the one in front of it ends"
            )
        if stop == start:
            raise InputError(f"{where}: {interval.label!r} at {interval.start_s} s has no length")
        if start > at:
            yield at, start, ""
        yield start, stop, interval.label
        at = stop
    if at < end:
        yield at, end, ""


def _ticks(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)


def _seconds(ticks: int) -> str:
    return f"{ticks / _MICROSECONDS:.6f}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
