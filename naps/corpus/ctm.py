"""CTM files (NIST): a line an interval, of many recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from naps.corpus.interval import Interval
from naps.errors import InputError
from naps.files import read_text, write_text


def read_ctm(path: Path, rate: int = 16_000) -> dict[str, tuple[Interval, ...]]:
    """Read ``utterance channel start duration label [confidence]`` lines.

    Parameters
    ----------
    path : Path
        Comments begin with ``;;``.
    rate : int
        Samples a second that times are rounded to.

    Returns
    -------
    dict of str to tuple of Interval
        By utterance.

    Raises
    ------
    InputError
        If a line does not parse, or intervals overlap or are unsorted (named by the line).
    """
    found: dict[str, list[Interval]] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip() or line.startswith(";;"):
            continue
        try:
            utterance, _, start, duration, label, *_ = line.split()
            begin = float(start)
            interval = Interval.from_seconds(begin, begin + float(duration), label, rate)
        except ValueError:
            raise InputError(
                f"{path}, line {number}: not 'utterance channel start duration label'"
            ) from None
        tier = found.setdefault(utterance, [])
        if tier and interval.start < tier[-1].end:
            raise InputError(
                f"{path}, line {number}: begins before the interval in front of it ends"
            )
        tier.append(interval)
    return {utterance: tuple(tier) for utterance, tier in found.items()}


def write_ctm(path: Path, tiers: Mapping[str, Sequence[Interval]]) -> None:
    """Write one tier of many utterances, channel 1, times to the millisecond."""
    rows = [
        f"{utterance} 1 {i.start_s:.3f} {i.end_s - i.start_s:.3f} {i.label}"
        for utterance, tier in tiers.items()
        for i in tier
    ]
    write_text(path, "\n".join(rows) + "\n")
