"""The page of one layer: trees, distances, profiles and statistics, by kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import xarray as xr

from naps.phonology.inventory import classes, letter_classes
from naps.plots import (
    channel_order,
    dendrogram,
    distance_map,
    png,
    profile_map,
    svg,
    symmetric_limit,
)
from naps.profiles.contrast import contrast
from naps.report.clusters import Category, Clusters, Tree
from naps.report.data import DataFolder
from naps.report.element import Element, drawing, facts, picture, table
from naps.report.folder import LayerFacts, RunContent
from naps.report.words import (
    KIND_NAMES,
    MINUS,
    SHORT_KINDS,
    STATISTIC_NAMES,
    UNLIMITED,
    decimal,
    file_name,
    plural,
    probability,
    shown,
)

# Base64 makes a third more of a picture; trees and tables take well under half a page.
_PICTURES = 1_500_000
_MOST_PANELS = 63


@dataclass(frozen=True)
class Part:
    """Elements under one heading, side by side where there is room, or one below the other."""

    title: str
    elements: list[Element]
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """What a layer page shows of one kind."""

    title: str
    identity: str
    parts: list[Part]


def layer_sections(run: RunContent, layer: str, data: DataFolder) -> list[Section]:
    """Make the sections of a layer's page and write the numbers behind them.

    Parameters
    ----------
    run : RunContent
    layer : str
    data : DataFolder

    Returns
    -------
    list of Section
        One a kind that the run has of this layer; gradient-adjusted profiles first.
    """
    limit = _PICTURES // max(1, len(run.groups) * len(run.kinds))
    sections = []
    for kind in run.kinds:
        trees, distances, profiles, rows = [], [], [], list[list[str]]()
        for group in run.groups:
            entry = run.clusters.get((group, kind))
            tree = entry.layers.get(layer) if entry is not None else None
            if entry is not None and tree is not None and tree.labels:
                trees.append(_tree(entry, tree, layer, data))
                distances.append(_distances(entry, tree, layer, data))
                rows += _statistics(group, tree)
            profile = run.profile(group, kind, layer)
            if profile is not None and profile.sizes["label"]:
                profiles.append(_profile(profile, entry, tree, (group, kind, layer), data, limit))
        statistics = [_table(layer, kind, rows, data)] if trees else []
        parts = [
            Part("Dendrograms", trees),
            Part("Distances", distances),
            Part("Category statistics", statistics, wide=True),
            Part("Profiles", profiles, wide=True),
        ]
        parts = [part for part in parts if part.elements]
        if parts:
            sections.append(Section(KIND_NAMES.get(kind, kind), f"kind-{file_name(kind)}", parts))
    return sections


def layer_facts(layer: LayerFacts, frame_ms: float | None) -> Element:
    """Make the line of facts under a layer's name."""
    return facts(
        f"Facts of {layer.name}",
        {
            "channels": shown(layer.channels),
            "stride": _frames(layer.stride, frame_ms),
            "offset": _frames(layer.offset, frame_ms),
            "receptive field": UNLIMITED
            if layer.unlimited
            else _frames(layer.receptive_field, frame_ms),
        },
    )


def colour_classes(group: str, labels: list[str], tree: Tree | None = None) -> list[str] | None:
    """Give the classes that colour labels: manner of phonemes, vowel or consonant of letters."""
    recorded: dict[str, Category] = dict(tree.categories) if tree is not None else {}
    for name in ("manner", "vowel", *recorded):
        if name in recorded and len(recorded[name].classes) == len(labels):
            return list(recorded[name].classes)
    if group == "phoneme":
        return classes(labels, "manner")
    return letter_classes(labels) if group == "letter" else None


def _frames(value: int | None, frame_ms: float | None) -> str:
    if value is None or frame_ms is None:
        return shown(value)
    return f"{value:,} frames ({shown(value * frame_ms)} ms)".replace("-", MINUS)


def _about(group: str, kind: str, layer: str) -> str:
    return f"{plural(group).capitalize()} in {layer} ({SHORT_KINDS.get(kind, kind)})"


def _tree(entry: Clusters, tree: Tree, layer: str, data: DataFolder) -> Element:
    identity = file_name(f"{entry.group}-{entry.kind}-{layer}-linkage")
    link = data.table(identity, ["first", "second", "distance", "size"], tree.merges.tolist())
    data.table(
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
        colour_classes(entry.group, list(tree.labels), tree),
        counts=tree.counts,
        metric=entry.metric,
    )
    return drawing(
        f"{_about(entry.group, entry.kind, layer)}: tree",
        svg(figure, name=identity),
        alt=f"Tree of {len(tree.labels)} {plural(entry.group)}. From top to bottom: "
        f"{', '.join(tree.leaves)}.",
        caption=f"{entry.metric.capitalize()} distance, {entry.linkage} linkage, contrast "
        f"{entry.contrast}. Cophenetic correlation {decimal(tree.cophenetic)}"
        f"{_support(tree)}. Grey numbers are events averaged.{_left_out(entry)}",
        data=link,
        identity=f"figure-{identity}",
    )


