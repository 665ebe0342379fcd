"""Several trainings of one recipe, each in a folder of its own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from naps.files import write_text
from naps.training.config import TrainConfig
from naps.training.loop import train

MEASURES = ("cer", "wer", "cer_macro", "wer_macro")


def trained(
    name: str,
    config: TrainConfig,
    out: Path,
    *,
    device: torch.device | str,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train or continue one run of a table, unless it is finished; return its ``figures.json``.

    Parameters
    ----------
    name : str
        Of the run's folder below `out`.
    config : TrainConfig
    out : Path
        Folder of the table.
    device : torch.device or str
    say : callable
        Gets lines for people, with the run's name.
    """
    figures = out / name / "figures.json"
    if figures.is_file():
        say(f"{name}: already done")
    else:
        train(config, out / name, device=device, say=lambda line: say(f"{name}: {line}"))
    facts: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return facts


def error_columns(rates: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Name the error rates of ``figures.json`` as columns ``"CORPUS SPLIT MEASURE"``."""
    return {
        f"{where} {measure}": round(found[measure], 5)
        for where, found in rates.items()
        for measure in MEASURES
    }


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV under the columns of the first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
