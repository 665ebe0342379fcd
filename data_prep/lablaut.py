"""The phone label files of EmoDB (``.lablaut``), written by ESPS xlabel."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

from data_prep.source import read_lines
from naps.corpus.interval import Interval
from naps.errors import InputError

END = "."


def read_lablaut(path: Path) -> tuple[Interval, ...]:
    """Read phones as the labellers wrote them.

    A row is ``time colour label marks``, and its time is the START of the segment, which lasts
    until the next one. A row that has only marks, such as ``+sth``, continues the segment
    before. The label ``.`` ends the recording.

    Parameters
    ----------
    path : Path
        A Latin-1 file with a header up to the line ``#``.

    Raises
    ------
    InputError
        If there is no ``#``, or a row has no time or runs backwards.
    """
    rows = list(read_lines(path, "latin-1"))
    head = next((index for index, (_, row) in enumerate(rows) if row.strip() == "#"), None)
    if head is None:
        raise InputError(f"{path}: no line '#' ends the header; not a label file")
    segments: list[tuple[float, str]] = []
    latest = 0.0
    for number, row in rows[head + 1 :]:
        time = _time(row)
        if time is None or time < latest:
            raise InputError(f"{path}, line {number}: no start time, or before the last one")
        latest = time
        label = _label(row)
        if label:
            segments.append((time, label))
    # A file without a last '.' says nothing of where its last segment ends.
    phones = (
        Interval.from_seconds(start, end, label)
        for (start, label), (end, _) in pairwise(segments)
        if label != END
    )
    return tuple(phone for phone in phones if phone.end > phone.start)


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
