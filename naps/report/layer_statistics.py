"""The statistics of one layer as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from naps.report.clusters import LEVEL, Statistic, Tree
from naps.report.data import DataFolder
from naps.report.element import Element, table
from naps.report.words import (
    RELATION_NAMES,
    SHORT_KINDS,
    STATISTIC_NAMES,
    decimal,
    file_name,
    probability,
    shown,
)

_HEADER = [
    "category",
    "statistic",
    "value",
    "chance mean",
    "chance 99 %",
    "p",
    "p, corrected over layers",
    "above chance",
    "permutations",
]


def statistics_table(
    layer: str, kind: str, trees: list[tuple[str, Tree]], data: DataFolder
) -> Element:
    """Make the table of all statistics of the groups of one layer and kind.

    Parameters
    ----------
    layer, kind : str
    trees : list of (str, Tree)
        Each group's.
    data : DataFolder

    Returns
    -------
    Element
    """
    rows = [row for group, tree in trees for row in _rows(group, tree)]
    corrected = any(s.corrected for _, tree in trees for s in _all(tree))
    caption = (
        "Do the distances follow the classes, or other distances? Chance is the same statistic "
        "with the labels shuffled."
    )
    if corrected:
        caption += (
            f" Above chance: p below {LEVEL}, corrected for the number of layers "
            "(Benjamini–Hochberg), not for that of categories."
        )
    else:
        caption += (
            " Above chance: beyond the 99th percentile. p is not corrected for the number of "
            "layers and categories."
        )
    if any(tree.reliability is not None for _, tree in trees):
        caption += (
            " Reliability: of the distances, from random halves of the utterances; its root, the "
            "noise ceiling, is the most that a correlation can be."
        )
    return table(
        f"Statistics of {layer} ({SHORT_KINDS.get(kind, kind)})",
        _HEADER,
        rows,
        numeric=(2, 3, 4, 5, 6, 8),
        caption=caption,
        data=data.table(
            file_name(f"statistics-{kind}-{layer}"),
            ["group", "category", "statistic", *(field.name for field in fields(Statistic))],
            (row for group, tree in trees for row in _numbers(group, tree)),
        ),
    )


def _all(tree: Tree) -> Iterator[Statistic]:
    for category in tree.categories.values():
        yield from category.statistics.values()
    yield from tree.relations.values()


def _numbers(group: str, tree: Tree) -> Iterator[list[object]]:
    for name, category in tree.categories.items():
        for statistic, value in category.statistics.items():
            yield [group, name, statistic, *vars(value).values()]
    for relation, value in tree.relations.items():
        yield [group, "", f"relation: {relation}", *vars(value).values()]
    if tree.reliability is not None:
        yield [group, "", "reliability", tree.reliability.reliability]
        yield [group, "", "noise ceiling", tree.reliability.ceiling]


def _rows(group: str, tree: Tree) -> Iterator[list[str]]:
    for name, category in tree.categories.items():
        for statistic, value in category.statistics.items():
            yield _row(f"{group} · {name}", STATISTIC_NAMES.get(statistic, statistic), value)
    for relation, value in tree.relations.items():
        yield _row(group, f"correlation with {RELATION_NAMES.get(relation, relation)}", value)
    if tree.reliability is not None:
        nothing = ["–"] * (len(_HEADER) - 3)
        yield [group, "reliability", decimal(tree.reliability.reliability), *nothing]
        yield [group, "noise ceiling", decimal(tree.reliability.ceiling), *nothing]


def _row(category: str, statistic: str, value: Statistic) -> list[str]:
    return [
        category,
        statistic,
        decimal(value.value),
        decimal(value.chance_mean),
        decimal(value.chance_p99),
        probability(value.p),
        probability(value.p_corrected),
        "yes" if value.above_chance else "no",
        shown(value.permutations),
    ]