def _support(tree: Tree) -> str:
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
    named = ", ".join(f"{label} ({count:,})" for label, count in entry.left_out.items())
    fewest = f"fewer than {entry.minimum:,}" if entry.minimum is not None else "too few"
    return f" Left out with {fewest} events: {named}."


def _distances(entry: Clusters, tree: Tree, layer: str, data: DataFolder) -> Element:
    identity = file_name(f"{entry.group}-{entry.kind}-{layer}-distances")
    ordered = tree.distances[list(tree.order)][:, list(tree.order)]
    figure = distance_map(tree.distances, tree.labels, tree.order, metric=entry.metric)
    return drawing(
        f"{_about(entry.group, entry.kind, layer)}: distances",
        svg(figure, name=identity),
        alt=f"Heat map of the {entry.metric} distances between {len(tree.labels)} "
        f"{plural(entry.group)}, in leaf order: {', '.join(tree.leaves)}.",
        caption="In the order of the tree; dark is near.",
        data=data.matrix(identity, tree.leaves, ordered),
        identity=f"figure-{identity}",
    )


def _profile(
    profile: xr.Dataset,
    entry: Clusters | None,
    tree: Tree | None,
    names: tuple[str, str, str],
    data: DataFolder,
    limit: int,
) -> Element:
    group, kind, layer = names
    present = {str(label): place for place, label in enumerate(profile["label"].values)}
    order = [label for label in tree.leaves if label in present] if tree is not None else []
    order = order or list(present)
    # As in the clustering, the reference is the average over the groups that are clustered.
    chosen = profile.isel(label=[present[label] for label in order])
    reference = entry.contrast if entry is not None else "equal"
    chosen = contrast(chosen, reference)
    ordered = None if layer == "input" else channel_order(chosen)
    panels = order[:_MOST_PANELS] if profile.sizes["lag"] > 1 else order
    figure = profile_map(chosen, panels, channels=ordered)
    width, height = (float(side) for side in figure.get_size_inches())
    top = symmetric_limit(chosen["mean"].values)
    caption = (
        f"{'Mean' if reference == 'none' else 'Mean minus the average over the groups'}, in the "
        f"order of the tree; the colours reach from {MINUS}{shown(top)} (blue) over zero (white) "
        f"to {shown(top)} (red) in every group."
    )
    if ordered is not None:
        caption += " Channels with similar responses stand together; the numbers keep their order."
    if profile.sizes["lag"] > 1 and "time_ms" in profile.coords:
        if profile.attrs.get("align", "none") == "layer":
            caption += " Time is from where each event's input mattered most."
        elif profile.attrs.get("align") == "input":
            caption += " Time is from where each event's spectrogram mattered most."
        else:
            caption += " Time is from the frame that predicted the letter."
    if len(panels) < len(order):
        caption += f" The first {len(panels)} of {len(order)} groups."
    identity = file_name(f"{group}-{kind}-{layer}-profile")
    what = (
        "one heat map of channel by group"
        if profile.sizes["lag"] == 1
        else "one heat map of channel by time for each group"
    )
    return picture(
        f"{_about(group, kind, layer)}: profiles",
        png(figure, limit=limit),
        size=(width, height),
        alt=f"Profiles of {len(panels)} {plural(group)}, {what}: {', '.join(panels)}.",
        caption=caption,
        data=data.profile(identity, chosen, f"{group}-{kind}.nc"),
        identity=f"figure-{identity}",
    )


def _statistics(group: str, tree: Tree) -> Iterator[list[str]]:
    for name, category in tree.categories.items():
        for statistic, value in category.statistics.items():
            yield [
                f"{group} · {name}",
                STATISTIC_NAMES.get(statistic, statistic),
                decimal(value.value),
                decimal(value.chance_mean),
                decimal(value.chance_p99),
                probability(value.p),
                "yes" if value.above_chance else "no",
                shown(value.permutations),
            ]


def _table(layer: str, kind: str, rows: list[list[str]], data: DataFolder) -> Element:
    header = ["category", "statistic", "value", "chance mean", "chance 99 %", "p"]
    header += ["above chance", "permutations"]
    return table(
        f"Category statistics of {layer} ({SHORT_KINDS.get(kind, kind)})",
        header,
        rows,
        numeric=(2, 3, 4, 5, 7),
        caption="Do the distances follow the classes? Chance is the same statistic with the "
        "classes shuffled over the labels. "
        "p is not corrected for the number of layers and categories.",
        data=data.table(file_name(f"statistics-{kind}-{layer}"), header, rows),
    )
