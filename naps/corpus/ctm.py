"""CTM files (NIST): a line an interval, of many recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from naps.corpus.interval import Interval
from naps.corpus.lines import numbered_lines
from naps.errors import InputError
from naps.files import write_text

# Start and duration are rounded apart, mostly to 10 ms, so that neighbours may seem to overlap.
_ROUNDING_S = 0.01


@dataclass(frozen=True, slots=True)
class CtmLine:
    """One line of a CTM file, not yet looked at beyond its utterance.

    Attributes
    ----------
    where : str
        File and line, for messages.
    fields : tuple of str
        Utterance, channel, start, duration, label, and what may follow.
    """

    where: str
    fields: tuple[str, ...]

    @property
    def utterance(self) -> str:
        """Id of its utterance."""
        return self.fields[0]

    def add_to(self, channels: dict[str, list[Interval]], rate: int = 16_000) -> None:
        """Put the interval at the end of its channel.

        An overlap of up to 10 ms is taken for rounding, and the interval in front is cut.

        Raises
        ------
        InputError
            If fields are missing, the times are no times, or it begins before the one in front
            of it ends.
        """
        try:
            _, name, start, duration, label, *_ = self.fields
            begin = float(start)
            interval = Interval.from_seconds(begin, begin + float(duration), label, rate)
        except ValueError:
            raise InputError(
                f"{self.where}: not 'utterance channel start duration label' in seconds"
            ) from None
        channel = channels.setdefault(name, [])
        if channel and interval.start < channel[-1].end:
            last = channel[-1]
            if interval.start < max(last.start, last.end - round(_ROUNDING_S * rate)):
                raise InputError(f"{self.where}: begins before the interval in front of it ends")
            channel[-1] = Interval(last.start, interval.start, last.label, rate)
        channel.append(interval)


def ctm_lines(path: Path) -> Iterator[CtmLine]:
    """Read a CTM file line by line, without its comments.

    Raises
    ------
    InputError
        If the file cannot be read; what may be wrong in a line shows in `CtmLine.add_to`.
    """
    for number, line in numbered_lines(path):
        # Blanks and tabs alone divide fields: a label may hold a space of another kind.
        fields = tuple(field for field in line.replace("\t", " ").split(" ") if field)
        if not fields[0].startswith(";;"):
            yield CtmLine(f"{path}, line {number}", fields)


def name_channels(
    channels: Mapping[str, Sequence[Interval]], tier: str
) -> dict[str, tuple[Interval, ...]]:
    """Make tiers of channels: one is ``tier``, several are ``"A - tier"`` and so on."""
    several = len(channels) > 1
    return {
        f"{name} - {tier}" if several else tier: tuple(intervals)
        for name, intervals in channels.items()
    }


def read_ctm(
    path: Path, tier: str = "phones", rate: int = 16_000
) -> dict[str, dict[str, tuple[Interval, ...]]]:
    """Read ``utterance channel start duration label [confidence]`` lines.

    Parameters
    ----------
    path : Path
        Comments begin with ``;;``.
    tier : str
        What the intervals are, since the file does not say.
    rate : int
        Samples a second that times are rounded to.

    Returns
    -------
    dict
        utterance id → tier name → intervals. Of several channels, the tiers are named like
        ``"A - phones"``.

    Raises
    ------
    InputError
        If a line does not parse, or intervals overlap or are unsorted (named by the line). An
        overlap of up to 10 ms is rounding, since such files round start and duration apart.
    """
    found: dict[str, dict[str, list[Interval]]] = {}
    for line in ctm_lines(path):
        line.add_to(found.setdefault(line.utterance, {}), rate)
    return {utterance: name_channels(channels, tier) for utterance, channels in found.items()}


def write_ctm(path: Path, tiers: Mapping[str, Sequence[Interval]]) -> None:
    """Write one tier of many utterances, channel 1, times to the microsecond.

    Parameters
    ----------
    path : Path
        Replaced in one step; UTF-8.
    tiers : mapping of str to sequence of Interval
        By utterance; sorted and without overlap.

    Raises
    ------
    InputError
        If an id or a label is empty or holds blanks, which end a field, if an id looks like a
        comment, or if intervals overlap or are unsorted.
    """
    write_text(path, "".join(_rows(path, tiers)))


def _rows(path: Path, tiers: Mapping[str, Sequence[Interval]]) -> Iterator[str]:
    for utterance, tier in tiers.items():
        if not _is_field(utterance) or utterance.startswith(";;"):
            raise InputError(f"{path}: a CTM file cannot hold the utterance id {utterance!r}")
        for first, second in pairwise(tier):
            if second.start_s < first.end_s:
                raise InputError(
                    f"{path}: {second.label!r} of {utterance!r} begins before the one in front "
                    f"of it ends"
                )
        for interval in tier:
            if not _is_field(interval.label):
                raise InputError(f"{path}: a CTM file cannot hold the label {interval.label!r}")
            # The rounded end less the rounded start: what is read back meets its neighbour.
            start = round(interval.start_s, 6)
            duration = round(interval.end_s, 6) - start
            yield f"{utterance} 1 {start:.6f} {duration:.6f} {interval.label}\n"


def _is_field(text: str) -> bool:
    return bool(text) and not any(c in text for c in " \t\r\n")
