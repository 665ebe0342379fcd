"""TIMIT's label files: ``.phn`` and ``.wrd``."""

from __future__ import annotations

from pathlib import Path

from naps.corpus.interval import Interval
from naps.corpus.lines import numbered_lines
from naps.errors import InputError


def read_timit(
    path: Path, rate: int = 16_000, *, may_overlap: bool = False
) -> tuple[Interval, ...]:
    """Read ``start end label`` lines, times in samples.

    Parameters
    ----------
    path : Path
        A ``.phn`` or ``.wrd`` file.
    rate : int
        Samples a second of the recording.
    may_overlap : bool
        Whether an interval may begin before the one in front of it ends, which is then cut
        there. TIMIT's words do where they share a phone, as *had your* in its sentence SA1.

    Raises
    ------
    InputError
        If there is no line, one does not parse, or intervals overlap or are unsorted (named by
        the line).

    References
    ----------
    Garofolo et al., TIMIT Acoustic-Phonetic Continuous Speech Corpus, LDC93S1, readme.doc, 1993.
    """
    intervals: list[Interval] = []
    for number, line in numbered_lines(path):
        try:
            start, end, label = line.split(maxsplit=2)
            interval = Interval(int(start), int(end), label.strip(), rate)
        except ValueError:
            raise InputError(f"{path}, line {number}: not 'start end label' in samples") from None
        if intervals and interval.start < intervals[-1].end:
            last = intervals[-1]
            if not may_overlap or interval.start <= last.start:
                raise InputError(
                    f"{path}, line {number}: begins before the interval in front of it ends"
                )
            intervals[-1] = Interval(last.start, interval.start, last.label, rate)
        intervals.append(interval)
    if not intervals:
        raise InputError(f"{path}: holds no intervals")
    return tuple(intervals)
