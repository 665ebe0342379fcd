"""What single units of a sentiment LSTM are relevant for, over a file of sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from naps.errors import InputError
from naps.files import write_json
from naps.models import SentimentModel
from naps.pipeline.explaining_options import MethodOptions
from naps.relevance import (
    LRP,
    AttentionSpan,
    UnitRelevance,
    UnitSigns,
    UnitTokens,
    attention_span,
    explain,
    unit_part,
    unit_signs,
    unit_tokens,
)
from naps.relevance.unit_tokens import PARTS
from naps.report.data import DataFolder
from naps.report.element import Element
from naps.report.explained import ExplainedSentences
from naps.report.explained_units import UnitRow, span_element, unit_table
from naps.report.report_folder import ReportFolder, fit
from naps.similarity.correction import corrected

FORMAT = "naps-unit-relevance-1"
_BATCH = 64
_WORDS = 10
# Of a large file, words that occur but once or twice say little of a unit.
_LEAST = 3


@dataclass(frozen=True)
class Row:
    """The units of one direction of one layer.

    Attributes
    ----------
    layer : str
    direction : {"forward", "backward"}
    tokens : mapping of str to UnitTokens
        By part of a unit: ``word``, ``input``, ``forget``, ``output``.
    sizes : array, shape (units,)
        Mean size of the relevance that comes through a unit from one sentence.
    signs : UnitSigns or None
        None where only one side of the classes was predicted.
    p : array, shape (units,)
        Of the signs, corrected for the number of units; NaN where there are none.
    """

    layer: str
    direction: str
    tokens: Mapping[str, UnitTokens]
    sizes: np.ndarray
    signs: UnitSigns | None
    p: np.ndarray


@dataclass(frozen=True)
class Units:
    """All units, and how far back the network looks.

    Attributes
    ----------
    rows : tuple of Row
    span : AttentionSpan
    least : int
        Occurrences that a word needed to be among the first.
    """

    rows: tuple[Row, ...]
    span: AttentionSpan
    least: int


def explain_units(
    model: SentimentModel, found: ExplainedSentences, options: MethodOptions
) -> Units:
    """Take relevance of explained sentences apart by unit (after Chalkiadakis 2017).

    A unit is positive where it is among the five strongest of sentences predicted to be of the
    upper half of the classes and of no others; a class in the middle counts for neither.

    Parameters
    ----------
    model : SentimentModel
    found : ExplainedSentences
        Of the predicted classes.
    options : MethodOptions
        Layer-wise relevance propagation.

    Raises
    ------
    InputError
        If the method is another, or a class other than the predicted one is explained.
    """
    method, _ = options.for_sentences()
    if not isinstance(method, LRP):
        raise InputError("--units takes --method lrp: others do not reach the units")
    if any(one.target != one.predicted for one in found.sentences):
        raise InputError("--units explains the predicted classes; leave out --target")
    asked = LRP(method.composite, units=True)
    order = sorted(range(len(found.sentences)), key=lambda i: len(found.sentences[i].words))
    batches: dict[tuple[str, int], list[tuple[list[tuple[str, ...]], UnitRelevance]]] = {}
    tokens: list[torch.Tensor] = []
    for start in range(0, len(order), _BATCH):
        some = [found.sentences[place] for place in order[start : start + _BATCH]]
        ids = [model.encode(one.words).ids for one in some]
        result = explain(
            model.network,
            pad_sequence(ids, batch_first=True),
            [one.target for one in some],
            asked,
            lengths=[len(one) for one in ids],
        )
        tokens += [row[: len(one)].cpu() for row, one in zip(result.tokens, ids, strict=True)]
        for name, recurrent in result.recurrent.items():
            for number, units in enumerate(recurrent.units):
                batches.setdefault((name, number), []).append(([one.words for one in some], units))
    least = _LEAST if len(order) >= 200 else 1
    predicted = np.array([found.sentences[place].predicted for place in order])
    middle = (len(model.classes) - 1) / 2
    directions = model.network.rows
    rows = []
    for (name, number), some_batches in batches.items():
        values = np.concatenate([unit_part(units, "word").sum(1) for _, units in some_batches])
        sided = predicted != middle
        positive = predicted[sided] > middle
        signs = None
        p = np.full(values.shape[1], np.nan)
        if positive.any() and not positive.all():
            signs = unit_signs(values[sided], positive, top=min(5, values.shape[1]))
            p = corrected(signs.p.tolist())
        rows.append(
            Row(
                f"{name}.{number // directions + 1}",
                "backward" if number % directions else "forward",
                {part: unit_tokens(some_batches, part) for part in PARTS},
                np.abs(values).mean(0),
                signs,
                p,
            )
        )
    lengths = [len(row) for row in tokens]
    span = attention_span(pad_sequence(tokens, batch_first=True), lengths)
    return Units(tuple(rows), span, least)


def write_units(units: Units, folder: Path) -> list[Element]:
    """Write ``units.json`` and tables beside it; return what a page shows.

    The form of the file is in ``docs/relevance.md``.
    """
    span = units.span
    record = {
        "format": FORMAT,
        "least": units.least,
        "parts": list(PARTS),
        "rows": [_row_record(row, units.least) for row in units.rows],
        "span": {
            "share": span.shares.mean.tolist(),
            "low": span.shares.low.tolist(),
            "high": span.shares.high.tolist(),
            "even": span.even.tolist(),
            "items": span.items.tolist(),
            "half": {n: float(getattr(span.half, n)) for n in ("mean", "low", "high")},
        },
    }
    write_json(folder / "units.json", record)
    out = ReportFolder(folder)
    table = unit_table(_listed(units), DataFolder(folder / "data"))
    return [*fit([span_element(span, out)]), table]


def _row_record(row: Row, least: int) -> dict[str, Any]:
    units = []
    for unit, size in enumerate(row.sizes.tolist()):
        signs = row.signs
        units.append(
            {
                "unit": unit,
                "size": size,
                "sign": None if signs is None else signs.labels[unit],
                "positive": None if signs is None else int(signs.positive[unit]),
                "negative": None if signs is None else int(signs.negative[unit]),
                "p": float(row.p[unit]),
                "words": {
                    part: [
                        {"word": word, "mean": mean, "count": count}
                        for word, mean, count in _top(tokens, unit, least)
                    ]
                    for part, tokens in row.tokens.items()
                },
            }
        )
    return {"layer": row.layer, "direction": row.direction, "units": units}


def _top(tokens: UnitTokens, unit: int, least: int) -> list[tuple[str, float, int]]:
    counts = dict(zip(tokens.tokens, tokens.counts.tolist(), strict=True))
    return [(w, mean, counts[w]) for w, mean in tokens.top(unit, _WORDS, least=least)]


def _listed(units: Units) -> Sequence[UnitRow]:
    found = [
        UnitRow(
            layer=row.layer,
            direction=row.direction,
            unit=unit,
            size=float(size),
            sign="" if row.signs is None else row.signs.labels[unit],
            p=float(row.p[unit]),
            words={
                part: tuple((w, mean) for w, mean, _ in _top(tokens, unit, units.least)[:4])
                for part, tokens in row.tokens.items()
            },
        )
        for row in units.rows
        for unit, size in enumerate(row.sizes)
    ]
    return sorted(found, key=lambda one: -one.size)
