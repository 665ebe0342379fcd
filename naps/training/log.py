"""The curves of a training run as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from naps.files import write_text

Row = dict[str, float]


def write_log(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write rows under all the columns that any of them has."""
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
