"""The page of maps of one layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naps.plots import label_names, png, symmetric_limit, unit_map
from naps.plots.profile import SHOWN
from naps.plots.style import marks
from naps.report.element import Element, table
from naps.report.filters import TRAINED, UNTRAINED, filter_section
from naps.report.folder import RunContent
from naps.report.layer_page import Part, Section, colour_classes
from naps.report.maps_file import MapKey, RunMaps, StoredMap
from naps.report.report_folder import PAGE_FIGURES, ReportFolder, Words
from naps.report.units import Frame, UnitMark, frame_series, unit_picker
from naps.report.words import (
    MINUS,
    SHORT_KINDS,
    about,
    decimal,
    file_name,
    listed,
    notation,
    plural,
    probability,
    shown,
)
from naps.topography import paint

_SIDE = 620
_MARGIN = 14
_BEST = 4
_MOST_GROUPS = 63
_FRAME_DPI = 84
# Of a unit that can be pointed at, with its words, which are there twice.
_UNIT_BYTES = 400
_NOTHING = "#cbd2d9"
# Measure, its name, and what is better.
MEASURES = {
    "morans_i": ("Moran's I, mean over groups", "more"),
    "trustworthiness": ("trustworthiness: neighbours in the map are alike", "more"),
    "continuity": ("continuity: units that are alike are neighbours", "more"),
    "rank_correlation": ("rank correlation of distances", "more"),
    "resize_auc": ("loss of the pictures by shrinking", "less"),
    "blur_auc": ("loss of the pictures by blurring", "less"),
    "unevenness": ("unevenness of the spacing", "less"),
    "disparity": ("disparity of the maps of other seeds", "less"),
    "seconds": ("seconds for the layout", "less"),
}


@dataclass(frozen=True)
class _Room:
    """Bytes of a page that the pictures of one map may take, and whether units find room."""

    picture: int
    frames: int
    picks: bool


def map_sections(run: RunContent, maps: RunMaps, layer: str, out: ReportFolder) -> list[Section]:
    """Make the sections of a layer's page of maps, and write the numbers behind them.

    Parameters
    ----------
    run : RunContent
    maps : RunMaps
    layer : str
    out : ReportFolder

    Returns
    -------
    list of Section
        The filters, if it is the first layer, and one for each group, kind and method.
    """
    sections = []
    budget = PAGE_FIGURES
    if maps.filters is not None and maps.filters.layer == layer:
        sections.append(filter_section(maps.filters, out))
        made = sum(len(e.html) for part in sections[0].parts for e in part.elements)
        budget -= made
    keys = [key for key in maps.trained if key.layer == layer]
    # What can be pointed at takes its room first, as long as it leaves some for the pictures.
    pointed = sum(_UNIT_BYTES * len(maps.trained[key].positions) for key in keys)
    picks = pointed <= budget * 3 // 4
    budget -= pointed if picks else 0
    for key in keys:
        share = budget // len(keys)
        room = _Room(share // 4, share // 3, picks)
        title = f"{plural(key.group).capitalize()}, {about_method(key.method)}"
        sections.append(
            Section(
                title,
                f"map-{file_name(f'{key.group}-{key.kind}-{key.method}')}",
                _parts(run, maps, key, out, room),
            )
        )
    return sections


def about_method(method: str) -> str:
    """Say how a layout was made."""
    name, paced, _ = method.partition("_pso")
    known = _METHODS.get(name, name)
    return f"{known}, spaced evenly by a particle swarm" if paced and name else known


_METHODS = {
    "random": "units at random",
    "graph": "co-activation graph",
    "mds": "multidimensional scaling (MDS)",
    "pca": "principal components (PCA)",
    "tsne": "t-SNE",
    "umap": "UMAP",
    "som": "self-organising map",
    "som_published": "self-organising map with the published constants",
    "pso": "particle swarm",
}


def _parts(
    run: RunContent, maps: RunMaps, key: MapKey, out: ReportFolder, room: _Room
) -> list[Part]:
    found = maps.trained[key]
    order = _order(run, key, found)
    mode = str(maps.facts.get("mode", "linear"))
    elements = [
        _groups_element(found, key, order, mode, out, room.picture),
        *([_picker(run, maps, key, found, out)] if room.picks else []),
        quality_element(maps, key, out),
    ]
    if len(found.times_ms) > 1:
        elements.append(_frames_element(found, key, order, mode, out, room.frames))
    if key in maps.untrained:
        elements.append(
            _groups_element(
                maps.untrained[key], key, order, mode, out, room.picture // 2, UNTRAINED
            )
        )
    return [Part("", elements, wide=True)]


def _order(run: RunContent, key: MapKey, found: StoredMap) -> list[str]:
    """Give the groups in the order of the layer's tree."""
    entry = run.clusters.get((key.group, key.kind))
    tree = None if entry is None else entry.layers.get(key.layer)
    leaves = [] if tree is None else [label for label in tree.leaves if label in found.labels]
    return [*leaves, *(label for label in found.labels if label not in leaves)][:_MOST_GROUPS]


