"""The figures of a comparison, each with its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

from naps.plots import Curve
from naps.plots.comparison_curves import comparison_curve
from naps.plots.layer_matrix import layer_matrix
from naps.plots.tanglegram import Side, tanglegram
from naps.report.comparison_content import (
    MEASURES,
    ComparisonContent,
    LayerPair,
    Likeness,
    Trees,
)
from naps.report.comparison_findings import MEASURE_NAMES
from naps.report.element import Element
from naps.report.layer_page import colour_classes
from naps.report.report_folder import ReportFolder, Words
from naps.report.words import decimal, file_name, listed, plural, probability

_TITLES = {
    "unit_correlation": "Unit by unit",
    "rsa": "Distances between groups (RSA)",
    "cka": "Whole layers (CKA)",
}
_MEANINGS = {
    "unit_correlation": "Correlation of the profile of a group in the one run with that of the "
    "same group in the other, over units and times, averaged over the groups. Chance: groups "
    "paired at random.",
    "rsa": "Rank correlation of the distances between groups in the one run with those in the "
    "other, whichever units make them. Chance: groups paired at random.",
    "cka": "Debiased linear centred kernel alignment of what both networks do over the same "
    "frames: 1 where a rotation, a shift and a scale make the layers equal. Chance: the same "
    "with the recordings of one of them rotated in time.",
}
_CHANGED = 6


def curve_elements(content: ComparisonContent, out: ReportFolder) -> list[Element]:
    """Draw every measure that was made over the pairs of layers."""
    layers = [pair.name for pair in content.layers]
    elements = []
    for measure in MEASURES:
        found = [pair.measures.get(measure, Likeness(math.nan)) for pair in content.layers]
        if not any(likeness.known for likeness in found):
            continue
        identity = f"curve-{measure.replace('_', '-')}"
        header = [field.name for field in fields(Likeness)]
        name = MEASURE_NAMES[measure]
        values = zip(layers, found, strict=True)
        words = Words(
            title=_TITLES[measure],
            alt=f"The {name} over the layers, with its interval and chance: "
            + ", ".join(f"{layer} {decimal(likeness.value, 2)}" for layer, likeness in values)
            + ".",
            caption=f"{_MEANINGS[measure]} Filled dots are above chance.",
            data=out.data.table(
                identity,
                ["layer_a", "layer_b", *header],
                (
                    [pair.a, pair.b, *(getattr(likeness, key) for key in header)]
                    for pair, likeness in zip(content.layers, found, strict=True)
                ),
            ),
        )
        figure = comparison_curve(layers, likeness_curve(name, found), measure=name)
        elements.append(out.drawing(identity, figure, words))
    return elements


def likeness_curve(name: str, found: Sequence[Likeness]) -> Curve:
    """Give a measure over the layers as a curve."""
    lines = {field.name: [getattr(x, field.name) for x in found] for field in fields(Likeness)}
    return Curve(
        name,
        lines["value"],
        lines["chance_mean"],
        lines["chance_p99"],
        significant=[likeness.above_chance for likeness in found],
        low=lines["low"],
        high=lines["high"],
        ceiling=lines["ceiling"],
    )


def matrix_elements(content: ComparisonContent, out: ReportFolder) -> list[Element]:
    """Draw every layer of the one against every layer of the other."""
    elements = []
    for measure, matrix in content.matrices.items():
        identity, name = f"matrix-{measure}", MEASURE_NAMES[measure]
        figure = layer_matrix(
            matrix.values, matrix.layers_a, matrix.layers_b, measure=name, names=content.names
        )
        nearest = [f"{a} and {b} {decimal(value, 2)}" for a, b, value in matrix.nearest()]
        rows = zip(matrix.layers_a, matrix.values.tolist(), strict=True)
        words = Words(
            title=f"Every layer against every other ({name})",
            alt=f"Heat map of {len(matrix.layers_a)} by {len(matrix.layers_b)} layers. Most "
            f"alike: {listed(nearest)}.",
            caption=f"Dark is alike. Up: layers of {content.names[0]}; to the right: layers of "
            f"{content.names[1]}.",
            data=out.data.table(
                identity, ["layer", *matrix.layers_b], ([layer, *row] for layer, row in rows)
            ),
        )
        elements.append(out.drawing(identity, figure, words))
    return elements


def tree_element(content: ComparisonContent, pair: LayerPair, out: ReportFolder) -> Element:
    """Draw the trees of a pair of layers face to face."""
    trees = pair.trees
    assert trees is not None
    identity = file_name(f"trees-{pair.name}")
    names = content.names
    classes = colour_classes(content.group, [*trees.labels_a, *trees.labels_b])
    figure = tanglegram(
        Side(names[0], trees.labels_a, trees.order_a, trees.merges_a),
        Side(names[1], trees.labels_b, trees.order_b, trees.merges_b),
        None if classes is None else classes[: len(trees.labels_a)],
        metric=content.metric,
    )
    for name, merges in (("a", trees.merges_a), ("b", trees.merges_b)):
        header = ["first", "second", "distance", "size"]
        out.data.table(f"{identity}-linkage-{name}", header, merges.tolist())
    words = Words(
        title=f"Trees of {pair.name}",
        alt=f"Two trees of {len(trees.labels_a)} {plural(content.group)}, the same ones joined by "
        f"lines. From top to bottom, {names[0]}: "
        f"{listed([trees.labels_a[i] for i in trees.order_a])}; {names[1]}: "
        f"{listed([trees.labels_b[i] for i in trees.order_b])}.",
        caption=f"Left {names[0]}, right {names[1]}; {content.metric} distance, {content.linkage} "
        f"linkage. {_entanglement(trees)}{_changed(pair)}",
        data=out.data.table(identity, ["a", "b", "place_a", "place_b"], _places(trees)),
    )
    return out.drawing(identity, figure, words)


def _places(trees: Trees) -> list[list[object]]:
    place_a = {index: place for place, index in enumerate(trees.order_a)}
    place_b = {index: place for place, index in enumerate(trees.order_b)}
    return [
        [a, b, place_a[i], place_b[i]]
        for i, (a, b) in enumerate(zip(trees.labels_a, trees.labels_b, strict=True))
    ]


def _entanglement(trees: Trees) -> str:
    if math.isnan(trees.entanglement):
        return ""
    text = f"Entanglement {decimal(trees.entanglement, 2)} (0: the leaves stand in the same order"
    if not math.isnan(trees.chance_mean):
        text += f"; chance mean {decimal(trees.chance_mean, 2)}"
    if not math.isnan(trees.chance_p01):
        text += f", 1st percentile {decimal(trees.chance_p01, 2)}"
    if not math.isnan(trees.p):
        text += f", p = {probability(trees.p)}"
    return f"{text})."


def _changed(pair: LayerPair) -> str:
    found = [group for group in pair.groups if not math.isnan(group.correlation)]
    least = sorted(found, key=lambda group: group.correlation)[:_CHANGED]
    if not least:
        return ""
    named = [f"{group.name} {decimal(group.correlation, 2)}" for group in least]
    return f" Least alike, unit by unit: {listed(named)}."
