"""The numbers behind the figures, as files beside the pages."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from naps.files import replacing, write_text
from naps.report.words import file_name

# A CSV above this size is packed; pandas and R read .csv.gz as they read .csv.
_PACK_ABOVE = 2_000_000


@dataclass(frozen=True)
class DataFolder:
    """``report/data``: writes a file and gives the link to it from a page."""

    path: Path

    def table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
        """Write a CSV; None and NaN are empty fields."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_field(value) for value in row] for row in rows)
        return self._text(f"{file_name(name)}.csv", text.getvalue())

    def json(self, name: str, value: object) -> str:
        """Write a JSON file."""
        return self._text(
            f"{file_name(name)}.json", json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        )

    def matrix(self, name: str, labels: Sequence[str], values: np.ndarray) -> str:
        """Write a square matrix with its labels in the first row and column."""
        return self.table(
            name,
            ["label", *labels],
            ([label, *row] for label, row in zip(labels, values.tolist(), strict=True)),
        )

    def profile(self, name: str, dataset: xr.Dataset) -> str:
        """Write ``mean`` with a row for each label and lag and a column for each channel."""
        mean = dataset["mean"].transpose("label", "lag", "channel")
        lags = mean["lag"].values
        times = dataset["time_ms"].values if "time_ms" in dataset.coords else [""] * len(lags)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["label", "lag", "time_ms", *(f"c{c}" for c in range(mean.shape[2]))])
        for label, block in zip(mean["label"].values, mean.values, strict=True):
            for lag, time, row in zip(lags, times, block, strict=True):
                writer.writerow([label, lag, time, *(_brief(value) for value in row.tolist())])
        return self._text(f"{file_name(name)}.csv", text.getvalue())

    def _text(self, name: str, text: str) -> str:
        if len(text) <= _PACK_ABOVE:
            write_text(self.path / name, text)
            return f"{self.path.name}/{name}"
        with replacing(self.path / f"{name}.gz") as temporary:
            temporary.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
        return f"{self.path.name}/{name}.gz"


def _field(value: object) -> object:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return value


def _brief(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.5g}"


def flat(mapping: Mapping[str, object], before: str = "") -> list[tuple[str, object]]:
    """Lay a nested mapping out as rows of dotted key and value."""
    rows: list[tuple[str, object]] = []
    for key, value in mapping.items():
        name = f"{before}{key}"
        rows += flat(value, f"{name}.") if isinstance(value, Mapping) else [(name, value)]
    return rows