def _groups_element(
    found: StoredMap,
    key: MapKey,
    order: Sequence[str],
    mode: str,
    out: ReportFolder,
    limit: int,
    network: str = TRAINED,
) -> Element:
    known = [label for label in order if label in found.labels]
    top = symmetric_limit(found.values, SHOWN)
    painted = paint(found.positions, found.values, found.labels, mode=mode)
    figure = unit_map(painted, known, limit=top, notation=notation(key.group))
    identity = _identity(key, network)
    before = "" if network == TRAINED else " before training"
    caption = (
        f"{len(found.positions)} units seen from above, in the same places in every map: units "
        f"that do the same for the {plural(key.group)} stand near each other. Each map is "
        f"coloured by what the units do for its group, less the average over the groups, from "
        f"{MINUS}{shown(top)} (blue) over zero (white) to {shown(top)} (red) in every map, in the "
        f"order of the tree. {_SIDES} have no meaning."
    )
    if symmetric_limit(found.values) > top:
        caption += (
            f" The {1 - SHOWN:.1%} of values beyond, up to "
            f"±{shown(symmetric_limit(found.values))}, have the strongest colours."
        )
    if network == UNTRAINED:
        caption += (
            " These are units with random weights that heard the same, laid out in the same way: "
            "what order they have comes from the sounds and the method alone. Their colours go as "
            "far as their own values."
        )
    words = Words(
        title=f"{_about(key)}{before}: one map a group",
        alt=f"{len(known)} maps of the units of {key.layer}{before}, one for each of the "
        f"{plural(key.group)}: {listed(known)}.",
        caption=caption,
        data=_unit_table(found, identity, out),
    )
    return out.picture(identity, figure, words, limit)


_SIDES = "Left and right, up and down"


def _unit_table(found: StoredMap, identity: str, out: ReportFolder) -> str:
    values = np.round(found.values.T, 6).tolist()
    places = np.round(found.positions, 5).tolist()
    return out.data.table(
        identity,
        ["unit", "x", "y", *(f"group {label}" for label in found.labels)],
        (
            [unit, *place, *row]
            for unit, (place, row) in enumerate(zip(places, values, strict=True))
        ),
    )


