"""What a run of relevance tests found, read from its folder."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naps.errors import InputError

Row = Mapping[str, Any]
TABLES = (
    "deletion", "toy", "conservation", "cascade", "agreement", "context", "models", "lowest",
)  # fmt: skip


@dataclass(frozen=True)
class RelevanceContent:
    """The tables of ``relevance/``.

    Attributes
    ----------
    facts : mapping
        ``model.json``.
    record : mapping
        ``run.json``.
    tables : mapping of str to sequence of mapping
        By the name of the test; empty where it was not made.
    """

    facts: Mapping[str, Any]
    record: Mapping[str, Any]
    tables: Mapping[str, Sequence[Row]]

    def methods(self, table: str) -> list[str]:
        """Name the methods in a table, each once."""
        return list(dict.fromkeys(str(row["method"]) for row in self.tables[table]))

    def of(self, table: str, **wanted: object) -> list[Row]:
        """Return the rows with certain values."""
        return [
            row
            for row in self.tables[table]
            if all(row.get(key) == value for key, value in wanted.items())
        ]


def read_relevance(run: Path) -> RelevanceContent:
    """Read what `naps.pipeline.sentiment_runner` wrote.

    Raises
    ------
    InputError
        If the folder has no such results or a file is broken.
    """
    folder = run / "relevance"
    tables: dict[str, list[Row]] = {}
    for name in TABLES:
        found = _read(folder / f"{name}.json") if (folder / f"{name}.json").is_file() else []
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise InputError(f"{folder / f'{name}.json'}: no table; run the recipe again")
        tables[name] = found
    facts, record = _read(folder / "model.json"), _read(run / "run.json")
    if not isinstance(facts, dict) or not isinstance(record, dict):
        raise InputError(f"{folder / 'model.json'}: no facts; run the recipe again")
    return RelevanceContent(facts, record, tables)


def value(row: Row, key: str) -> float:
    """Return a number of a row; NaN where it has none."""
    found = row.get(key)
    return float(found) if isinstance(found, int | float) else math.nan


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); run the recipe again") from None
