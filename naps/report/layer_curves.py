"""What changes from layer to layer, as figures of the first page."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from naps.plots import Curve, cascade, curves, overlaid_curves
from naps.report.clusters import LEVEL, STATISTICS
from naps.report.element import Element
from naps.report.folder import RunContent
from naps.report.layer_series import (
    SERIES_HEADER,
    Series,
    category_series,
    clustered_layers,
    headline_series,
    relation_series,
)
from naps.report.report_folder import ReportFolder, Words
from naps.report.words import (
    SHORT_KINDS,
    STATISTIC_NAMES,
    and_,
    file_name,
    listed,
    plural,
    shown,
)

_FOLLOW = (
    "Spearman's correlation of the distances with those in phonetic features, in spelling, and in "
    "the spectrogram (acoustic); beyond acoustic it is partial. Noise leaves no room above the "
    "ceiling, but for the spectrogram, which has the noise of the same events. "
)
_PARTED = {"vowel": "vowels and consonants", "manner": "manners of articulation"}
_RANDOM_FROM = "random-from-"
_RANDOM = "random-weights"


def curve_elements(run: RunContent, kind: str, out: ReportFolder) -> list[Element]:
    """Draw every statistic of one kind over the layers, a panel for each group and category."""
    elements = []
    for statistic in STATISTICS:
        found = category_series(run, kind, statistic)
        names = [f"{series.group} · {series.category}" for series in found]
        name = STATISTIC_NAMES[statistic]
        title = name[0].upper() + name[1:]
        elements += _panels(run, kind, statistic, title, name, found, names, out)
    found = relation_series(run, kind)
    names = [f"{series.group} · {series.statistic}" for series in found]
    title = "What the distances follow"
    elements += _panels(
        run, kind, "relations", title, "rank correlation", found, names, out, _FOLLOW
    )
    return [*elements, *_reliability(run, kind, out)]


def headline_element(run: RunContent, out: ReportFolder) -> Element | None:
    """Draw phonemes against letters over all layers, or nothing where neither is known."""
    found = headline_series(run)
    if not found:
        return None
    kind = SHORT_KINDS.get(found[0].kind, found[0].kind)
    layers = found[0].layers
    phrases = {series.group: _PARTED[series.category] for series in found}
    alike = len(set(phrases.values())) == 1
    names = [plural(s.group) if alike else f"{plural(s.group)}: {phrases[s.group]}" for s in found]
    figure = overlaid_curves(
        layers,
        [series.curve(name) for series, name in zip(found, names, strict=True)],
        statistic="silhouette",
        title=f"How clearly {phrases[found[0].group]} part ({kind})" if alike else None,
    )
    words = Words(
        title="Phonemes and letters over the layers",
        alt=f"The silhouette of {and_(names)} ({kind}) over the layers {', '.join(layers)}, with "
        "chance levels.",
        caption="Silhouette of the classes: 1 where they part perfectly, 0 or less where not at "
        "all. Where a network writes letters by way of phonemes, phonemes part before letters do. "
        f"Bands reach from the mean of chance to its 99th percentile (dotted). {_dots(found)}",
        data=out.data.table("headline", SERIES_HEADER, (row for s in found for row in s.rows())),
    )
    return out.drawing("headline", figure, words)


def cascade_elements(run: RunContent, out: ReportFolder) -> list[Element]:
    """Draw what is left of the distances as weights are randomised from the top down."""
    layers = [layer.name for layer in run.layers]
    controls = {f"{_RANDOM_FROM}{layer}": layer for layer in reversed(layers)} | {_RANDOM: "all"}
    elements = []
    for kind in run.kinds:
        for group in run.groups:
            rows = {
                control: [
                    run.controls.get((control, group, kind, layer, "similarity"), math.nan)
                    for layer in layers
                ]
                for control in controls
            }
            rows = {c: row for c, row in rows.items() if any(not math.isnan(x) for x in row)}
            if not any(control.startswith(_RANDOM_FROM) for control in rows):
                continue
            known = [n for n, _ in enumerate(layers) if any(r[n] == r[n] for r in rows.values())]
            names = [layers[n] for n in known]
            matrix = [[row[n] for n in known] for row in rows.values()]
            starts = [controls[control] for control in rows]
            identity = file_name(f"cascade-{group}-{kind}")
            words = Words(
                title=f"{plural(group).capitalize()} ({SHORT_KINDS.get(kind, kind)}) with "
                "random weights",
                alt=f"Heat map: similarity of the distances of {listed(names)} to those of the "
                f"trained network, with the weights random from {listed(starts)}.",
                caption="Rank correlation of a layer's distances with those of the trained "
                "network. A row's weights are random from that layer up; layers below it are as "
                "trained.",
                data=out.data.table(
                    identity,
                    ["control", *names],
                    ([control, *row] for control, row in zip(rows, matrix, strict=True)),
                ),
            )
            elements.append(out.drawing(identity, cascade(matrix, starts, names), words))
    return elements


def probe_elements(run: RunContent, out: ReportFolder) -> list[Element]:
    """Draw how well linear probes read each target from each layer."""
    found = run.probes
    layers = [layer.name for layer in run.layers if layer.name in set(found["layer"])]
    panels, notes = [], []
    for target, part in found.groupby("target", sort=False):
        rows = part.drop_duplicates("layer").set_index("layer").reindex(layers)
        if rows["accuracy"].isna().all():
            continue
        panels.append(_probe(str(target), rows))
        first = part.iloc[0]
        notes.append(
            f"{target}: {shown(first['classes'])} classes, {shown(first['events'])} events"
            + (f", {first['disjoint']} held out" if first["disjoint"] else "")
            + (f", interval over {first['interval']}" if first["interval"] else "")
        )
    if not panels:
        return []
    words = Words(
        title="What a linear probe reads",
        alt=f"Accuracy of linear probes over the layers {listed(layers)}, for "
        f"{listed([panel.name for panel in panels])}.",
        caption="Share of held-out events of which a linear classifier names the class, with its "
        "95 % interval; chance is that of shuffled classes. Filled dots exceed its 99th "
        f"percentile. {'; '.join(notes)}.",
        data=out.data.table("probes", list(found.columns), found.to_numpy().tolist()),
    )
    return [out.drawing("probes", curves(layers, panels, statistic="accuracy"), words)]


def _panels(
    run: RunContent,
    kind: str,
    what: str,
    title: str,
    axis: str,
    found: Sequence[Series],
    names: Sequence[str],
    out: ReportFolder,
    before: str = "",
) -> list[Element]:
    if not found:
        return []
    layers = found[0].layers
    identity = file_name(f"curves-{kind}-{what}")
    figure = curves(
        layers,
        [series.curve(name) for series, name in zip(found, names, strict=True)],
        statistic=axis,
    )
    words = Words(
        title=f"{title} ({SHORT_KINDS.get(kind, kind)})",
        alt=f"The {axis} over the layers {', '.join(layers)}, with its chance level, for "
        f"{', '.join(names)}.",
        caption=before
        + _dots(found)
        + (
            " Thin lines are the same in control networks."
            if any(series.controls for series in found)
            else ""
        ),
        data=out.data.table(identity, SERIES_HEADER, (row for s in found for row in s.rows())),
    )
    return [out.drawing(identity, figure, words)]


def _reliability(run: RunContent, kind: str, out: ReportFolder) -> list[Element]:
    layers = clustered_layers(run)
    nothing = [math.nan] * len(layers)
    panels = []
    rows: list[list[object]] = []
    for group in run.groups:
        entry = run.clusters.get((group, kind))
        trees = [entry.layers.get(layer) if entry is not None else None for layer in layers]
        found = [tree.reliability if tree is not None else None for tree in trees]
        values = [math.nan if r is None else r.reliability for r in found]
        if all(map(math.isnan, values)):
            continue
        ceiling = [math.nan if r is None else r.ceiling for r in found]
        panels.append(Curve(group, values, nothing, nothing, ceiling=ceiling))
        rows += [
            [group, kind, layer, *vars(r).values()]
            for layer, r in zip(layers, found, strict=True)
            if r is not None
        ]
    if not panels:
        return []
    identity = file_name(f"curves-{kind}-reliability")
    header = ["group", "kind", "layer", "correlation", "reliability", "noise_ceiling", "splits"]
    words = Words(
        title=f"Reliability of the distances ({SHORT_KINDS.get(kind, kind)})",
        alt=f"Reliability over the layers {', '.join(layers)}, with the noise ceiling, for "
        f"{', '.join(panel.name for panel in panels)}.",
        caption="How far the distances of random halves of the utterances agree (1: fully), for "
        "as many events as there are. The noise ceiling, its root, is the most that a correlation "
        "with distances from elsewhere can be.",
        data=out.data.table(identity, header, rows),
    )
    return [out.drawing(identity, curves(layers, panels, statistic="reliability"), words)]


def _probe(target: str, rows: pd.DataFrame) -> Curve:
    lines = {name: rows[name].tolist() for name in rows if name != "target"}
    floors = {"most frequent class": lines["majority"]} if rows["majority"].notna().any() else {}
    return Curve(
        target,
        lines["accuracy"],
        lines["chance_mean"],
        lines["chance_p99"],
        low=lines["low"],
        high=lines["high"],
        floors=floors,
    )


def _dots(found: Sequence[Series]) -> str:
    if any(s is not None and s.corrected for series in found for s in series.found):
        return f"Filled dots: above chance, p < {LEVEL} corrected for the number of layers."
    return "Filled dots exceed the 99th percentile of chance (shuffled classes)."
