"""The numbers behind the figures, as files beside the pages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from naps.files import write_text
from naps.report.words import file_name


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

    def profile(self, name: str, dataset: xr.Dataset, file: str) -> str:
        """Write a profile of one lag, with a row for each label and a column for each channel.

        A profile over many lags is half a million numbers: its page links to the run's own file.
        """
        mean = dataset["mean"].transpose("label", "lag", "channel")
        if mean.shape[1] > 1:
            return f"../profiles/{file}"
        rows = zip(mean["label"].values.tolist(), mean.values[:, 0].tolist(), strict=True)
        header = ["label", *(f"c{channel}" for channel in range(mean.shape[2]))]
        return self.table(name, header, ([k, *(_brief(v) for v in row)] for k, row in rows))

    def _text(self, name: str, text: str) -> str:
        write_text(self.path / name, text)
        return f"{self.path.name}/{name}"


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
