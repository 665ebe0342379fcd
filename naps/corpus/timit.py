"""TIMIT's label files: ``.phn`` and ``.wrd``."""

from __future__ import annotations

from pathlib import Path

from naps.corpus.interval import Interval
from naps.errors import InputError
from naps.files import read_text


def read_timit(path: Path, rate: int = 16_000) -> tuple[Interval, ...]:
    """Read ``start end label`` lines, times in samples.

    Parameters
    ----------
    path : Path
        A ``.phn`` or ``.wrd`` file.
    rate : int
        Samples a second of the recording.

    Raises
    ------
    InputError
        If a line does not parse, or intervals overlap or are unsorted (named by the line).
    """
    intervals: list[Interval] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            start, end, label = line.split(maxsplit=2)
            interval = Interval(int(start), int(end), label.strip(), rate)
        except ValueError:
            raise InputError(f"{path}, line {number}: not 'start end label' in samples") from None
        if intervals and interval.start < intervals[-1].end:
            raise InputError(
                f"{path}, line {number}: begins before the interval in front of it ends"
            )
        intervals.append(interval)
    return tuple(intervals)
