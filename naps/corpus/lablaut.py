"""The phone label files of EmoDB (``.lablaut``), written by ESPS xlabel."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

from naps.corpus.interval import Interval
from naps.corpus.lines import numbered_lines
from naps.errors import InputError

_END = "."


def read_lablaut(path: Path, rate: int = 16_000) -> tuple[Interval, ...]:
    """Read phones as the labellers wrote them.

    A row is ``time colour label marks``, and its time is the START of the segment, which lasts
    until the next one (elsewhere xlabel's times are ends). A row that has only marks, such as
    ``+sth``, continues the segment before. The label ``.`` ends the recording.

    Parameters
    ----------
    path : Path
        A Latin-1 file with a header up to the line ``#``.
    rate : int
        Samples a second that times are rounded to.

    Raises
    ------
    InputError
        If there is no ``#`` or no segment, or a row has no time or runs backwards.

    References
    ----------
    Burkhardt et al., A Database of German Emotional Speech, Interspeech 2005.
    """
    lines = numbered_lines(path, "latin-1")
    if not any(line.strip() == "#" for _, line in lines):
        raise InputError(f"{path}: no line '#' ends the header; not a label file")
    segments: list[tuple[float, str]] = []
    latest = 0.0
    for number, row in lines:
        time = _time(row)
        if time is None or time < latest:
            raise InputError(f"{path}, line {number}: no start time, or before the last one")
        latest = time
        label = _label(row)
        if label:
            segments.append((time, label))
    phones: list[Interval] = []
    # A file without a last '.' says nothing of where its last segment ends.
    for (start, label), (end, _) in pairwise(segments):
        try:
            phone = Interval.from_seconds(start, end, label, rate)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if label != _END and phone.end > phone.start:
            phones.append(phone)
    if not phones:
        raise InputError(f"{path}: holds no segments")
    return tuple(phones)


def _time(row: str) -> float | None:
    try:
        time = float(row.split()[0])
    except ValueError:
        return None
    return time if math.isfinite(time) and time >= 0 else None


def _label(row: str) -> str:
    """Give the label, or nothing if the row holds only marks.

    Label and marks are divided by a tab in most files and by blanks in some; one label stands
    in the place of the marks. A digit there is a stress figure, elsewhere the labels 4 and 6.
    """
    words = row.split()
    label = words[2] if len(words) > 2 else ""
    in_place_of_marks = len(row.partition("\t")[0].split()) < 3
    if label.startswith(("+", "-")) or (in_place_of_marks and label.isdigit()):
        return ""
    return label
