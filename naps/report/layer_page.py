"""The page of one layer: trees, distances, profiles and statistics, by kind."""

from __future__ import annotations

from dataclasses import dataclass, replace

from naps.phonology.inventory import classes, letter_classes
from naps.report.clusters import Category, Tree
from naps.report.element import Element, facts
from naps.report.folder import LayerFacts, RunContent
from naps.report.layer_profiles import profile_element
from naps.report.layer_statistics import statistics_table
from naps.report.layer_trees import distance_element, tree_element
from naps.report.report_folder import PAGE_FIGURES, ReportFolder, fit
from naps.report.words import KIND_NAMES, MINUS, UNLIMITED, file_name, shown


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


def layer_sections(run: RunContent, layer: str, out: ReportFolder) -> list[Section]:
    """Make the sections of a layer's page and write the numbers behind them.

    Parameters
    ----------
    run : RunContent
    layer : str
    out : ReportFolder

    Returns
    -------
    list of Section
        One a kind that the run has of this layer; gradient-adjusted profiles first.
    """
    limit = PAGE_FIGURES * 3 // 4 // max(1, len(run.groups) * len(run.kinds))
    sections = []
    for kind in run.kinds:
        trees, distances, profiles = [], [], []
        found: list[tuple[str, Tree]] = []
        for group in run.groups:
            entry = run.clusters.get((group, kind))
            tree = entry.layers.get(layer) if entry is not None else None
            if entry is not None and tree is not None and tree.labels:
                colours = colour_classes(group, list(tree.labels), tree)
                trees.append(tree_element(entry, tree, layer, colours, out))
                distances.append(distance_element(entry, tree, layer, out))
                found.append((group, tree))
            profile = run.profile(group, kind, layer)
            if profile is not None and profile.sizes["label"]:
                names = (group, kind, layer)
                profiles.append(profile_element(profile, entry, tree, names, out, limit))
        statistics = [statistics_table(layer, kind, found, out.data)] if found else []
        parts = [
            Part("Dendrograms", trees),
            Part("Distances", distances),
            Part("Statistics", statistics, wide=True),
            Part("Profiles", profiles, wide=True),
        ]
        parts = [part for part in parts if part.elements]
        if parts:
            sections.append(Section(KIND_NAMES.get(kind, kind), f"kind-{file_name(kind)}", parts))
    return _fitted(sections)


def _fitted(sections: list[Section]) -> list[Section]:
    elements = [e for section in sections for part in section.parts for e in part.elements]
    made = iter(fit(elements))
    return [
        replace(
            section,
            parts=[
                replace(part, elements=[next(made) for _ in part.elements])
                for part in section.parts
            ],
        )
        for section in sections
    ]


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
