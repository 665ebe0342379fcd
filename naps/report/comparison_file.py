"""Reading ``comparison.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from naps.errors import InputError
from naps.report.comparison_content import (
    MEASURES,
    Agreement,
    ComparisonContent,
    GroupLikeness,
    LayerMatrix,
    LayerPair,
    LetterAgreement,
    Likeness,
    Share,
    Statement,
    Trees,
)

CASES = ("same-model", "same-speech", "both-differ")


def read_comparison(folder: Path) -> ComparisonContent:
    """Read ``comparison.json`` of a folder.

    Raises
    ------
    InputError
        If it is not there, or is broken.
    """
    path = folder / "comparison.json"
    if not path.is_file():
        raise InputError(f"{folder}: no comparison (no comparison.json); make one: naps compare")
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
        content = _content(folder, data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: no readable comparison ({error}); compare the runs again"
        ) from None
    if content.case not in CASES:
        raise InputError(f"{path}: case {content.case!r}; there are: {', '.join(CASES)}")
    return content


def _content(folder: Path, data: Mapping[str, Any]) -> ComparisonContent:
    return ComparisonContent(
        path=folder,
        case=str(data["case"]),
        a=dict(data["a"]),
        b=dict(data["b"]),
        group=str(data["group"]),
        kind=str(data["kind"]),
        metric=str(data.get("metric", "unknown")),
        linkage=str(data.get("linkage", "unknown")),
        contrast=str(data.get("contrast", "none")),
        shared=tuple((str(a), str(b)) for a, b in data["shared"]),
        only_a=_texts(data.get("only_a")),
        only_b=_texts(data.get("only_b")),
        same_units=bool(data.get("same_units")),
        layers=tuple(map(_layer, data["layers"])),
        matrices={
            name: found
            for name in ("cka", "rsa")
            if (found := _matrix(data.get(f"{name}_matrix"))) is not None
        },
        agreement=_agreement(data.get("agreement")),
        statement=_statement(data.get("statement")),
        provenance=dict(data.get("provenance") or {}),
    )


def _layer(data: Mapping[str, Any]) -> LayerPair:
    return LayerPair(
        a=str(data["a"]),
        b=str(data["b"]),
        measures={
            name: found for name in MEASURES if (found := _likeness(data.get(name))) is not None
        },
        groups=tuple(
            GroupLikeness(
                str(row["a"]), str(row["b"]), _number(row.get("correlation")),
                _number(row.get("ceiling")), int(row["count_a"]), int(row["count_b"]),
            )
            for row in data.get("phones") or ()
        ),
        trees=None if data.get("tanglegram") is None else _trees(data["tanglegram"]),
    )  # fmt: skip


def _trees(data: Mapping[str, Any]) -> Trees:
    found = data.get("entanglement") or {}
    return Trees(
        labels_a=_texts(data["labels_a"]),
        labels_b=_texts(data["labels_b"]),
        order_a=tuple(int(index) for index in data["order_a"]),
        order_b=tuple(int(index) for index in data["order_b"]),
        merges_a=np.array(data["merges_a"], dtype=float).reshape(-1, 4),
        merges_b=np.array(data["merges_b"], dtype=float).reshape(-1, 4),
        entanglement=_number(found.get("value")),
        chance_mean=_number(found.get("chance_mean")),
        chance_p01=_number(found.get("chance_p01")),
        p=_number(found.get("p")),
    )


def _matrix(data: Mapping[str, Any] | None) -> LayerMatrix | None:
    if data is None or not data["values"]:
        return None
    layers_a, layers_b = _texts(data["layers_a"]), _texts(data["layers_b"])
    values = np.array([[_number(x) for x in row] for row in data["values"]], dtype=float)
    return LayerMatrix(layers_a, layers_b, values.reshape(len(layers_a), len(layers_b)))


def _agreement(data: Mapping[str, Any] | None) -> Agreement | None:
    if data is None:
        return None
    return Agreement(
        frames=_share(data, "frames"),
        events=None if data.get("events") is None else _share(data, "events"),
        letters=tuple(
            LetterAgreement(str(row["letter"]), int(row["events"]), _number(row.get("same")))
            for row in data.get("by_letter") or ()
        ),
    )


def _share(data: Mapping[str, Any], what: str) -> Share:
    numbers = [_number(data.get(f"{what}_{name}")) for name in ("same", "low", "high", "chance")]
    return Share(int(data[what]), Likeness(*numbers))


def _statement(data: Mapping[str, Any] | None) -> Statement | None:
    if data is None:
        return None
    nothing = Likeness(math.nan)
    similarity = data.get("similarity") or {}
    holds = data.get("holds")
    return Statement(
        claim=str(data["claim"]),
        layers=_texts(similarity.get("layers")),
        similarity=_likeness(similarity) or nothing,
        predictions=_likeness(data.get("predictions")) or nothing,
        predictions_cka=_likeness(data.get("predictions_cka")) or nothing,
        difference=_likeness(data.get("difference")) or nothing,
        holds=None if holds is None else bool(holds),
        by=str(data.get("by") or ""),
    )


def _likeness(data: Mapping[str, Any] | None) -> Likeness | None:
    if not data:
        return None
    names = Likeness.__dataclass_fields__
    return Likeness(**{name: _number(data.get(name)) for name in names})


def _texts(values: Sequence[object] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or ())


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