def _frames_element(
    found: StoredMap,
    key: MapKey,
    order: Sequence[str],
    mode: str,
    out: ReportFolder,
    limit: int,
) -> Element:
    top = symmetric_limit(found.frames, SHOWN)
    frames = []
    for time, values in zip(found.times_ms, found.frames, strict=True):
        painted = paint(found.positions, values, found.labels, mode=mode, size=60)
        figure = unit_map(painted, order, limit=top, notation=notation(key.group))
        width, height = figure.get_size_inches()
        name = f"{time:+.0f} ms".replace("-", MINUS)
        data = png(figure, dpi=_FRAME_DPI, limit=limit * 3 // 4 // len(found.times_ms))
        frames.append(Frame(name, data, round(96 * width), round(96 * height)))
    # Pictures cannot be as small as one likes.
    while len(frames) > 2 and sum(len(frame.png) for frame in frames) > limit * 3 // 4:
        frames = frames[::2]
    identity = _identity(key, "times")
    origin = "where each event's input mattered most" if found.align != "none" else "the event"
    rows = [
        [time, label, unit, round(float(value), 6)]
        for time, values in zip(found.times_ms, found.frames, strict=True)
        for label, row in zip(found.labels, values, strict=True)
        for unit, value in enumerate(row)
    ]
    words = Words(
        title=f"{_about(key)}: over time",
        alt=f"Maps of the units of {key.layer}, one for each of the {plural(key.group)}.",
        caption=f"The same map at {len(frames)} times from {origin}. The colours reach from "
        f"{MINUS}{shown(top)} to {shown(top)} at all of them.",
        data=out.data.table(identity, ["time_ms", key.group, "unit", "value"], rows),
    )
    return frame_series(words, frames, name="Time", identity=identity)


def _picker(
    run: RunContent, maps: RunMaps, key: MapKey, found: StoredMap, out: ReportFolder
) -> Element:
    """Make the map whose units can be pointed at, in the colours of what they do most for."""
    entry = run.clusters.get((key.group, key.kind))
    tree = None if entry is None else entry.layers.get(key.layer)
    classes = colour_classes(key.group, list(found.labels), None)
    if tree is not None and tree.labels == found.labels:
        classes = colour_classes(key.group, list(found.labels), tree)
    styles = marks(classes) if classes is not None else {}
    names = label_names(list(found.labels), notation(key.group))
    best = found.values.argmax(0)
    alive = np.ptp(found.values, axis=0) > 0
    boxes, zoomed, zoom = _filter_boxes(maps, key.layer)
    radius = round(max(2.5, min(15.0, 0.33 * _SIDE / math.sqrt(len(best)))), 1)
    units = []
    for unit, (x, y) in enumerate(found.positions):
        colour = _NOTHING
        if alive[unit]:
            colour = styles[classes[best[unit]]][0] if classes is not None else "#1d4ed8"
        units.append(
            UnitMark(
                round(_MARGIN + x * (_SIDE - 2 * _MARGIN), 1),
                round(_MARGIN + (1 - y) * (_SIDE - 2 * _MARGIN), 1),
                radius,
                radius,
                colour,
                _unit_words(unit, found.values[:, unit], names),
                boxes.get(unit, ""),
                round=True,
            )
        )
    used = {classes[i] for i in best[alive]} if classes is not None else set()
    words = Words(
        title=f"{_about(key)}: unit by unit",
        alt=f"Units of {key.layer}",
        caption=f"Every unit in the colour of the group that it does most for, more than for the "
        f"average of all {plural(key.group)}. A unit's strongest groups are told when it is "
        f"pointed at.",
        data=_unit_table(found, _identity(key, TRAINED), out),
    )
    return unit_picker(
        words,
        units,
        size=(_SIDE, _SIDE),
        identity=_identity(key, "units"),
        zoomed=zoomed,
        zoom=zoom,
        legend=[
            (name or "no class", colour) for name, (colour, _) in styles.items() if name in used
        ],
    )


def _filter_boxes(maps: RunMaps, layer: str) -> tuple[dict[int, str], str, tuple[int, int]]:
    """Say where each unit's filter is on the sheet of the same page."""
    if maps.filters is None or maps.filters.layer != layer:
        return {}, "", (0, 0)
    _, grid, _ = maps.filters.parts(TRAINED)
    wide, high = maps.filters.sheet(TRAINED).cell
    boxes = {
        int(unit): f"{column * wide} {row * high} {wide - 1} {high - 1}"
        for (row, column), unit in np.ndenumerate(grid)
        if unit >= 0
    }
    return boxes, f"filters-{TRAINED}-sheet", (3 * wide, 3 * high)


def _unit_words(unit: int, values: np.ndarray, names: Sequence[str]) -> str:
    best = np.argsort(-values, kind="stable")[:_BEST]
    said = [f"{names[i]} {values[i]:+.3g}".replace("-", MINUS) for i in best if values[i] > 0]
    return f"Unit {unit}: {', '.join(said) or 'more for no group than for the average'}"


def quality_element(maps: RunMaps, key: MapKey, out: ReportFolder) -> Element:
    """Make the table of how good a map is, beside chance and beside the untrained network."""
    own, before = maps.measures(key), maps.measures(key, UNTRAINED)
    rows = [_order_row(own.get("order"), before.get("order"))]
    rows += [
        [f"{name} ({better} is better)", *_cells(own.get(measure), before.get(measure))]
        for measure, (name, better) in MEASURES.items()
        if measure in own
    ]
    header = ["measure", "value", "over seeds", "chance", "p", "before training"]
    identity = _identity(key, "quality")
    repetitions = int(own.get("morans_i", {}).get("repetitions", 0) or 0)
    numbers = [
        [network, measure, *values.values()]
        for network, found in ((TRAINED, own), (UNTRAINED, before))
        for measure, values in found.items()
    ]
    return table(
        f"How good the map of {plural(key.group)} in {key.layer} is "
        f"({SHORT_KINDS.get(key.kind, key.kind)}, {key.method})",
        header,
        rows,
        numeric=(1, 4, 5),
        caption=f"The first row is of the map that is drawn, beside maps with shuffled units: "
        f"their mean and 99th percentile. The others are means and ranges of {repetitions} seeds; "
        f"chance is the same of units that lie at random. Units were placed by the values that "
        f"the maps are painted with, so that some order is the method's own: what training has "
        f"added is the difference to the network before training.",
        data=out.data.table(
            identity, ["network", "measure", *next(iter(own.values()), {})], numbers
        ),
    )


def _order_row(order: dict[str, float] | None, before: dict[str, float] | None) -> list[str]:
    if order is None:
        return ["Moran's I of this map", *["not recorded"] * 5]
    chance = f"{decimal(order['chance_mean'])}, 99 % below {decimal(order['chance_high'])}"
    value = "not recorded" if before is None else decimal(before["value"])
    return [
        "Moran's I of this map, mean over groups (more is better)",
        decimal(order["value"]),
        "",
        chance,
        probability(order["p_corrected"]),
        value,
    ]


def _cells(own: dict[str, float] | None, before: dict[str, float] | None) -> list[str]:
    if own is None:
        return ["not recorded"] * 5
    ranged = f"{decimal(own['low'])} to {decimal(own['high'])}"
    return [
        decimal(own["value"]),
        ranged if not math.isnan(own["low"]) else "",
        decimal(own["chance_mean"]) if not math.isnan(own["chance_mean"]) else "",
        "",
        "not recorded" if before is None else decimal(before["value"]),
    ]


def _about(key: MapKey) -> str:
    return f"{about(key.group, key.kind, key.layer)}, {key.method}"


def _identity(key: MapKey, what: str) -> str:
    return file_name(f"map-{key.group}-{key.kind}-{key.method}-{key.layer}-{what}")
