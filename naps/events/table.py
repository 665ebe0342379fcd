"""The table of events and its Parquet file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from naps.errors import InputError
from naps.events.letters import Row
from naps.files import replacing

_TYPES = {
    "utterance": "string",
    "frame": "int64",
    "time_s": "float64",
    "run_start": "int64",
    "run_end": "int64",
    "unit": "int64",
    "letter": "string",
    "probability": "float64",
    "reference": "string",
    "correct": "boolean",
    "word": "string",
    "word_index": "int64",
    "position": "int64",
    "word_length": "int64",
    "true_word": "string",
    "phoneme": "string",
    "previous_phone": "string",
    "next_phone": "string",
    "inserted": "boolean",
    "phone_source": "string",
    "phone_reason": "string",
    "pronunciation": "string",
    "variant": "Int64",
    "confidence": "Float64",
    "start_s": "Float64",
    "end_s": "Float64",
    "speaker": "string",
    "sex": "string",
    "language": "string",
    "split": "string",
}


def to_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Make a table of event rows with the same column types whatever they hold.

    Columns of text that no row has are added empty; numbers cannot be made up and are not.
    """
    frame = pd.DataFrame(list(rows))
    for column, dtype in _TYPES.items():
        if column not in frame:
            if len(frame) and dtype in ("int64", "float64"):
                continue
            frame[column] = pd.Series([None] * len(frame), dtype="object")
        frame[column] = frame[column].astype(dtype)  # type: ignore[call-overload]
    known = [c for c in _TYPES if c in frame]
    return frame[[*known, *(c for c in frame.columns if c not in _TYPES)]]


def write_events(path: Path, events: pd.DataFrame) -> None:
    """Write a table of events as Parquet."""
    with replacing(path) as temporary:
        events.to_parquet(temporary, index=False)


def read_events(path: Path, columns: Collection[str] | None = None) -> pd.DataFrame:
    """Read a table of events.

    Parameters
    ----------
    path : Path
    columns : collection of str, optional
        Read these alone, those of them that there are: a long corpus has many events.

    Raises
    ------
    InputError
        If the file is missing, damaged or no table of events.
    """
    try:
        known = pq.read_schema(path).names
        chosen = [name for name in known if columns is None or name in columns]
        events = pd.read_parquet(path, columns=chosen)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: not a readable table of events: {error}") from None
    missing = [c for c in ("utterance", "frame", "unit") if c not in events]
    if missing:
        raise InputError(f"{path}: lacks the columns {', '.join(missing)}")
    return events
