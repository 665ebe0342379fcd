"""The tables of a comparison, each with its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from naps.report.comparison_content import (
    MEASURES,
    ComparisonContent,
    GroupLikeness,
    LayerPair,
    Likeness,
)
from naps.report.comparison_findings import MEASURE_NAMES, languages, within
from naps.report.data import DataFolder, flat
from naps.report.element import Cell, Element, facts, table
from naps.report.finding import known
from naps.report.words import decimal, file_name, percent, plural, probability, shown

_MOST_CHANGED = 12
_NOTHING = "–"
_SHARED_NOISE = (
    " Recognizers that hear the same speech share the noise of its events, and may be more alike."
)


def likeness_table(
    content: ComparisonContent, pages: Mapping[str, str], data: DataFolder
) -> Element:
    """Make the table of all measures of all pairs of layers; ``pages`` gives the page of each."""
    made = [m for m in MEASURES if any(m in pair.measures for pair in content.layers)]
    header = ["layer"]
    for measure in made:
        header.append(MEASURE_NAMES[measure])
        if measure != "cka":
            header += [f"p, {MEASURE_NAMES[measure]}", "ceiling"]
    header.append("entanglement")
    rows: list[list[str | Markup | Cell]] = []
    for pair in content.layers:
        name: str | Markup = pair.name
        if pair.name in pages:
            name = Markup('<a href="{}">{}</a>').format(pages[pair.name], pair.name)
        cells: list[str | Markup | Cell] = [name]
        for measure in made:
            likeness = pair.measures.get(measure, Likeness(math.nan))
            cells.append(
                Cell(within(likeness) if likeness.known else _NOTHING, known(likeness.value))
            )
            if measure != "cka":
                p = likeness.p if math.isnan(likeness.p_corrected) else likeness.p_corrected
                cells.append(_NOTHING if math.isnan(p) else probability(p))
                cells.append(_number(likeness.ceiling))
        cells.append(_number(math.nan if pair.trees is None else pair.trees.entanglement))
        rows.append(cells)
    keys = list(Likeness.__dataclass_fields__)
    return table(
        "How alike the layers are",
        header,
        rows,
        numeric=range(1, len(header)),
        caption="In brackets the 95 % interval. p is corrected for the number of layers "
        "(Benjamini and Hochberg). The ceiling is what the noise of the profiles would leave of "
        f"equal ones.{_SHARED_NOISE if content.case == 'same-speech' else ''}",
        data=data.table(
            "layers",
            ["layer_a", "layer_b", "measure", *keys],
            (
                [pair.a, pair.b, name, *(getattr(likeness, key) for key in keys)]
                for pair in content.layers
                for name, likeness in pair.measures.items()
            ),
        ),
    )


def agreement_tables(content: ComparisonContent, data: DataFolder) -> list[Element]:
    """Make the tables of what both recognizers write; nothing where they hear other speech."""
    agreement = content.agreement
    if agreement is None:
        return []
    kinds = [("frames", agreement.frames)]
    if agreement.events is not None:
        kinds.append((f"letters of {content.names[0]}", agreement.events))
    keys = ("value", "low", "high", "chance_mean")
    elements = [
        table(
            "Predictions of both",
            ["of", "number", "the same", "95 % interval", "chance"],
            [
                [
                    name,
                    shown(share.count),
                    percent(share.same.value),
                    _NOTHING
                    if math.isnan(share.same.low)
                    else f"{percent(share.same.low)} to {percent(share.same.high)}",
                    percent(share.same.chance_mean),
                ]
                for name, share in kinds
            ],
            numeric=range(1, 5),
            caption=f"Frames: both hold the same letter, or none, for the most probable. Letters: "
            f"{content.names[1]} has the letter there or close by, too. Chance: what the one "
            f"writes against what the other writes elsewhere in the utterance.",
            data=data.table(
                "agreement",
                ["of", "number", "same", "low", "high", "chance"],
                (
                    [name, share.count, *(getattr(share.same, key) for key in keys)]
                    for name, share in kinds
                ),
            ),
        )
    ]
    if agreement.letters and agreement.events is not None:
        letters = sorted(agreement.letters, key=lambda row: (-row.events, row.letter))
        elements.append(
            table(
                "Letters of both",
                ["letter", "events", "the same"],
                [[row.letter, shown(row.events), percent(row.same)] for row in letters],
                numeric=(1, 2),
                caption=f"Events at which {content.names[0]} writes the letter, and how often "
                f"{content.names[1]} writes it there, too. Over all letters, chance is "
                f"{percent(agreement.events.same.chance_mean)}.",
                data=data.table(
                    "agreement_letters",
                    ["letter", "events", "same"],
                    ([row.letter, row.events, row.same] for row in letters),
                ),
            )
        )
    return elements


def change_table(content: ComparisonContent, data: DataFolder) -> Element | None:
    """Make the table of the groups that change most over all layers; None without any."""
    found: dict[str, list[tuple[str, GroupLikeness]]] = {}
    for pair in content.layers:
        for group in pair.groups:
            if not math.isnan(group.correlation):
                found.setdefault(group.name, []).append((pair.name, group))
    if not found:
        return None
    means = {name: _mean([g.correlation for _, g in rows]) for name, rows in found.items()}
    order = sorted(means, key=lambda name: (means[name], name))
    rows: list[list[str | Markup | Cell]] = []
    for name in order[:_MOST_CHANGED]:
        layers = sorted(found[name], key=lambda row: row[1].correlation)
        (low, least), (high, most) = layers[0], layers[-1]
        rows.append(
            [
                name, decimal(means[name], 2),
                Cell(f"{low}: {decimal(least.correlation, 2)}", least.correlation),
                _number(least.ceiling),
                Cell(f"{high}: {decimal(most.correlation, 2)}", most.correlation),
                shown(least.count_a), shown(least.count_b),
            ]
        )  # fmt: skip
    return table(
        f"{plural(content.group).capitalize()} that change most",
        [content.group, "mean", "least alike in", "ceiling there", "most alike in",
         f"events, {content.names[0]}", f"events, {content.names[1]}"],
        rows,
        numeric=(1, 3, 5, 6),
        caption=f"Correlation, unit by unit, of a profile in both runs: its mean over the layers, "
        f"where it is least and where most. The {len(rows)} least alike of {len(order)}; the data "
        f"hold all of them, layer by layer.",
        data=_group_data("phones", list(content.layers), data),
    )  # fmt: skip


def layer_change_table(
    content: ComparisonContent, pair: LayerPair, data: DataFolder
) -> Element | None:
    """Make the table of all groups of a pair of layers; None without any."""
    if not pair.groups:
        return None
    return table(
        f"{plural(content.group).capitalize()} in {pair.name}",
        [content.group, "correlation", "ceiling", *(f"events, {n}" for n in content.names)],
        [
            [g.name, _number(g.correlation), _number(g.ceiling), shown(g.count_a), shown(g.count_b)]
            for g in sorted(pair.groups, key=lambda g: (math.isnan(g.correlation), g.correlation))
        ],
        numeric=range(1, 5),
        caption="Correlation, unit by unit, of the profile in both runs; the least alike first.",
        data=_group_data(f"phones-{pair.name}", [pair], data),
    )


def _group_data(name: str, pairs: list[LayerPair], data: DataFolder) -> str:
    return data.table(
        file_name(name),
        ["layer_a", "layer_b", "a", "b", "correlation", "ceiling", "count_a", "count_b"],
        (
            [pair.a, pair.b, g.a, g.b, g.correlation, g.ceiling, g.count_a, g.count_b]
            for pair in pairs
            for g in pair.groups
        ),
    )


def left_out_table(content: ComparisonContent, data: DataFolder) -> Element:
    """Make the table of the groups that are compared and of those that cannot be."""
    shared = [a if a == b else f"{a}/{b}" for a, b in content.shared]
    groups = [("in both", shared), (f"only in {content.names[0]}", list(content.only_a))]
    groups.append((f"only in {content.names[1]}", list(content.only_b)))
    return table(
        f"{plural(content.group).capitalize()} of both and of one",
        ["where", "number", plural(content.group)],
        [[where, shown(len(labels)), " ".join(labels) or _NOTHING] for where, labels in groups],
        numeric=(1,),
        caption="Only what both have often enough is compared; symbols of two languages that "
        "stand for the same phone are one.",
        data=data.table(
            "groups",
            ["where", "a", "b"],
            [
                *(["both", a, b] for a, b in content.shared),
                *(["a", label, None] for label in content.only_a),
                *(["b", None, label] for label in content.only_b),
            ],
        ),
    )


def provenance_cards(content: ComparisonContent, data: DataFolder) -> list[Element]:
    """Make a card for each run, one for the comparison and one for the versions."""
    made = dict(content.provenance)
    sources = [made.pop("a", None), made.pop("b", None)]
    versions = made.pop("versions", None) or {}
    cards = [
        facts(name, _run_facts(run, source), data.json(f"run-{letter}", run | {"source": source}))
        for name, run, source, letter in zip(
            content.names, (dict(content.a), dict(content.b)), sources, "ab", strict=True
        )
    ]
    options = {
        "group": content.group, "kind": content.kind, "metric": content.metric,
        "linkage": content.linkage, "contrast": content.contrast,
    } | made  # fmt: skip
    values = {
        key.removeprefix("options.").replace("_", " "): shown(value)
        for key, value in flat(options)
        if value not in (None, [])
    }
    return [
        *cards,
        facts("Comparison", values, data.json("provenance", options)),
        facts("Versions", {key: shown(value) for key, value in flat(versions)}),
    ]


def _run_facts(run: Mapping[str, Any], source: object) -> dict[str, str]:
    values = {
        "model": shown(run.get("model")),
        "model SHA-256": shown(run.get("model_sha256")),
        "language of the model": languages(run.get("language")),
        "language of the speech": languages(run.get("speech")),
        "manifest SHA-256": shown(run.get("manifest_sha256")),
        "utterances": shown(run.get("utterances")),
        "events": shown(run.get("events")),
    }
    if isinstance(source, Mapping):
        values |= {str(key).replace("_", " "): shown(value) for key, value in source.items()}
    return values


def _number(value: float) -> str:
    return _NOTHING if math.isnan(value) else decimal(value, 2)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
