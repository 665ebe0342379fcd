"""Files of labelled intervals made of events, for Praat and other tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from naps.corpus.ctm import write_ctm
from naps.corpus.interval import Interval
from naps.corpus.label_files import file_stem
from naps.corpus.textgrid import write_textgrid
from naps.errors import InputError
from naps.events.tiers import TIERS, EventTiers, event_tiers
from naps.files import replacing, write_text

Format = Literal["textgrid", "ctm", "parquet", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)

_COLUMNS = {
    "utterance": "string", "tier": "string", "start_s": "float64", "end_s": "float64",
    "label": "string",
}  # fmt: skip


def export_events(
    events: pd.DataFrame,
    folder: Path,
    format: Format,
    *,
    frame_s: float,
    durations: Mapping[str, float],
) -> list[Path]:
    """Write the phones, letters and words of events as intervals, made as `event_tiers` says.

    Parameters
    ----------
    events : DataFrame
        As ``events.parquet`` of a run.
    folder : Path
        Made where it is missing; files of the same names are replaced.
    format : {"textgrid", "ctm", "parquet", "csv"}
        ``textgrid`` writes ``ID.TextGrid`` for each utterance with events, in whose name ``/``
        and the like are written as in addresses on the web (``%2F``); ``ctm`` writes
        ``phones.ctm``, ``letters.ctm`` and ``words.ctm``; ``parquet`` and ``csv`` write
        ``intervals.parquet`` or ``intervals.csv`` with the columns ``utterance, tier, start_s,
        end_s, label``.
    frame_s : float
        Seconds between output frames.
    durations : mapping of str to float
        Seconds of each utterance's recording.

    Returns
    -------
    list of Path
        What was written; nothing for ``textgrid`` when there are no events.

    Raises
    ------
    InputError
        If there is no such format, the events are not fit for `event_tiers`, or the format
        cannot hold an id or a label (in a CTM file no blanks).
    """
    if format not in FORMATS:
        raise InputError(f"no export format {format!r}; there are: {', '.join(FORMATS)}")
    intervals = event_tiers(events, frame_s=frame_s, durations=durations)
    if format == "textgrid":
        return _write_textgrids(folder, intervals, durations)
    if format == "ctm":
        return _write_ctms(folder, intervals)
    return [_write_table(folder / f"intervals.{format}", intervals)]


def _write_textgrids(
    folder: Path, intervals: Iterable[tuple[str, EventTiers]], durations: Mapping[str, float]
) -> list[Path]:
    paths: dict[str, Path] = {}
    taken: dict[str, str] = {}
    for utterance, tiers in intervals:
        stem = file_stem(utterance)
        # Where case does not count, the second of two such files would replace the first.
        other = taken.setdefault(stem.casefold(), utterance)
        if other != utterance:
            raise InputError(
                f"{other!r} and {utterance!r} differ in case alone, which is too little for the "
                f"names of files; export another format"
            )
        paths[utterance] = folder / f"{stem}.TextGrid"
        write_textgrid(paths[utterance], tiers, durations[utterance])
    return list(paths.values())


def _write_ctms(folder: Path, intervals: Iterable[tuple[str, EventTiers]]) -> list[Path]:
    files: dict[str, dict[str, tuple[Interval, ...]]] = {name: {} for name in TIERS}
    for utterance, tiers in intervals:
        for name, tier in tiers.items():
            files[name][utterance] = tier
    for name, tier_of in files.items():
        write_ctm(folder / f"{name}.ctm", tier_of)
    return [folder / f"{name}.ctm" for name in files]


def _write_table(path: Path, intervals: Iterable[tuple[str, EventTiers]]) -> Path:
    rows = [
        (utterance, name, interval.start_s, interval.end_s, interval.label)
        for utterance, tiers in intervals
        for name, tier in tiers.items()
        for interval in tier
    ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    if path.suffix == ".csv":
        write_text(path, table.to_csv(index=False))
    else:
        with replacing(path) as temporary:
            table.to_parquet(temporary, index=False)
    return path
