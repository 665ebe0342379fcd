"""One statistic of a group and kind, from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from naps.plots import Curve
from naps.report.clusters import Statistic, Tree
from naps.report.folder import RunContent
from naps.report.words import CATEGORY_PHRASES, CONTROL_NAMES, RELATION_NAMES

SERIES_HEADER = (
    "group",
    "kind",
    "layer",
    "category",
    "statistic",
    "value",
    "chance_mean",
    "chance_p99",
    "p",
    "p_corrected",
    "noise_ceiling",
    *(name.replace(" ", "_") for name in CONTROL_NAMES.values()),
)


@dataclass(frozen=True)
class Series:
    """A statistic of a category, or of a relation where ``category`` is empty.

    Attributes
    ----------
    group, kind, category, statistic : str
    layers : tuple of str
    found : tuple of Statistic or None, length layers
    ceilings : tuple of float, length layers
        Of a relation: the noise ceiling; NaN elsewhere.
    controls : mapping of str to tuple of float, length layers
        The same in control networks that have it, by the control's name.
    """

    group: str
    kind: str
    category: str
    statistic: str
    layers: tuple[str, ...]
    found: tuple[Statistic | None, ...]
    ceilings: tuple[float, ...]
    controls: dict[str, tuple[float, ...]]

    @property
    def known(self) -> list[tuple[str, Statistic]]:
        """Layers that have a value, and it."""
        pairs = zip(self.layers, self.found, strict=True)
        return [(layer, s) for layer, s in pairs if s is not None and not math.isnan(s.value)]

    @property
    def best(self) -> tuple[str, Statistic]:
        """The layer with the greatest value, among those above chance if there are any."""
        above = [pair for pair in self.known if pair[1].above_chance]
        return max(above or self.known, key=lambda pair: pair[1].value)

    def curve(self, name: str) -> Curve:
        """Make the series a curve to be drawn."""
        value, mean, high = (
            [math.nan if s is None else float(getattr(s, key)) for s in self.found]
            for key in ("value", "chance_mean", "chance_p99")
        )
        known = any(not math.isnan(ceiling) for ceiling in self.ceilings)
        return Curve(
            name,
            value,
            mean,
            high,
            significant=[s is not None and s.above_chance for s in self.found],
            ceiling=self.ceilings if known else None,
            floors=self.controls,
        )

    def rows(self) -> Iterator[list[object]]:
        """Give the numbers, a row for each layer that has some."""
        for place, (layer, s) in enumerate(zip(self.layers, self.found, strict=True)):
            if s is not None:
                yield [
                    self.group, self.kind, layer, self.category, self.statistic, s.value,
                    s.chance_mean, s.chance_p99, s.p, s.p_corrected, self.ceilings[place],
                    *(
                        self.controls[name][place] if name in self.controls else math.nan
                        for name in CONTROL_NAMES.values()
                    ),
                ]  # fmt: skip


def category_series(run: RunContent, kind: str, statistic: str) -> list[Series]:
    """Give a statistic of every group and category that has it, the best known first."""
    return [
        series
        for group in run.groups
        for category in _names(run, group, kind, "categories", tuple(CATEGORY_PHRASES))
        if (series := _series(run, group, kind, category, statistic)) is not None
    ]


def relation_series(run: RunContent, kind: str) -> list[Series]:
    """Give every relation of every group."""
    return [
        series
        for group in run.groups
        for relation in _names(run, group, kind, "relations", tuple(RELATION_NAMES))
        if (series := _series(run, group, kind, "", relation)) is not None
    ]


def headline_series(run: RunContent) -> list[Series]:
    """Give how clearly phonemes, and letters, part: into vowels and consonants where known."""
    for kind in run.kinds:
        found = category_series(run, kind, "silhouette")
        chosen = [
            series
            for group in ("phoneme", "letter")
            for category in ("vowel", "manner")
            for series in found
            if (series.group, series.category) == (group, category)
        ]
        # The first of each group.
        first = {series.group: series for series in reversed(chosen)}
        if first:
            return [first[group] for group in ("phoneme", "letter") if group in first]
    return []


def clustered_layers(run: RunContent) -> tuple[str, ...]:
    """Give the layers that some group and kind was clustered in, from the input up."""
    found = {layer for entry in run.clusters.values() for layer in entry.layers}
    return tuple(layer.name for layer in run.layers if layer.name in found)


def _names(run: RunContent, group: str, kind: str, what: str, known: tuple[str, ...]) -> list[str]:
    entry = run.clusters.get((group, kind))
    trees = entry.layers.values() if entry is not None else ()
    names = {name for tree in trees for name in getattr(tree, what)}
    return sorted(names, key=lambda n: (known.index(n) if n in known else len(known), n))


def _series(run: RunContent, group: str, kind: str, category: str, statistic: str) -> Series | None:
    entry = run.clusters[group, kind]
    layers = clustered_layers(run)
    trees = [entry.layers.get(layer) for layer in layers]
    label = f"{statistic}: {category}" if category else f"relation: {statistic}"
    controls = {
        name: line
        for control, name in CONTROL_NAMES.items()
        if (line := _control(run, control, group, kind, layers, label)) is not None
    }
    series = Series(
        group,
        kind,
        category,
        statistic,
        layers,
        tuple(_statistic(tree, category, statistic) for tree in trees),
        tuple(math.nan if category else _ceiling(tree) for tree in trees),
        controls,
    )
    return series if series.known else None


def _statistic(tree: Tree | None, category: str, statistic: str) -> Statistic | None:
    if tree is None:
        return None
    if not category:
        return tree.relations.get(statistic)
    found = tree.categories.get(category)
    return found.statistics.get(statistic) if found is not None else None


def _ceiling(tree: Tree | None) -> float:
    return math.nan if tree is None or tree.reliability is None else tree.reliability.ceiling


def _control(
    run: RunContent, control: str, group: str, kind: str, layers: tuple[str, ...], statistic: str
) -> tuple[float, ...] | None:
    line = tuple(
        run.controls.get((control, group, kind, layer, statistic), math.nan) for layer in layers
    )
    return line if any(not math.isnan(value) for value in line) else None
