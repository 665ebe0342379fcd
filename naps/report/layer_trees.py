"""Trees and distances of one layer as elements."""

from __future__ import annotations

from collections.abc import Sequence

from naps.plots import dendrogram, distance_map
from naps.plots.dendrogram import LEAST_SUPPORT
from naps.report.clusters import Clusters, Tree
from naps.report.element import Element
from naps.report.report_folder import ReportFolder, Words
from naps.report.words import (
    about,
    decimal,
    file_name,
    listed,
    notation,
    plural,
)


def tree_element(
    entry: Clusters, tree: Tree, layer: str, classes: Sequence[str] | None, out: ReportFolder
) -> Element:
    """Draw a tree and write its linkage and its leaves."""
    identity = file_name(f"{entry.group}-{entry.kind}-{layer}-linkage")
    support = tree.support or (None,) * len(tree.merges)
    link = out.data.table(
        identity,
        ["first", "second", "distance", "size", "support"],
        ([*row, share] for row, share in zip(tree.merges.tolist(), support, strict=True)),
    )
    out.data.table(
        file_name(f"{entry.group}-{entry.kind}-{layer}-leaves"),
        ["place", "index", "label", "events"],
        (
            [place, index, tree.labels[index], None if tree.counts is None else tree.counts[index]]
            for place, index in enumerate(tree.order)
        ),
    )
    figure = dendrogram(
        tree.merges,
        tree.labels,
        tree.order,
        classes,
        counts=tree.counts,
        support=tree.support,
        notation=notation(entry.group),
        metric=entry.metric,
    )
    words = Words(
        title=f"{about(entry.group, entry.kind, layer)}: tree",
        alt=f"Tree of {len(tree.labels)} {plural(entry.group)}. From top to bottom: "
        f"{listed(tree.leaves)}.",
        caption=_caption(entry, tree),
        data=link,
    )
    return out.drawing(identity, figure, words)


def distance_element(entry: Clusters, tree: Tree, layer: str, out: ReportFolder) -> Element:
    """Draw the distances in the order of the tree."""
    identity = file_name(f"{entry.group}-{entry.kind}-{layer}-distances")
    ordered = tree.distances[list(tree.order)][:, list(tree.order)]
    figure = distance_map(
        tree.distances,
        tree.labels,
        tree.order,
        notation=notation(entry.group),
        metric=entry.metric,
    )
    words = Words(
        title=f"{about(entry.group, entry.kind, layer)}: distances",
        alt=f"Heat map of the {entry.metric} distances between {len(tree.labels)} "
        f"{plural(entry.group)}, in leaf order: {listed(tree.leaves)}.",
        caption="In the order of the tree; dark is near.",
        data=out.data.matrix(identity, tree.leaves, ordered),
    )
    return out.drawing(identity, figure, words)


def _caption(entry: Clusters, tree: Tree) -> str:
    unbiased = ", cross-validated" if entry.crossvalidated else ""
    text = (
        f"{entry.metric.capitalize()} distance{unbiased}, {entry.linkage} linkage, contrast "
        f"{entry.contrast}. Cophenetic correlation {decimal(tree.cophenetic)}{_silhouette(tree)}."
    )
    if tree.support is not None:
        of = f"{entry.replicates:,} trees" if entry.replicates else "trees"
        text += (
            f" Small numbers: percent of {of} of resampled utterances that have the branch, where "
            f"at least {LEAST_SUPPORT:.0%}."
        )
    if tree.counts is not None:
        text += " Grey numbers beside the labels are events averaged."
    return text + _left_out(entry)


def _silhouette(tree: Tree) -> str:
    for name in ("manner", "vowel"):
        found = tree.categories.get(name)
        if found is not None and "silhouette" in found.statistics:
            value = found.statistics["silhouette"]
            return (
                f"; silhouette of {name} {decimal(value.value)}, chance 99th percentile "
                f"{decimal(value.chance_p99)}"
            )
    return ""


def _left_out(entry: Clusters) -> str:
    if not entry.left_out:
        return ""
    named = listed([f"{label} ({count:,})" for label, count in entry.left_out.items()], 40)
    fewest = f"fewer than {entry.minimum:,}" if entry.minimum is not None else "too few"
    return f" Left out with {fewest} events: {named}."
