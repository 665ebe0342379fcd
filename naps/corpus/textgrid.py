"""Praat's TextGrid files, long and short form, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from naps.corpus.interval import Interval
from naps.errors import InputError
from naps.files import write_text

# Praat reads values that stand alone: quoted texts, numbers and flags. All else is for people,
# such as "xmin =" or "intervals [3]:", and "!" begins a comment.
_VALUE = re.compile(r'"(?:[^"]|"")*"|<[A-Za-z]+>|![^\n]*|[^\s"]+')
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_textgrid(path: Path, rate: int = 16_000) -> dict[str, tuple[Interval, ...]]:
    """Read the interval tiers of a TextGrid; point tiers and empty labels are left out.

    Parameters
    ----------
    path : Path
        UTF-8, or UTF-16 with a byte order mark, as Praat writes.
    rate : int
        Samples a second that times are rounded to.

    Returns
    -------
    dict of str to tuple of Interval
        By tier, in the order of the file.

    Raises
    ------
    InputError
        If the file is no TextGrid, is cut short, or a tier's intervals overlap or are unsorted.
    """
    values = _values(_decode(path))
    try:
        if next(values) != '"ooTextFile"' or next(values) != '"TextGrid"':
            raise InputError(f"{path}: not a TextGrid")
        _float(values), _float(values)
        if next(values) != "<exists>":
            return {}
        return _tiers(values, path, rate)
    except StopIteration:
        raise InputError(f"{path}: the TextGrid ends too early") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
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
        If the intervals of a tier overlap or are unsorted.
    """
    end = max([duration_s, *(i.end_s for tier in tiers.values() for i in tier)])
    lines = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0",
        f"xmax = {end:.6f}", "tiers? <exists>", f"size = {len(tiers)}", "item []:",
    ]  # fmt: skip
    for number, (name, tier) in enumerate(tiers.items(), 1):
        rows = list(_without_gaps(tier, end, f"{path}, tier {name!r}"))
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(name)}",
            "        xmin = 0",
            f"        xmax = {end:.6f}",
            f"        intervals: size = {len(rows)}",
        ]
        for place, (start, stop, label) in enumerate(rows, 1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {start:.6f}",
                f"            xmax = {stop:.6f}",
                f"            text = {_quoted(label)}",
            ]
    write_text(path, "\n".join(lines) + "\n")


def _decode(path: Path) -> str:
    try:
        data = path.read_bytes()
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 or UTF-16 text: {error}") from None


def _values(text: str) -> Iterator[str]:
    for match in _VALUE.finditer(text):
        value = match.group()
        if value[0] in '"<' or _NUMBER.fullmatch(value):
            yield value


def _float(values: Iterator[str]) -> float:
    return float(next(values))


def _text(values: Iterator[str]) -> str:
    value = next(values)
    if not value.startswith('"'):
        raise ValueError(f"a quoted text is expected where {value!r} stands")
    return value[1:-1].replace('""', '"')


def _tiers(values: Iterator[str], path: Path, rate: int) -> dict[str, tuple[Interval, ...]]:
    tiers: dict[str, tuple[Interval, ...]] = {}
    for _ in range(int(_float(values))):
        kind, name = _text(values), _text(values)
        _float(values), _float(values)
        count = int(_float(values))
        if kind == "TextTier":
            for _ in range(count):
                _float(values), _text(values)
            continue
        if kind != "IntervalTier" or name in tiers:
            raise InputError(f"{path}: tier {name!r} is of class {kind!r} or occurs twice")
        intervals: list[Interval] = []
        end = 0
        for place in range(1, count + 1):
            start_s, end_s, label = _float(values), _float(values), _text(values).strip()
            interval = Interval.from_seconds(start_s, end_s, label, rate)
            if interval.start < end:
                raise InputError(
                    f"{path}, tier {name!r}: interval {place} begins before the one in front of "
                    f"it ends"
                )
            end = interval.end
            if label:
                intervals.append(interval)
        tiers[name] = tuple(intervals)
    return tiers


def _without_gaps(
    tier: Sequence[Interval], end: float, where: str
) -> Iterator[tuple[float, float, str]]:
    at = 0.0
    for interval in tier:
        if interval.start_s < at - 1e-9:
            raise InputError(
                f"{where}: {interval.label!r} begins before the one in front of it ends"
            )
        if interval.start_s > at:
            yield at, interval.start_s, ""
        yield interval.start_s, interval.end_s, interval.label
        at = interval.end_s
    if at < end or not tier:
        yield at, end, ""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
